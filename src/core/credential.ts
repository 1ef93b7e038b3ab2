import { equalBytes } from "@noble/ciphers/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { fromBase64url } from "#base64url";

/** What a store keeps of a credential. Fast and unsalted, because what is hashed is random bytes. */
export function hashCredential(credential: string): Uint8Array {
  return sha256(fromBase64url(credential) ?? new Uint8Array());
}

/** In constant time. */
export function isCredential(credential: string, hash: Uint8Array): boolean {
  return equalBytes(hashCredential(credential), hash);
}
