import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { eventually } from "../scripts/services/eventually.ts";
import { serviceUrl, startServices } from "../scripts/services/index.ts";
import { freePort } from "../scripts/services/ports.ts";
import { ask } from "../scripts/services/resp.ts";
import { servicesFor, servicesStep } from "../scripts/services/step.ts";
import { runSteps } from "../scripts/steps.ts";
import { setEnv } from "./support/env.ts";
import { ROOT } from "./support/repository.ts";

/** All temporary files of a test in a folder of their own. */
async function ownTemporaryFolder(test: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "keepsake-test-"));
  test.after(() => rm(folder, { recursive: true }));
  setEnv(test, { TMPDIR: folder });
  return folder;
}

/** A Valkey that is started, whatever runs on this machine. */
const STARTS = `
  import { startValkey } from "${ROOT}scripts/services/valkey.ts";
  import { endWithChildren } from "${ROOT}scripts/processes.ts";
  endWithChildren();
  const { url } = await startValkey(["installed", "downloaded"]);
  console.log(url);
`;

/** What the process prints first, which is the URL of a server that it has started. */
async function startedBy(program: string) {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const [line] = await once(child.stdout, "data");
  return { child, url: String(line).trim() };
}

async function assertGone(url: string, folder: string): Promise<void> {
  await eventually("All is gone", async () => {
    await assert.rejects(ask(url, "PING"), { code: "ECONNREFUSED" });
    assert.deepEqual(await readdir(folder), []);
  });
}

describe("The services of the tests", { concurrency: false }, () => {
  test("are found or started together, and named in the environment", async (t) => {
    const services = await startServices();
    t.after(() => services.stop());
    assert.deepEqual(Object.keys(services.env), ["DATABASE_URL", "VALKEY_URL", "REDIS_URL"]);
    assert.deepEqual(
      services.descriptions.map((line) => line.split(" ")[0]),
      ["PostgreSQL", "Valkey", "Redis"],
    );
    assert.equal(await ask(services.env.VALKEY_URL ?? "", "PING"), "PONG");
  });

  test("are all stopped where one cannot be had, and the step fails", async (t) => {
    const folder = await ownTemporaryFolder(t);
    const nowhere = `redis://127.0.0.1:${await freePort()}`;
    setEnv(t, { REDIS_URL: nowhere, VALKEY_URL: undefined });
    await assert.rejects(startServices(["valkey", "redis"]), /^Error: REDIS_URL names a server/);
    assert.deepEqual(await readdir(folder), []);
    await assert.rejects(servicesStep(["redis"]).work(), /REDIS_URL/);
  });

  test("end with the steps that need them, also where one fails", async (t) => {
    const ended: string[] = [];
    t.mock.method(console, "log", () => {});
    const outcome = await runSteps([
      {
        title: "a service",
        work: async () => ({ passed: 1, failed: 0 }),
        end: async () => void ended.push("a service"),
      },
      {
        title: "a test",
        work: async () => {
          assert.deepEqual(ended, []);
          throw new Error("It fails.");
        },
      },
    ]);
    assert.deepEqual(outcome, { passed: 1, failed: 1 });
    assert.deepEqual(ended, ["a service"]);
  });

  test("are those that the chosen test files speak of", async () => {
    assert.deepEqual(await servicesFor(["test/services.test.ts"]), ["postgres", "valkey", "redis"]);
    assert.deepEqual(await servicesFor(["test/services-postgres.test.ts"]), ["postgres"]);
    assert.deepEqual(await servicesFor(["test/contributing.test.ts"]), []);
  });
});

describe("A program that takes a service", () => {
  test("is told of the one that the environment names", async (t) => {
    setEnv(t, { REDIS_URL: "redis://somewhere" });
    assert.equal(await serviceUrl("redis"), "redis://somewhere");
  });

  test("gets one, and the same again", async (t) => {
    setEnv(t, { VALKEY_URL: undefined });
    const url = await serviceUrl("valkey");
    assert.equal(await ask(url, "PING"), "PONG");
    assert.equal(await serviceUrl("valkey"), url);
  });
});

describe("A server that was started ends with the process that started it", () => {
  test("when that has nothing more to do", async (t) => {
    const folder = await ownTemporaryFolder(t);
    const { child, url } = await startedBy(STARTS);
    const [code] = await once(child, "exit");
    assert.equal(code, 0);
    await assertGone(url, folder);
  });

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"] as const) {
    test(`when that gets a ${signal}, like all of its group`, async (t) => {
      const folder = await ownTemporaryFolder(t);
      const { child, url } = await startedBy(`${STARTS}; setInterval(() => {}, 1000);`);
      assert.equal(await ask(url, "PING"), "PONG");
      process.kill(-(child.pid ?? 0), signal);
      await once(child, "exit");
      await assertGone(url, folder);
    });
  }

  test("and when others have removed its folder", async (t) => {
    const folder = await ownTemporaryFolder(t);
    const { child, url } = await startedBy(`${STARTS}; setInterval(() => {}, 1000);`);
    for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true });
    child.kill("SIGKILL");
    await once(child, "exit");
    await assertGone(url, folder);
  });
});
