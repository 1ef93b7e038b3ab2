import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { STATUS_OF_CODE } from "../src/core/errors.ts";
import { librarySources, read } from "./support/repository.ts";

const PAGE = "docs/errors.md";

interface Entry {
  readonly code: string;
  readonly text: string;
}

async function entries(): Promise<Entry[]> {
  const [, ...sections] = (await read(PAGE)).split(/^## /m);
  return sections
    .map((section) => ({
      code: (section.split("\n", 1)[0] ?? "").replaceAll("`", "").trim(),
      text: section,
    }))
    .filter(({ code }) => code.startsWith("ERR_"));
}

describe("Every error code", () => {
  test(`is described once in ${PAGE}, and no other is`, async () => {
    const described = (await entries()).map(({ code }) => code);
    assert.deepEqual(described.sort(), Object.keys(STATUS_OF_CODE).sort());
  });

  for (const [code, status] of Object.entries(STATUS_OF_CODE)) {
    test(`${code} is described with its status, ${status}`, async () => {
      const entry = (await entries()).find((each) => each.code === code);
      assert.ok(entry, `${PAGE} has no heading \`## ${code}\``);
      assert.match(entry.text, new RegExp(`\\b${status}\\b`));
    });

    test(`${code} is used`, async () => {
      const files = (await librarySources()).filter((file) => file !== "src/core/errors.ts");
      const sources = await Promise.all(files.map(read));
      assert.ok(
        sources.some((source) => source.includes(`"${code}"`)),
        `nothing throws ${code}`,
      );
    });
  }
});
