import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ROOT } from "../../scripts/runtimes.ts";
import { type Input, isReply, type Numbers, type Reply } from "./messages.ts";

export interface ChildOptions {
  /** The processor it may run on, where the system can say so. Default: any. */
  readonly core?: number;
  readonly nodeOptions?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Milliseconds. */
const PATIENCE = 5000;
const TASKSET = "/usr/bin/taskset";

/** Whether processes can be kept on one processor. */
export const CAN_PIN: boolean = existsSync(TASKSET);

/** A process of ours that measures something, and answers one question at a time. */
export class Child {
  readonly #process: ChildProcess;
  #settle: ((reply: Reply) => void) | undefined;
  /** What it said on standard error: shown where it fails, since libraries warn there of what a benchmark does on purpose. */
  #said = "";

  /** @param file Its program, in `bench/`. It calls `serve`. */
  constructor(file: string, args: readonly string[], options: ChildOptions = {}) {
    const node = [
      "--conditions=keepsake-source",
      "--disable-warning=ExperimentalWarning",
      "--disable-warning=DEP0205",
      ...(options.nodeOptions ?? []),
      fileURLToPath(new URL(`../${file}`, import.meta.url)),
      ...args,
    ];
    const pin = options.core !== undefined && CAN_PIN ? ["-c", String(options.core)] : undefined;
    const [command, rest] = pin
      ? [TASKSET, [...pin, process.execPath, ...node]]
      : [process.execPath, node];
    this.#process = spawn(command, rest, {
      cwd: ROOT,
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: { ...process.env, NODE_ENV: "production", ...options.env },
      serialization: "advanced",
    });
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#said += text;
    });
    this.#process.on("message", (message) => {
      this.#answer(isReply(message) ? message : { error: "It answered something else." });
    });
    this.#process.on("error", (error) => this.#answer({ error: error.message }));
    this.#process.on("exit", (code, signal) => {
      this.#answer({ error: `It ended with ${code ?? signal}.` });
    });
  }

  #answer(reply: Reply): void {
    this.#settle?.(reply);
    this.#settle = undefined;
  }

  /** Asks, and waits for the figures. */
  async ask(question: string, input: Input = {}): Promise<Numbers> {
    const reply = await this.#exchange(question, input);
    if ("numbers" in reply) return reply.numbers;
    throw new Error(`${question}: no figures in the answer`);
  }

  /** Asks, and waits for the texts. */
  async askTexts(question: string, input: Input = {}): Promise<readonly string[]> {
    const reply = await this.#exchange(question, input);
    if ("texts" in reply) return reply.texts;
    throw new Error(`${question}: no texts in the answer`);
  }

  async #exchange(question: string, input: Input): Promise<Reply> {
    const reply = await new Promise<Reply>((resolve) => {
      this.#settle = resolve;
      this.#process.send({ question, input }, (error) => {
        if (error !== null) this.#answer({ error: error.message });
      });
    });
    if ("error" in reply) {
      throw new Error(`${this.#process.spawnargs.at(-1)}: ${reply.error}\n${this.#said}`.trimEnd());
    }
    return reply;
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    // It ends by itself, and removes its files.
    if (this.#process.connected) this.#process.disconnect();
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), PATIENCE);
    await ended;
    clearTimeout(timer);
  }
}
