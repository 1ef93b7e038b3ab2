import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromUtf8, lengthPrefixed, utf8, utf8Length } from "./bytes.ts";
import { runs } from "./kit.test.ts";

test("the length in UTF-8 is known without encoding", () => {
  assert.equal(utf8Length("aé€💥"), 1 + 2 + 3 + 4);
  const text = fc.string({ unit: "grapheme" });
  fc.assert(
    fc.property(text, (each) => assert.equal(utf8Length(each), utf8(each).length)),
    runs(300),
  );
});

test("text survives, a byte order mark included, and what is not UTF-8 is undefined", () => {
  for (const text of ["", "a\0b", "\ufeffx", "é€💥", "\u{10ffff}"]) {
    assert.equal(fromUtf8(utf8(text)), text);
  }
  for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf5, 0x80]]) {
    assert.equal(fromUtf8(Uint8Array.from(bytes)), undefined);
  }
});

test('requirement 37: lists of pieces give the same bytes only if they are the same: ["ab", "c"] is not ["a", "bc"]', () => {
  const pieces = fc.array(fc.string({ maxLength: 5 }), { maxLength: 4 });
  assert.notDeepEqual(lengthPrefixed(["ab", "c"]), lengthPrefixed(["a", "bc"]));
  assert.deepEqual(
    lengthPrefixed(["a", Uint8Array.of(7)]),
    Uint8Array.of(0, 0, 0, 1, 97, 0, 0, 0, 1, 7),
  );
  fc.assert(
    fc.property(pieces, pieces, (a, b) => {
      const equal = JSON.stringify(a) === JSON.stringify(b);
      assert.equal(String(lengthPrefixed(a)) === String(lengthPrefixed(b)), equal);
    }),
    runs(300),
  );
});
