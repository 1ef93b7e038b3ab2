import assert from "node:assert/strict";
import { test } from "node:test";
import { missingLine } from "./expectation.ts";

const PRINTED = "HTTP/1.1 200 OK\r\nset-cookie: a=1; Path=/\r\n\r\ncount 1\n";

const CASES: readonly [expected: string, missing: string | undefined][] = [
  ["count 1", undefined],
  ["HTTP/1.1 200 OK\n\n  count 1", undefined],
  ["set-cookie: a=…; Path=/", undefined],
  ["set-cookie: …", undefined],
  ["count", "count"],
  ["count 1\nHTTP/1.1 200 OK", "HTTP/1.1 200 OK"],
  ["count 1\ncount 1", "count 1"],
  ["HTTP/1.1 200 O.", "HTTP/1.1 200 O."],
];

for (const [expected, missing] of CASES) {
  test(`${JSON.stringify(expected)} ${missing === undefined ? "is" : "is not"} what was printed`, () => {
    assert.equal(missingLine(expected, PRINTED), missing);
  });
}
