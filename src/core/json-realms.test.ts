import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { findMisfit } from "./json.ts";

const find = (value: unknown) => findMisfit({ k: value }, { depth: 32, keys: 1000 });

test("objects of another realm are as good as any", () => {
  for (const code of ["({ a: [1, { b: null }] })", "[[], {}]"]) {
    assert.equal(find(runInNewContext(code)), undefined);
  }
  assert.match(find(runInNewContext("new Date()"))?.what ?? "", /Date/);
});
