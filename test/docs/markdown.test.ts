import assert from "node:assert/strict";
import { test } from "node:test";
import { anchorsOf, blocksOf, linksOf } from "./markdown.ts";

const PAGE = [
  "# A `title`: here",
  "",
  "See [one](one.md#part) and `[none](none.md)`.",
  "",
  "```ts",
  "const link = [a](b.md);",
  "# not a heading",
  "```",
  "",
  "- in a list",
  "",
  "  ```sh",
  "  npm start",
  "  ```",
  "",
  "## Part",
  "## Part",
  "[two]: two.md",
].join("\n");

test("finds the blocks of a page, with their lines", () => {
  assert.deepEqual(blocksOf("page.md", PAGE), [
    {
      file: "page.md",
      line: 5,
      language: "ts",
      code: "const link = [a](b.md);\n# not a heading",
    },
    { file: "page.md", line: 12, language: "sh", code: "npm start" },
  ]);
});

test("finds the links of a page, and none in code", () => {
  assert.deepEqual(linksOf(PAGE), [
    { line: 3, target: "one.md#part" },
    { line: 18, target: "two.md" },
  ]);
});

test("spells headings as GitHub does", () => {
  assert.deepEqual(anchorsOf(PAGE), ["a-title-here", "part", "part-1"]);
});
