import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { ROOT } from "./runtimes.ts";

export interface Finished {
  readonly code: number;
  /** What it printed, unless it was passed on. */
  readonly output: string;
}

/** Another user to run as, which takes root. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly user?: User | undefined;
  readonly env?: Readonly<Record<string, string>>;
  /** The signal that ends it, with what it has started, where this process is interrupted. Default: SIGTERM. */
  readonly endsWith?: "SIGTERM" | "SIGKILL";
  /** Whether to pass on what the process prints, as it prints it. Default: it is collected. */
  readonly passOn?: boolean;
}

const running = new Map<ChildProcess, "SIGTERM" | "SIGKILL">();

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
    ...options.user,
  });
  running.set(child, options.endsWith ?? "SIGTERM");
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
    // Not once: Control-C arrives twice, from the terminal and from the process above, and must not cut this short.
    process.on(signal, () => {
      for (const [child, ending] of running) endGroup(child, ending);
      process.exit(code);
    });
  }
}

function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? child.pid : -child.pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/**
 * Gives a folder to some work, and removes it afterwards, or where the process ends before.
 *
 * @param prefix The beginning of its path.
 */
export async function withTemporaryFolder<T>(
  prefix: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(prefix);
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.once("exit", remove);
  try {
    return await work(folder);
  } finally {
    process.off("exit", remove);
    remove();
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
