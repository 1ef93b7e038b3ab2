import { ecb, gcm } from "@noble/ciphers/aes.js";
import type { Aead } from "./aead.ts";
import { gcmNonce, xaesSubkey } from "./xaes-blocks.ts";

export { hkdfSha256 } from "./hkdf.ts";

/**
 * XAES-256-GCM (c2sp.org/XAES-256-GCM), in JavaScript alone: for runtimes without `node:crypto`. AES in JavaScript looks
 * its key up in tables, so neighbours on the same processor core might learn of it by timing the cache.
 */
export function xaes(key: Uint8Array): Aead {
  const subkey = xaesSubkey((blocks) => ecb(key, { disablePadding: true }).encrypt(blocks));
  const cipher = (nonce: Uint8Array, associated: Uint8Array) =>
    gcm(subkey(nonce), gcmNonce(nonce), associated);
  return {
    encrypt: (nonce, associated, plaintext) => cipher(nonce, associated).encrypt(plaintext),
    decrypt(nonce, associated, sealed) {
      try {
        return cipher(nonce, associated).decrypt(sealed);
      } catch {
        return undefined;
      }
    },
  };
}
