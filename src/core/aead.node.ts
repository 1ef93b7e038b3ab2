import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  getCipherInfo,
  type KeyObject,
} from "node:crypto";
import { hchacha } from "@noble/ciphers/chacha.js";
import { type Aead, xchacha as portableXchacha } from "./aead.ts";

const ALGORITHM = "chacha20-poly1305";
const TAG = 16;
const OPTIONS = { authTagLength: TAG };
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

  return {
    encrypt(nonce, associated, plaintext) {
      const cipher = createCipheriv(ALGORITHM, subkey(nonce), shortNonce(nonce), OPTIONS);
      cipher.setAAD(associated, { plaintextLength: plaintext.length });
      const body = cipher.update(plaintext);
      cipher.final();
      const sealed = new Uint8Array(body.length + TAG);
      sealed.set(body);
      sealed.set(cipher.getAuthTag(), body.length);
      return sealed;
    },
    decrypt(nonce, associated, sealed) {
      const length = sealed.length - TAG;
      if (length < 0) return undefined;
      const decipher = createDecipheriv(ALGORITHM, subkey(nonce), shortNonce(nonce), OPTIONS);
      decipher.setAAD(associated, { plaintextLength: length });
      decipher.setAuthTag(sealed.subarray(length));
      const plaintext = decipher.update(sealed.subarray(0, length));
      try {
        decipher.final();
      } catch {
        return undefined;
      }
      return plaintext;
    },
  };
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
