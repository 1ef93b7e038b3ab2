import assert from "node:assert/strict";
import { test } from "node:test";
import { Pace, slack } from "./pace.ts";

const AHEAD = 60_000;

/** The sizes of so many batches, each taking so long for a record. */
function sizes(perRecord: number, batches: number): number[] {
  const pace = new Pace();
  return Array.from({ length: batches }, () => {
    const { size } = pace;
    pace.after(size * perRecord, 0, AHEAD);
    return size;
  });
}

test("batches come to hold the process for a fifth of a millisecond at most, and not for much less", () => {
  for (const perRecord of [0.0005, 0.002, 0.004]) {
    const held = (sizes(perRecord, 20).at(-1) ?? 0) * perRecord;
    assert.ok(held >= 0.1 && held <= 0.2, `${held} ms`);
  }
});

test("a batch has twenty-five records at least, and a thousand at most", () => {
  assert.equal(sizes(1, 20).at(-1), 25);
  assert.equal(sizes(0, 20).at(-1), 1000);
});

test("one batch that was slow by chance makes the next one smaller, and the ones after it grow again", () => {
  const pace = new Pace();
  for (let batch = 0; batch < 2; batch += 1) pace.after(0.01, 0, AHEAD);
  assert.equal(pace.size, 100);
  pace.after(10, 0, AHEAD);
  assert.equal(pace.size, 50);
  pace.after(0.01, 0, AHEAD);
  assert.equal(pace.size, 100);
});

test("batches that are answered later stay as they are, whatever they take", () => {
  const pace = new Pace();
  for (const [held, waited] of [
    [0.01, 0.1],
    [0.5, 100],
  ] as const) {
    pace.after(held, waited, AHEAD);
    assert.equal(pace.size, 25);
  }
});

test("others have ten times as long as a batch took, but no store that is slow is left for longer than a moment", () => {
  const pace = new Pace();
  assert.equal(pace.after(0.25, 0, AHEAD), 2.5);
  assert.equal(pace.after(0.5, 3.5, AHEAD), 40);
  assert.equal(pace.after(0, 5000, AHEAD), 50);
});

test("a batch that has stopped the process is followed by so long a rest that one request in three hundred waits", () => {
  const pace = new Pace();
  assert.equal(pace.after(10, 0, AHEAD), 3000);
  assert.equal(pace.after(10, 20, AHEAD), 3000);
});

test("where every batch stops the process, a sweep removes two hundred records a second all the same", () => {
  for (const held of [1.5, 3, 14]) {
    const pace = new Pace();
    let [now, removed] = [0, 0];
    while (removed < 20_000) {
      const { size } = pace;
      now += held;
      removed += size;
      now += pace.after(held, 0, slack(removed, now));
    }
    assert.ok(now <= 100_000 + 50, `${held} ms a batch: ${now} ms`);
  }
});

test("a sweep that is behind rests no less than ten times as long as a batch took", () => {
  assert.equal(slack(100, 10_000), 0);
  assert.equal(new Pace().after(2, 0, 0), 20);
});
