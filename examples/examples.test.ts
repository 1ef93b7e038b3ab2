import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { describe, type TestContext, test } from "node:test";
import { Visitor } from "keepsake/testing";
import { binaryOf, HAS_RUNTIMES, ROOT } from "../scripts/runtimes.ts";
import { list } from "../test/support/repository.ts";

// Every program of this folder does the same thing in another framework.

const MOST_LINES = 40;
const CONDITION = "--conditions=keepsake-source";
const DENO = ["run", "--allow-net", "--allow-env", "--no-check", "--no-lock", CONDITION];
const WORKER = ["--disable-warning=ExperimentalWarning", "scripts/serve-worker.ts"];

const onNode = (): string[] => [binaryOf("node26"), CONDITION];

/** What starts a program that is not for Node. */
const ELSEWHERE: Readonly<Record<string, () => string[]>> = {
  "examples/bun.ts": () => [binaryOf("bun"), CONDITION],
  "examples/deno.ts": () => [binaryOf("deno"), ...DENO],
  "examples/worker.ts": () => [binaryOf("node26"), ...WORKER],
};

const files = await list("examples/*.ts");
const programs = files.filter((file) => !/\.(?:test|d)\.ts$/.test(file));

/** Starts a program, and gives the address that it says it listens on. */
async function start(t: TestContext, file: string): Promise<string> {
  const [command = "", ...args] = (ELSEWHERE[file] ?? onNode)();
  const child = spawn(command, [...args, file], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      NO_COLOR: "1",
      PORT: "0",
      APP_SECRET_1: "uK3nQ0bTz7XwY5rJm1VdPq9sLh2EgFa4cRi8oN6tWvC",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(async () => {
    if (child.exitCode !== null) return;
    child.kill("SIGTERM");
    await once(child, "exit");
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const [, url] = /^listening on (http:\/\/127\.0\.0\.1:\d+)$/.exec(line) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error(`${file} has ended, and never listened.\n${errors}`);
}

test("there are programs", () => {
  assert.ok(programs.length >= 6, programs.join());
});

for (const file of programs) {
  if (file in ELSEWHERE && !HAS_RUNTIMES) continue;
  describe(file, () => {
    test(`has less than ${MOST_LINES} lines`, async () => {
      const lines = (await readFile(`${ROOT}${file}`, "utf8")).trimEnd().split("\n");
      assert.ok(lines.length < MOST_LINES, `${lines.length} lines`);
    });

    test("counts visits, keeps the count over a login, and forgets at the logout", async (t) => {
      const visitor = new Visitor(await start(t, file), Date.now);
      const read = async () => {
        const response = await visitor.get("/");
        assert.equal(response.status, 200);
        return (await response.text()).trim();
      };
      const goesToStart = async (path: string) => {
        const response = await visitor.post(path);
        await response.body?.cancel();
        const { pathname } = new URL(response.headers.get("location") ?? "", "http://localhost");
        assert.deepEqual([response.status, pathname], [303, "/"]);
      };
      assert.equal(await read(), "Hello stranger, visit 1");
      assert.equal(await read(), "Hello stranger, visit 2");
      await goesToStart("/login?user=grace");
      assert.equal(await read(), "Hello grace, visit 3");
      await goesToStart("/logout");
      assert.equal(await read(), "Hello stranger, visit 1");
    });
  });
}
