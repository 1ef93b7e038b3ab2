import assert from "node:assert/strict";
import { test } from "node:test";
import { timeouts } from "keepsake";
import { NOON } from "./kit.test.ts";
import { createTimeline } from "./timeouts.ts";

const of = (idleTimeout?: number, absoluteTimeout?: number) =>
  createTimeline("test", {
    ...(idleTimeout === undefined ? {} : { idleTimeout }),
    ...(absoluteTimeout === undefined ? {} : { absoluteTimeout }),
  });

test("the presets are those of NIST SP 800-63B-4, in seconds", () => {
  assert.deepEqual(timeouts, {
    aal1: { idleTimeout: 86_400, absoluteTimeout: 2_592_000 },
    aal2: { idleTimeout: 3600, absoluteTimeout: 86_400 },
    aal3: { idleTimeout: 900, absoluteTimeout: 43_200 },
  });
});

test("the default is the first preset, and idle never exceeds a shorter absolute", () => {
  assert.equal(of().expiresAt(NOON, NOON), NOON + 86_400_000);
  assert.equal(of().absoluteEnd(NOON), NOON + 2_592_000_000);
  assert.equal(of(undefined, 60).expiresAt(NOON, NOON), NOON + 60_000);
});

test("invariant 9, time ends sessions: shown is now + idle, written a tenth more, both capped by the absolute end", () => {
  const timeline = of(100, 1000);
  assert.equal(timeline.expiresAt(NOON, NOON), NOON + 100_000);
  assert.equal(timeline.writtenEnd(NOON, NOON), NOON + 110_000);
  assert.equal(timeline.absoluteEnd(NOON), NOON + 1_000_000);
  const late = NOON + 950_000;
  assert.equal(timeline.expiresAt(late, NOON), NOON + 1_000_000);
  assert.equal(timeline.writtenEnd(late, NOON), NOON + 1_000_000);
});

test("invariant 9, time ends sessions: a use has to be written once a tenth of idle has gone by", () => {
  const timeline = of(100, 1000);
  const written = timeline.writtenEnd(NOON, NOON);
  assert.equal(timeline.touchDue(NOON + 9999, NOON, written), false);
  assert.equal(timeline.touchDue(NOON + 10_000, NOON, written), true);
  // Near the absolute end there is nothing left to move.
  const last = timeline.writtenEnd(NOON + 950_000, NOON);
  assert.equal(timeline.touchDue(NOON + 990_000, NOON, last), false);
  assert.equal(timeline.touchDue(NOON + 850_000, NOON, NOON + 945_000), true);
});

test("the longest and the shortest times are allowed, fractions too, and every result is a time to store", () => {
  assert.equal(of(34_560_000, 34_560_000).absoluteEnd(0), 34_560_000_000);
  const timeline = of(0.0125, 1);
  assert.equal(timeline.writtenEnd(NOON, NOON), NOON + 14);
});
