import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseJson } from "./json-parse.ts";
import { LONG } from "./kit.test.ts";

const runs = LONG ? 200_000 : 2000;

/** Keys made of what JSON escapes, and of what the escaping of keys here might stumble over. */
const key = fc
  .array(
    fc.constantFrom("\\", '"', "\n", "\0", "\ud800", "\u{1f600}", "a", "%", "%5C", ":", "1", "é"),
    { maxLength: 4 },
  )
  .map((parts) => parts.join(""));
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom<unknown>(null, 1, "", "\\", '"a":1', "\n", "__proto__"),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.oneof(key, fc.constant("__proto__")), tie("value"), { maxKeys: 4 }),
  ),
}));

test("invariant 16, any JSON value round-trips: keys of escapes, however many were parsed before", () => {
  fc.assert(
    fc.property(value, (value) => {
      const text = JSON.stringify(value);
      assert.equal(JSON.stringify(parseJson(text)), text);
    }),
    { numRuns: runs },
  );
});

test("a key with an escape is not taken for one that was parsed before", () => {
  const keys = ["\\", "\n", '"', "\0", "\ud800", "a\\", "a\n", 'a"'];
  for (const before of keys) {
    for (const after of keys) {
      parseJson(JSON.stringify({ h: 0, [before]: 0 }));
      const text = JSON.stringify({ h: 1, [after]: 1 });
      assert.equal(JSON.stringify(parseJson(text)), text);
    }
  }
});

test("what is no JSON is refused, also where it has escapes", () => {
  for (const text of ["", "{", '{"\\":1', '{"a\\', '"\\x"', '{"\\n":1}}', "\\"]) {
    assert.throws(() => parseJson(text), SyntaxError);
  }
});
