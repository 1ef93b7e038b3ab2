import type {
  CipherChaCha20Poly1305,
  CipherGCM,
  DecipherChaCha20Poly1305,
  DecipherGCM,
} from "node:crypto";
import type { Aead } from "./aead.ts";

const TAG = 16;

/** A tag of another length is refused, and never one that was cut off accepted. */
export const WHOLE_TAG: { readonly authTagLength: number } = { authTagLength: TAG };

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
      const decipher = ciphers.open(nonce);
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
