import assert from "node:assert/strict";
import { test } from "node:test";
import { systemRandom } from "./random.ts";

test("every length is given, and no two draws are alike", () => {
  const seen = new Set<string>();
  for (let round = 0; round < 5000; round += 1) {
    const bytes = systemRandom(24);
    assert.equal(bytes.length, 24);
    seen.add(String(bytes));
  }
  assert.equal(seen.size, 5000);
  for (const length of [0, 1, 4095, 4096, 4097, 10_000]) {
    assert.equal(systemRandom(length).length, length);
  }
});

test("what was handed out is the caller's alone", () => {
  const first = systemRandom(16);
  const copy = first.slice();
  systemRandom(4096);
  systemRandom(16).fill(0);
  assert.deepEqual(first, copy);
  assert.equal(first.buffer.byteLength, 16, "it is no window on the pool");
});

test("each of 256 bits is set in about half of the draws", () => {
  const draws = 4000;
  const counts = new Array<number>(256).fill(0);
  for (let round = 0; round < draws; round += 1) {
    systemRandom(32).forEach((byte, at) => {
      for (let bit = 0; bit < 8; bit += 1) {
        counts[at * 8 + bit] = (counts[at * 8 + bit] ?? 0) + ((byte >> bit) & 1);
      }
    });
  }
  // Six standard deviations: once in two million runs of these 256 by chance.
  const most = 6 * Math.sqrt(draws / 4);
  for (const count of counts) assert.ok(Math.abs(count - draws / 2) < most, String(count));
});
