import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";

/** Authenticated encryption under one key, with a 24-byte nonce and a 16-byte tag behind the ciphertext. */
export interface Aead {
  encrypt(nonce: Uint8Array, associated: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** `undefined` for anything that this key did not seal: never an exception. */
  decrypt(nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
}

/** XChaCha20-Poly1305 as in libsodium (draft-irtf-cfrg-xchacha-03), in JavaScript alone: for every runtime. */
export function xchacha(key: Uint8Array): Aead {
  return {
    encrypt: (nonce, associated, plaintext) =>
      xchacha20poly1305(key, nonce, associated).encrypt(plaintext),
    decrypt(nonce, associated, sealed) {
      try {
        return xchacha20poly1305(key, nonce, associated).decrypt(sealed);
      } catch {
        return undefined;
      }
    },
  };
}
