import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { runs } from "./kit.test.ts";
import * as native from "./sha256.node.ts";
import * as portable from "./sha256.ts";

for (const [name, { sha256Text }] of Object.entries({ portable, native })) {
  test(`${name}: the examples of FIPS 180-4`, () => {
    for (const [text, digest] of [
      ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
      ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    ] as const) {
      const bytes = new TextEncoder().encode(text);
      assert.equal(sha256Text(bytes), Buffer.from(digest, "hex").toString("base64url"));
    }
  });
}

test("native and portable agree, whatever buffer the bytes are a part of", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(5), (bytes, offset) => {
      const bed = new Uint8Array(bytes.length + 2 * offset);
      bed.set(bytes, offset);
      const part = bed.subarray(offset, offset + bytes.length);
      assert.equal(native.sha256Text(part), portable.sha256Text(bytes));
    }),
    runs(200),
  );
});
