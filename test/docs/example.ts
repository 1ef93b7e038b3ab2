import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { binaryOf, ROOT } from "../../scripts/runtimes.ts";
import { runtimeOf, SECRET } from "./program.ts";
import type { Program } from "./typecheck.ts";

const PATIENCE = 20_000;
const LISTENING =
  /^@listening (?<port>\d+)$|^(?:deno serve: L|l)istening on http:\/\/127\.0\.0\.1:(?<served>\d+)/m;

/** An example that runs as a program: it has come to its end, or it is a server that listens. */
export class Example {
  readonly #child: ChildProcess;
  #printed = "";
  #port: number | undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Starts a program, and waits until it has ended or listens. Throws if it fails or does neither in time. */
  static async start(
    { block, path }: Program,
    folder: string,
    env: Readonly<Record<string, string>>,
  ): Promise<Example> {
    const runtime = runtimeOf(block);
    const preload = `${ROOT}test/docs/preload.ts`;
    const condition = "--conditions=keepsake-source";
    const isModule = /^export default\b/m.test(block.code);
    const args = {
      node26: [condition, `--import=${preload}`, path],
      bun: [condition, `--preload=${preload}`, path],
      deno: [
        ...(isModule ? ["serve", "--host=127.0.0.1", "--port=0"] : ["run"]),
        ...["--allow-all", "--no-check", "--no-lock", condition, `--preload=${preload}`, path],
      ],
      worker: ["--disable-warning=ExperimentalWarning", `${ROOT}scripts/serve-worker.ts`, path],
    }[runtime];
    const child = spawn(binaryOf(runtime === "worker" ? "node26" : runtime), args, {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        NO_COLOR: "1",
        PORT: "0",
        APP_SECRET_1: SECRET,
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const example = new Example(child);
    await example.#settle();
    return example;
  }

  /** The port of a server; `undefined` for a program that has ended. */
  get port(): number | undefined {
    return this.#port;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    // Not SIGKILL: what serves a worker has a process of its own to end.
    this.#child.kill("SIGTERM");
    await once(this.#child, "exit");
  }

  #settle(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#child.kill("SIGKILL");
        reject(
          new Error(`It neither ended nor listened in ${PATIENCE / 1000} s.\n${this.#printed}`),
        );
      }, PATIENCE);
      const listen = (text: string): void => {
        this.#printed += text;
        const { groups } = LISTENING.exec(this.#printed) ?? {};
        if (groups === undefined || this.#port !== undefined) return;
        this.#port = Number(groups.port ?? groups.served);
        clearTimeout(timer);
        resolve();
      };
      this.#child.stdout?.setEncoding("utf8").on("data", listen);
      this.#child.stderr?.setEncoding("utf8").on("data", listen);
      this.#child.once("error", reject);
      this.#child.once("close", (code) => {
        clearTimeout(timer);
        if (code === 0) resolve();
        else reject(new Error(`It ended with ${code}.\n${this.#printed}`));
      });
    });
  }
}
