import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import { librarySources, list, ROOT, read } from "./support/repository.ts";

const PAGE = "CONTRIBUTING.md";

const [, tree = ""] = (await read(PAGE)).split("## The tree");
const named = [...tree.matchAll(/\b(?:src|scripts|test)\/[\w./-]+\.(?:ts|mjs)\b/g)].map(
  ([file]) => file,
);

describe(`The tree in ${PAGE}`, () => {
  test("names every source file and every script", async () => {
    const files = [...(await librarySources()), ...(await list("scripts/*.{ts,mjs}"))];
    assert.deepEqual(
      files.filter((file) => !named.includes(file)),
      [],
    );
  });

  test("names none twice", () => {
    assert.deepEqual(
      named.filter((file, index) => named.indexOf(file) !== index),
      [],
    );
  });

  test("names none that is gone", () => {
    assert.deepEqual(
      named.filter((file) => !existsSync(`${ROOT}${file}`)),
      [],
    );
  });
});
