import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { measured, medianOf, quantile } from "../../bench/harness/statistics.ts";

describe("statistics", () => {
  test("a median is the middle one, or between the two in the middle", () => {
    assert.equal(medianOf([9, 1, 5]), 5);
    assert.equal(medianOf([1, 100, 3, 2]), 2.5);
  });

  test("quartiles lie between the nearest values, whatever the order", () => {
    assert.deepEqual(measured([5, 1, 4, 2, 3]), { median: 3, low: 2, high: 4 });
    assert.deepEqual(measured([4, 1, 3, 2]), { median: 2.5, low: 1.75, high: 3.25 });
  });

  test("one value is all of them", () => {
    assert.deepEqual(measured([7]), { median: 7, low: 7, high: 7 });
  });

  test("a quantile of many", () => {
    const values = Array.from({ length: 101 }, (_, index) => index);
    assert.equal(quantile(values, 0.99), 99);
    assert.equal(quantile(values, 1), 100);
  });

  test("of nothing there is no figure, rather than a good one", () => {
    assert.ok(Number.isNaN(medianOf([])));
  });
});
