import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { xaes } from "#xaes";
import { fromHex, toHex } from "../../test/support/format-vectors.ts";

interface Vector {
  readonly keyHex: string;
  readonly nonceAscii: string;
  readonly plaintextAscii: string;
  readonly aadAscii: string;
  readonly ciphertextHex: string;
}

const file = new URL("../../test/vectors/xaes-256-gcm.json", import.meta.url);
const { vectors }: { readonly vectors: readonly Vector[] } = JSON.parse(
  await readFile(file, "utf8"),
);
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

test("the published vectors of XAES-256-GCM, by what this runtime has of it", () => {
  assert.ok(vectors.length >= 2);
  for (const { keyHex, nonceAscii, plaintextAscii, aadAscii, ciphertextHex } of vectors) {
    const aead = xaes(fromHex(keyHex));
    const [nonce, associated] = [ascii(nonceAscii), ascii(aadAscii)];
    assert.equal(toHex(aead.encrypt(nonce, associated, ascii(plaintextAscii))), ciphertextHex);
    const opened = aead.decrypt(nonce, associated, fromHex(ciphertextHex));
    assert.equal(new TextDecoder().decode(opened), plaintextAscii);
  }
});
