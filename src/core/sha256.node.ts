import { hash } from "node:crypto";

/** As `sha256.ts`, at once and without an object: a quarter of the time. */
export function sha256Text(bytes: Uint8Array): string {
  return hash("sha256", bytes, "base64url");
}
