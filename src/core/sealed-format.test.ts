import assert from "node:assert/strict";
import { test } from "node:test";
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { base64urlnopad } from "@scure/base";
import { xchachaSealer } from "keepsake";
import { NOON, SECRET } from "./kit.test.ts";

const CONTEXT = { purpose: "session", name: "__Host-session", now: NOON };
const TEXT = new TextEncoder().encode("Fräulein Ada");

/** What this library once made; a change of it would end everybody's sessions. */
const TOKEN = "k1.QpfZ-xKD.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXP9fwe3f-ZlzJ9f9NvCaPrhGY3c6AllVDDO3kWz8";

/** Pieces, each behind its length in four bytes, written without the library. */
function prefixed(...pieces: string[]): Uint8Array {
  const bytes = pieces.flatMap((piece) => {
    const part = [...new TextEncoder().encode(piece)];
    return [0, 0, part.length >> 8, part.length & 0xff, ...part];
  });
  return Uint8Array.from(bytes);
}

const derive = (label: string, audience: string, length: number) => {
  const [secret, salt] = [SECRET, "keepsake"].map((text) => new TextEncoder().encode(text));
  return hkdf(sha256, secret ?? new Uint8Array(), salt, prefixed(label, audience), length);
};

test("the format: a token opens with HKDF-SHA-256 and XChaCha20-Poly1305 alone, as documented", () => {
  for (const audience of ["", "shop"]) {
    const token = xchachaSealer(SECRET, { audience }).seal(TEXT, CONTEXT);
    const [version = "", id = "", body = ""] = token.split(".");
    assert.equal(version, "k1");
    assert.equal(id, base64urlnopad.encode(derive("k1 key id", audience, 6)));
    const bytes = base64urlnopad.decode(body);
    const key = derive("k1 xchacha20-poly1305", audience, 32);
    const associated = prefixed("k1", id, "session", "__Host-session");
    const aead = xchacha20poly1305(key, bytes.subarray(0, 24), associated);
    assert.deepEqual(aead.decrypt(bytes.subarray(24)), TEXT);
  }
});

test("the format: a token from before still opens, and is made again from the same random bytes", () => {
  const nonce = Uint8Array.from({ length: 24 }, (_, at) => at);
  const sealer = xchachaSealer(SECRET, { random: () => nonce });
  assert.equal(sealer.seal(TEXT, CONTEXT), TOKEN);
  assert.deepEqual(new Uint8Array(sealer.open(TOKEN, CONTEXT)?.bytes ?? []), TEXT);
});
