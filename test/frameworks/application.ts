import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { run } from "../../scripts/processes.ts";
import { FOLDER } from "./install.ts";

/** How a framework's example is built and served: arguments for Node, with paths from the example's folder. */
export interface Framework {
  readonly build: readonly (readonly string[])[];
  readonly serve: (port: number) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const PATIENCE = 30_000;
const MOST_PORTS = 3;
const MODULES = "../node_modules/";
const TSC = `${MODULES}typescript/bin/tsc`;

export const frameworks: Readonly<Record<string, Framework>> = {
  astro: {
    build: [[`${MODULES}astro/bin/astro.mjs`, "build"], [TSC]],
    serve: () => ["dist/server/entry.mjs"],
  },
  nestjs: { build: [[TSC]], serve: () => ["build/main.js"] },
  nitro: {
    build: [[`${MODULES}nitro/dist/cli/index.mjs`, "build"], [TSC]],
    serve: () => [".output/server/index.mjs"],
  },
  "react-router": {
    build: [
      [`${MODULES}@react-router/dev/bin.cjs`, "build"],
      [`${MODULES}@react-router/dev/bin.cjs`, "typegen"],
      [TSC],
    ],
    serve: () => [`${MODULES}@react-router/serve/bin.cjs`, "build/server/index.js"],
  },
  sveltekit: {
    build: [[`${MODULES}vite/bin/vite.js`, "build"], [TSC]],
    serve: () => ["build"],
    // It takes a request for https, unless a header may say otherwise.
    env: { PROTOCOL_HEADER: "x-forwarded-proto" },
  },
};

/** Next.js checks the types by itself. */
export const next: Framework = {
  build: [[`${MODULES}next/dist/bin/next`, "build"]],
  serve: (port) => [
    ...[`${MODULES}next/dist/bin/next`, "start"],
    ...["--hostname", "127.0.0.1", "--port", String(port)],
  ],
};

const ENV = {
  APP_SECRET_1: "uK3nQ0bTz7XwY5rJm1VdPq9sLh2EgFa4cRi8oN6tWvC",
  NODE_ENV: "production",
  HOST: "127.0.0.1",
  ASTRO_TELEMETRY_DISABLED: "1",
  NEXT_TELEMETRY_DISABLED: "1",
};

/** A framework's example, built and served. */
export class Application {
  readonly url: string;
  readonly #child: ChildProcess;
  #printed = "";

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Builds the example in a folder of `examples/frameworks`, and waits until it listens. Throws if it does not. */
  static async start(folder: string, { build, serve, env }: Framework): Promise<Application> {
    const cwd = `${FOLDER}${folder}`;
    for (const args of build) {
      const { code, output } = await run(process.execPath, args, { cwd, env: ENV });
      assert.equal(code, 0, `${folder}: node ${args.join(" ")} failed:\n${output}`);
    }
    for (let attempt = 1; ; attempt += 1) {
      const port = await freePort();
      const child = spawn(process.execPath, serve(port), {
        cwd,
        env: { PATH: process.env.PATH, NO_COLOR: "1", ...ENV, ...env, PORT: String(port) },
        stdio: ["ignore", "pipe", "pipe"],
      });
      const application = new Application(child, port);
      try {
        await application.#listens(new RegExp(`:${port}\\b`));
        return application;
      } catch (error) {
        // Somebody else may have taken the port meanwhile. Not every framework says so: Astro ends with 0.
        if (attempt === MOST_PORTS || child.exitCode === null) throw error;
      }
    }
  }

  /** What it has printed. */
  get printed(): string {
    return this.#printed;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }

  #listens(pattern: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#child.kill("SIGKILL");
        reject(new Error(`It does not listen.\n${this.#printed}`));
      }, PATIENCE);
      const read = (text: string): void => {
        this.#printed += text;
        if (!pattern.test(this.#printed)) return;
        clearTimeout(timer);
        resolve();
      };
      this.#child.stdout?.setEncoding("utf8").on("data", read);
      this.#child.stderr?.setEncoding("utf8").on("data", read);
      this.#child.once("error", reject);
      this.#child.once("close", (code) => {
        clearTimeout(timer);
        reject(new Error(`It ended with ${code}.\n${this.#printed}`));
      });
    });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}
