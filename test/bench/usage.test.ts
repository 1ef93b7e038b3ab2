import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { PARTS } from "../../bench/parts/all.ts";
import { PART_NAMES } from "../../bench/report/measurements.ts";

const MAIN = fileURLToPath(new URL("../../bench/main.ts", import.meta.url));

function bench(...args: string[]) {
  return spawnSync(process.execPath, ["--conditions=keepsake-source", MAIN, ...args], {
    encoding: "utf8",
  });
}

test("the bench says how it is used, and measures nothing", () => {
  const { status, stdout } = bench("--help");
  assert.equal(status, 0);
  for (const word of ["--quick", "--only", "--page", ...PART_NAMES.map((n) => PARTS[n].word)]) {
    assert.ok(stdout.includes(word), word);
  }
});

test("the bench answers an option that it does not know, and a part, with a sentence", () => {
  const option = bench("--fast");
  assert.equal(option.status, 1);
  assert.match(option.stderr, /--fast[\s\S]*--quick/);
  assert.doesNotMatch(option.stderr, /^ +at /m);
  const part = bench("--only", "sleep");
  assert.equal(part.status, 1);
  assert.match(part.stderr, /There is no part sleep/);
});
