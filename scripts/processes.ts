import { type ChildProcess, spawn } from "node:child_process";
import { ROOT } from "./runtimes.ts";

export interface Finished {
  readonly code: number;
  /** What it printed, unless it was passed on. */
  readonly output: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether to pass on what the process prints, as it prints it. Default: it is collected. */
  readonly passOn?: boolean;
}

const running = new Set<ChildProcess>();

/** Runs a program to its end. */
export function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  const { FORCE_COLOR: _, ...env } = process.env;
  const child = spawn(command, args, {
    cwd: options.cwd ?? ROOT,
    env: { ...env, NO_COLOR: "1", ...options.env },
    stdio: options.passOn ? ["ignore", "inherit", "inherit"] : ["ignore", "pipe", "pipe"],
    // A group of its own, so that what it started ends with it.
    detached: process.platform !== "win32",
  });
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      running.delete(child);
      resolve({ code: code ?? 1, output });
    });
  });
}

/** Lets an interrupt end everything that was started, before it ends this process. */
export function endWithChildren(): void {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const) {
    process.once(signal, () => {
      for (const child of running) endGroup(child);
      process.exit(code);
    });
  }
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? child.pid : -child.pid, "SIGTERM");
  } catch {
    // It has ended by itself.
  }
}
