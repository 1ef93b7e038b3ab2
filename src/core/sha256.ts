import { sha256 } from "@noble/hashes/sha2.js";
import { toBase64url } from "#base64url";

/** SHA-256 in base64url, in every runtime. */
export function sha256Text(bytes: Uint8Array): string {
  return toBase64url(sha256(bytes));
}
