import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as native from "./base64url.node.ts";
import * as portable from "./base64url.ts";
import { runs } from "./kit.test.ts";

const BOTH = { portable, native };
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

for (const [name, { toBase64url, fromBase64url }] of Object.entries(BOTH)) {
  test(`${name}: the vectors of RFC 4648, without padding`, () => {
    for (const [text, encoded] of [
      ["", ""],
      ["f", "Zg"],
      ["fo", "Zm8"],
      ["foo", "Zm9v"],
      ["foob", "Zm9vYg"],
      ["fooba", "Zm9vYmE"],
      ["foobar", "Zm9vYmFy"],
    ] as const) {
      const bytes = new TextEncoder().encode(text);
      assert.equal(toBase64url(bytes), encoded);
      assert.deepEqual(new Uint8Array(fromBase64url(encoded) ?? [0]), bytes);
    }
    assert.equal(toBase64url(Uint8Array.of(0xfb, 0xff, 0xfe)), "-__-");
  });

  test(`requirement 45: ${name}: what is not the one canonical spelling is undefined`, () => {
    for (const text of [
      "Zg==",
      "Zg=",
      "Zh",
      "Zm9",
      "Zm8=",
      "Zm9v=",
      "Z",
      "Zm9vY",
      " Zg",
      "Zg ",
      "Z g",
      "Zg\n",
      "Zg\t",
      "+/+/",
      "-_+/",
      "Zg.",
      "Zg~",
      "Zg\0",
      "Zgé",
      "Ｚｇ",
      "\ud800",
      "=",
      "====",
    ]) {
      assert.equal(fromBase64url(text), undefined, JSON.stringify(text));
    }
  });

  test(`requirement 45: ${name}: of the 64 last characters of two, only those with zero bits left over are accepted`, () => {
    const accepted = [...ALPHABET].filter((last) => fromBase64url(`Z${last}`) !== undefined);
    assert.equal(accepted.join(""), "AQgw");
    const three = [...ALPHABET].filter((last) => fromBase64url(`Zm${last}`) !== undefined);
    assert.equal(three.join(""), "AEIMQUYcgkosw048");
  });

  test(`${name}: bytes survive, whatever buffer they are a part of`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(5), (bytes, offset) => {
        const bed = new Uint8Array(bytes.length + 2 * offset);
        bed.set(bytes, offset);
        const text = toBase64url(bed.subarray(offset, offset + bytes.length));
        assert.match(text, /^[\w-]*$/);
        assert.deepEqual(new Uint8Array(fromBase64url(text) ?? []), bytes);
      }),
      runs(200),
    );
  });
}

test("native and portable agree about any text", () => {
  const near = fc.string({ unit: fc.constantFrom(...ALPHABET, "=", " ", "+", "/"), maxLength: 12 });
  fc.assert(
    fc.property(fc.oneof(near, fc.string({ unit: "binary" })), (text) => {
      const [a, b] = [portable.fromBase64url(text), native.fromBase64url(text)];
      assert.deepEqual(a && new Uint8Array(a), b && new Uint8Array(b));
      if (a !== undefined) assert.equal(portable.toBase64url(a), text);
    }),
    runs(500),
  );
});
