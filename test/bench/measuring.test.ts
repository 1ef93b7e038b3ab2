import assert from "node:assert/strict";
import { cpus } from "node:os";
import { describe, test } from "node:test";
import { busyProcessors } from "../../bench/harness/busy.ts";
import { Child } from "../../bench/harness/child.ts";
import { numberOf } from "../../bench/harness/messages.ts";
import { CASE_NAMES } from "../../bench/parts/cases.ts";
import { fullRate } from "../../bench/parts/http.ts";
import { selfTimes } from "../../bench/report/profile.ts";

const SUBJECT = "keepsake-memory-express";

/** Does something with a child of the bench, and ends it. */
async function withChild<T>(
  file: string,
  args: readonly string[],
  act: (child: Child) => Promise<T>,
): Promise<T> {
  const child = new Child(`parts/${file}`, args);
  try {
    return await act(child);
  } finally {
    await child.end();
  }
}

describe("the bench, on a few requests", () => {
  test("measures a session beside the bare framework in one process, and profiles it", () =>
    withChild("in-process-child.ts", [SUBJECT, "3"], async (child) => {
      for (const name of CASE_NAMES) {
        const numbers = await child.ask("measure", { case: name, count: 20 });
        assert.ok(numberOf(numbers, "own") > 0, name);
        assert.ok(numberOf(numbers, "bare") > 0, name);
      }
      const [profile = ""] = await child.askTexts("profile", { case: "read", count: 200 });
      assert.ok(selfTimes(JSON.parse(profile)).some(({ group }) => group === "keepsake"));
    }));

  test("fails loudly at a subject that does not exist", async () => {
    const failing = withChild("in-process-child.ts", ["nobody"], (child) =>
      child.ask("measure", { case: "read", count: 1 }),
    );
    await assert.rejects(failing, /ended with 1|There is no subject nobody/);
  });

  test("measures the floor of a sealed cookie", () =>
    withChild("floor-child.ts", [], async (child) => {
      for (const name of ["open", "seal"]) {
        assert.ok(numberOf(await child.ask("measure", { case: name, count: 200 }), "own") > 0);
      }
    }));

  test("loads a server over HTTP, as fast as it can and at a pace", () =>
    withChild("http-server-child.ts", [SUBJECT], (server) =>
      withChild("http-load-child.ts", [], async (load) => {
        const port = numberOf(await server.ask("port"), "port");
        const cookies = await server.askTexts("begin", { count: 3 });
        const input = { port, path: "/change", cookies, milliseconds: 50 };
        assert.ok(numberOf(await load.ask("load", input), "count") > 0);
        const paced = await load.ask("pace", { ...input, rate: 200 });
        assert.equal(numberOf(paced, "count"), 10);
        assert.ok(numberOf(paced, "p99") >= numberOf(paced, "p50"));
      }),
    ));

  test("compares a store of few sessions with one of more", () =>
    withChild("growth-child.ts", ["memory", "few", "1"], async (child) => {
      await child.ask("fill", { count: 6000 });
      for (const name of ["read", "change"]) {
        assert.ok(numberOf(await child.ask("measure", { case: name, count: 100 }), "time") > 0);
      }
    }));
});

test("a framework that requests cannot be sent to fast enough counts with what it would answer", () => {
  assert.equal(fullRate({ rate: 1000, busy: 0.97 / 2 }), 2000);
  assert.equal(fullRate({ rate: 1000, busy: 0.99 }), 1000);
});

test("a machine uses no more processors than it has", async () => {
  const busy = await busyProcessors(50);
  assert.ok(busy >= 0 && busy <= cpus().length, `${busy}`);
});
