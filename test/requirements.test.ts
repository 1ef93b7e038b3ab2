import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const security = await readFile(`${root}SECURITY.md`, "utf8");
const rows = [...security.matchAll(/^\| (\d+)\. .* \| (.+) \|$/gm)].map(([, number, where]) => ({
  number: Number(number),
  where: where ?? "",
}));

const LAST = 96;
const wanted = Array.from({ length: LAST }, (_, index) => index + 1);

test("SECURITY.md says of each requirement where it is tested, or why not", () => {
  assert.deepEqual(
    rows.map(({ number }) => number),
    wanted,
  );
});

for (const { number, where } of rows) {
  const files = [...where.matchAll(/`((?:src|test|probe)\/[^`]+\.ts)`/g)].map(
    ([, file]) => file ?? "",
  );
  if (files.length === 0) continue;
  test(`requirement ${number} is in the name of a test of each file that SECURITY.md names`, async () => {
    for (const file of files) {
      const text = await readFile(`${root}${file}`, "utf8");
      assert.match(text, new RegExp(`requirements? (?:\\d+(?:, | and ))*${number}\\b`), file);
    }
  });
}
