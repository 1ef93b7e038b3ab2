import { createCipheriv, createDecipheriv, getCipherInfo, type KeyObject } from "node:crypto";
import { hchacha } from "@noble/ciphers/chacha.js";
import { type Aead, xchacha as portableXchacha } from "./aead.ts";
import { messageKey, nativeAead, WHOLE_TAG } from "./cipher.node.ts";

const ALGORITHM = "chacha20-poly1305";
const SIGMA = words(new TextEncoder().encode("expand 32-byte k"));

/** The same bytes as `aead.ts`: the subkey by HChaCha20, the rest by OpenSSL, which is faster on Node and Deno. */
function nativeXchacha(key: Uint8Array): Aead {
  const keyWords = words(key);
  // Used again for every message: to make them anew costs as much as HChaCha20 itself.
  const longNonce = new Uint8Array(24);
  const longWords = new Uint32Array(longNonce.buffer, 0, 4);
  const longTail = longNonce.subarray(16);
  const subkeyWords = new Uint32Array(8);
  const subkeyBytes = new Uint8Array(subkeyWords.buffer);
  // The IETF cipher's 12 bytes: four zeros and the last eight of the long nonce.
  const shortNonce = new Uint8Array(12);

  const subkey = (nonce: Uint8Array): Uint8Array | KeyObject => {
    longNonce.set(nonce);
    shortNonce.set(longTail, 4);
    hchacha(SIGMA, keyWords, longWords, subkeyWords);
    return messageKey(subkeyBytes);
  };

  return nativeAead({
    seal: (nonce) => createCipheriv(ALGORITHM, subkey(nonce), shortNonce, WHOLE_TAG),
    open: (nonce) => createDecipheriv(ALGORITHM, subkey(nonce), shortNonce, WHOLE_TAG),
  });
}

/** Native where the build has the cipher: one in FIPS mode has not. */
export const xchacha: (key: Uint8Array) => Aead =
  getCipherInfo(ALGORITHM) === undefined ? portableXchacha : nativeXchacha;

/** Little-endian words, copied so that the view is aligned wherever the bytes came from. */
function words(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(new Uint8Array(bytes).buffer);
}
