import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Line, line, part } from "../../bench/report/line.ts";
import type { Measurements } from "../../bench/report/measurements.ts";
import { linesOf } from "../../bench/report/results.ts";
import { subjectOf } from "../../bench/subjects/index.ts";
import { goodMeasurements, sure, times } from "./measurements.ts";

const LINES = [
  "untouched",
  "sealed-cookie-read",
  "sealed-cookie-change",
  "tampered",
  "memory",
  "http",
  "commands",
  "memory-per-session",
  "import",
  "growth",
];

function lineOf(id: string, measurements: Partial<Measurements>): Line {
  const found = linesOf({ measurements }).find((each) => each.id === id);
  assert.ok(found, `there is no line ${id}`);
  return found;
}

/** Good figures, but for the processor times of one subject. */
function withTimes(id: string, values: Parameters<typeof times>[0]): Measurements {
  const measurements = goodMeasurements();
  const changed = new Map(measurements.inProcess.times).set(subjectOf(id), times(values));
  return { ...measurements, inProcess: { ...measurements.inProcess, times: changed } };
}

describe("a line", () => {
  const common = { unit: "µs", rule: "at most so much" };
  const good = part({ ...common, id: "good", value: 9, goal: 10 });
  const bad = part({ ...common, id: "bad", value: 30, goal: 10 });

  test("has the figures of the part that is furthest from its goal", () => {
    const worse = part({ ...common, id: "worse", value: 41, goal: 10 });
    const { id, value, met, parts } = line("all", [good, bad, worse]);
    assert.deepEqual([id, value, met, parts.length], ["all", 41, false, 3]);
  });

  test("is met where all of its parts are", () => {
    assert.equal(line("all", [good, good]).met, true);
  });

  test("does not depend on a part that is only shown", () => {
    const shown = line("all", [good, { ...bad, isJudged: false }]);
    assert.deepEqual([shown.met, shown.value, shown.parts.length], [true, 9, 2]);
  });

  test("of what should be more, less is worse", () => {
    const share = (value: number) =>
      part({ ...common, id: `${value}`, value, goal: 0.5, met: value >= 0.5 });
    assert.equal(line("all", [share(0.9), share(0.4), share(0.2), share(0.6)]).value, 0.2);
  });

  test("a figure that is missing is no good one", () => {
    const missing = part({ ...common, id: "missing", value: Number.NaN, goal: 1 });
    assert.deepEqual(line("all", [good, missing]).met, false);
    assert.ok(Number.isNaN(line("all", [good, missing, bad]).value));
  });
});

describe("the lines of the goals", () => {
  test("are one for each row, and good figures meet them all", () => {
    const lines = linesOf({ measurements: goodMeasurements() });
    assert.deepEqual(
      lines.map(({ id }) => id),
      LINES,
    );
    assert.deepEqual(
      lines.filter(({ met }) => !met).map(({ id }) => id),
      [],
    );
  });

  test("are those that something was measured for", () => {
    const { growth, memory } = goodMeasurements();
    assert.deepEqual(
      linesOf({ measurements: { growth, memory } }).map(({ id }) => id),
      ["memory-per-session", "growth"],
    );
    assert.deepEqual(linesOf({ measurements: {} }), []);
  });

  const sealed = "keepsake-cookie-fastify";
  const misses: readonly [string, string, () => Measurements][] = [
    [
      "untouched",
      "a ninth of express-session's",
      () => withTimes("keepsake-memory-express", { none: 20 / 9 }),
    ],
    ["sealed-cookie-read", "1.6 × the floor", () => withTimes(sealed, { read: 4 * 1.6 })],
    [
      "sealed-cookie-read",
      "a peer that is cheaper",
      () => withTimes("secure-session", { read: 4.9 }),
    ],
    [
      "sealed-cookie-read",
      "a peer that is cheaper in Koa",
      () => withTimes("koa-session", { read: 4.9 }),
    ],
    [
      "sealed-cookie-change",
      "1.6 × the floor",
      () => withTimes(sealed, { read: 8, change: 8.5 * 1.6 }),
    ],
    [
      "sealed-cookie-change",
      "1.6 × the sealing more than a read",
      () => withTimes(sealed, { read: 1, change: 1 + 4.5 * 1.6 }),
    ],
    [
      "tampered",
      "dearer than a good one",
      () => withTimes("keepsake-memory-koa", { read: 5, tampered: 6 }),
    ],
    ["memory", "above the cookie by hand", () => withTimes("hand-written-express", { read: 4 })],
    ["memory", "above a peer", () => withTimes("fastify-session-memory", { change: 10 })],
  ];
  for (const [id, what, measurements] of misses) {
    test(`${id}: ${what} misses it`, () => assert.equal(lineOf(id, measurements()).met, false));
  }

  for (const [id, times, missed] of [
    ["sealed-cookie-read", { read: 4 * 1.6 }, "sealed-cookie-read-hono"],
    ["sealed-cookie-change", { read: 1, change: 1 + 4.5 * 1.6 }, "sealed-cookie-change-hono-added"],
  ] as const) {
    test(`${id}: 1.6 × the floor in a framework that is not judged is shown, and misses nothing`, () => {
      const { met, parts } = lineOf(id, withTimes("keepsake-cookie-hono", times));
      assert.equal(met, true);
      assert.deepEqual(
        parts.filter((each) => !each.met).map((each) => each.id),
        [missed],
      );
    });
  }

  for (const [what, share] of [
    ["a share below the goal", 0.84],
    ["less than 1.5 × the best peer", 0.9],
  ] as const) {
    test(`http: ${what} misses it`, () => {
      const measurements = goodMeasurements();
      const peer = share === 0.9 ? 0.61 : 0.3;
      const shares = new Map(measurements.http.shares)
        .set(subjectOf("keepsake-memory-express"), { read: sure(share), change: sure(1) })
        .set(subjectOf("express-session-memory"), { read: sure(peer), change: sure(1) });
      const { met, value, bestPeer } = lineOf("http", {
        http: { ...measurements.http, shares },
      });
      assert.deepEqual([met, value, bestPeer], [false, share, peer]);
    });
  }

  test("growth: a sweep that moves the p99 by 20 % misses it", () => {
    const { sweep } = goodMeasurements();
    const moved = { ...sweep, sqlite: { ...sweep.sqlite, before: sure(5), during: sure(6) } };
    assert.equal(lineOf("growth", { sweep }).met, true);
    assert.equal(lineOf("growth", { sweep: moved }).met, false);
  });
});
