import { Buffer } from "node:buffer";
import {
  type CipherChaCha20Poly1305,
  type CipherGCM,
  createSecretKey,
  type DecipherChaCha20Poly1305,
  type DecipherGCM,
  type KeyObject,
} from "node:crypto";
import type { Aead } from "./aead.ts";

const TAG = 16;

/** A tag of another length is refused, and never one that was cut off accepted. */
export const WHOLE_TAG: { readonly authTagLength: number } = { authTagLength: TAG };

/**
 * The key of one message, as it costs least. Bytes do, but in Node 24: 24.21 charges 12 to 26 µs for every cipher whose key
 * is bytes, where a KeyObject costs 1 µs and more on all of them.
 */
export const messageKey: (bytes: Uint8Array) => Uint8Array | KeyObject =
  process.versions.node.startsWith("24.") ? createSecretKey : (bytes) => bytes;

/** One of OpenSSL's ciphers for each message, made from its long nonce. */
interface Ciphers {
  readonly seal: (nonce: Uint8Array) => CipherGCM | CipherChaCha20Poly1305;
  readonly open: (nonce: Uint8Array) => DecipherGCM | DecipherChaCha20Poly1305;
}

/** Authenticated encryption by OpenSSL, with the tag behind the ciphertext. */
export function nativeAead(ciphers: Ciphers): Aead {
  return {
    encrypt(nonce, associated, plaintext) {
      const cipher = ciphers.seal(nonce);
      cipher.setAAD(associated);
      const body = cipher.update(plaintext);
      cipher.final();
      // Half of what Buffer.concat takes.
      const sealed = Buffer.allocUnsafe(body.length + TAG);
      sealed.set(body);
      sealed.set(cipher.getAuthTag(), body.length);
      return sealed;
    },
    decrypt(nonce, associated, sealed) {
      const length = sealed.length - TAG;
      if (length < 0) return undefined;
      const decipher = ciphers.open(nonce);
      decipher.setAAD(associated);
      decipher.setAuthTag(sealed.subarray(length));
      const plaintext = decipher.update(sealed.subarray(0, length));
      return isWhole(decipher) ? plaintext : undefined;
    },
  };
}

/**
 * Whether the tag is right. To find out makes an error where it is not, whose stack nobody reads and which would make a
 * forged token dearer than a good one.
 */
function isWhole(decipher: DecipherGCM | DecipherChaCha20Poly1305): boolean {
  const { stackTraceLimit } = Error;
  // Not by assignment, which throws where an application has frozen it.
  Reflect.set(Error, "stackTraceLimit", 0);
  try {
    decipher.final();
    return true;
  } catch {
    return false;
  } finally {
    Reflect.set(Error, "stackTraceLimit", stackTraceLimit);
  }
}
