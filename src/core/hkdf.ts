import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";

/** Derives `length` bytes from a secret, with SHA-256 (RFC 5869). */
export type Hkdf = (
  secret: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
) => Uint8Array;

/** In JavaScript alone: for every runtime. */
export const hkdfSha256: Hkdf = (secret, salt, info, length) =>
  hkdf(sha256, secret, salt, info, length);
