import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  getCipherInfo,
  type KeyObject,
} from "node:crypto";
import { hchacha } from "@noble/ciphers/chacha.js";
import { type Aead, xchacha as portableXchacha } from "./aead.ts";
import { nativeAead, WHOLE_TAG } from "./cipher.node.ts";

const ALGORITHM = "chacha20-poly1305";
const SIGMA = words(new TextEncoder().encode("expand 32-byte k"));

/** The same bytes as `aead.ts`: the subkey by HChaCha20, the rest by OpenSSL, which is faster on Node and Deno. */
function nativeXchacha(key: Uint8Array): Aead {
  const keyWords = words(key);
  const subkeyWords = new Uint32Array(8);

  // A KeyObject, because Node 24.21 charges 26 µs for every cipher whose key is bytes.
  const subkey = (nonce: Uint8Array): KeyObject => {
    hchacha(SIGMA, keyWords, words(nonce.subarray(0, 16)), subkeyWords);
    return createSecretKey(new Uint8Array(subkeyWords.buffer));
  };

  return nativeAead({
    seal: (nonce) => createCipheriv(ALGORITHM, subkey(nonce), shortNonce(nonce), WHOLE_TAG),
    open: (nonce) => createDecipheriv(ALGORITHM, subkey(nonce), shortNonce(nonce), WHOLE_TAG),
  });
}

/** Native where the build has the cipher: one in FIPS mode has not. */
export const xchacha: (key: Uint8Array) => Aead =
  getCipherInfo(ALGORITHM) === undefined ? portableXchacha : nativeXchacha;

/** The IETF cipher's 12 bytes: four zeros and the last eight of the long nonce. */
function shortNonce(nonce: Uint8Array): Uint8Array {
  const short = new Uint8Array(12);
  short.set(nonce.subarray(16), 4);
  return short;
}

/** Little-endian words, copied so that the view is aligned wherever the bytes came from. */
function words(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(new Uint8Array(bytes).buffer);
}
