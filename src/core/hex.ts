import { bytesToHex } from "@noble/hashes/utils.js";

/** Not in `bytes.ts`, which is all that a sealer of `node:crypto` alone may reach. */
export function toHex(bytes: Uint8Array): string {
  return bytesToHex(bytes);
}
