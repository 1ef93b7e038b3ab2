import { createCipheriv, createDecipheriv, createSecretKey } from "node:crypto";
import type { Aead } from "./aead.ts";
import { messageKey, nativeAead, WHOLE_TAG } from "./cipher.node.ts";
import { gcmNonce, xaesSubkey } from "./xaes-blocks.ts";

export { hkdfSha256 } from "./hkdf.node.ts";

/** The same bytes as `xaes.ts`. Every primitive is the platform's, so that they are approved where its OpenSSL is. */
export function xaes(key: Uint8Array): Aead {
  // One object for all messages: ECB keeps nothing from one whole block to the next.
  const ecb = createCipheriv("aes-256-ecb", createSecretKey(key), null);
  ecb.setAutoPadding(false);
  const derive = xaesSubkey((blocks) => ecb.update(blocks));
  const subkey = (nonce: Uint8Array) => messageKey(derive(nonce));

  return nativeAead({
    seal: (nonce) => createCipheriv("aes-256-gcm", subkey(nonce), gcmNonce(nonce), WHOLE_TAG),
    open: (nonce) => createDecipheriv("aes-256-gcm", subkey(nonce), gcmNonce(nonce), WHOLE_TAG),
  });
}
