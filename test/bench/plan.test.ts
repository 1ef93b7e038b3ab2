import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FULL, QUICK } from "../../bench/harness/plan.ts";
import { inProcessOf, PARTS, servedOf } from "../../bench/parts/all.ts";
import { PART_NAMES } from "../../bench/report/measurements.ts";
import { subjects } from "../../bench/subjects/index.ts";

const idsOf = (found: readonly { readonly id: string }[]) => found.map(({ id }) => id);

/** Those that somebody would use instead, and what the goals hold keepsake to. */
const IN_PROCESS = [
  "hand-written-express",
  "secure-session",
  "fastify-session-memory",
  "fastify-session-memory-default",
  "express-session-memory",
  "express-session-valkey",
  "express-session-postgres",
  "hono-sessions-memory-plain",
  "hono-sessions-memory-encrypted",
  "cookie-session",
  "koa-session",
  "react-router",
  "jose",
  "iron-session",
];
const OVER_HTTP = [
  "express-session-memory",
  "express-session-valkey",
  "express-session-postgres",
  "cookie-session",
  "iron-session",
  "fastify-session-memory",
  "fastify-session-valkey",
  "secure-session",
  "hono-sessions-memory-plain",
  "hono-sessions-memory-encrypted",
];

describe("a run", () => {
  test("measures everybody in one process, and those who are served over HTTP", () => {
    const inProcess = idsOf(inProcessOf(FULL));
    const served = idsOf(servedOf(FULL));
    assert.deepEqual(
      IN_PROCESS.filter((id) => !inProcess.includes(id)),
      [],
    );
    assert.deepEqual(
      OVER_HTTP.filter((id) => !served.includes(id)),
      [],
    );
  });

  for (const [name, plan] of [
    ["full", FULL],
    ["quick", QUICK],
  ] as const) {
    test(`that is ${name} has one of ours beside each peer, in the same framework with such a store`, () => {
      for (const measured of [inProcessOf(plan), servedOf(plan)]) {
        const lonely = measured.filter(
          (peer) =>
            peer.kind === "peer" &&
            !measured.some(
              ({ kind, framework, storage }) =>
                kind === "ours" && framework === peer.framework && storage === peer.storage,
            ),
        );
        assert.deepEqual(idsOf(lonely), []);
      }
    });

    test(`that is ${name} has the cookie by hand wherever a memory store is judged`, () => {
      const measured = inProcessOf(plan);
      for (const framework of ["express", "fastify"] as const) {
        for (const kind of ["ours", "floor"] as const) {
          assert.ok(measured.some((each) => each.kind === kind && each.framework === framework));
        }
      }
    });
  }

  test("that is quick measures everybody at their best, and nobody twice", () => {
    const measured = inProcessOf(QUICK);
    assert.ok(measured.every(({ setting }) => setting === "best"));
    assert.equal(new Set(idsOf(measured)).size, measured.length);
  });

  test("knows everybody by an id of their own", () => {
    assert.equal(new Set(idsOf(subjects)).size, subjects.length);
  });

  test("has a word for each of its parts", () => {
    assert.equal(new Set(PART_NAMES.map((name) => PARTS[name].word)).size, PART_NAMES.length);
  });
});
