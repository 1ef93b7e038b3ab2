import { equalBytes } from "@noble/ciphers/utils.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { fromBase64url, toBase64url } from "#base64url";
import { isAntiForgerySecret } from "../core/anti-forgery-secret.ts";
import { utf8 } from "../core/bytes.ts";
import type { Random } from "../core/random.ts";

const SALT_BYTES = 16;
const MAC_BYTES = 32;
const LENGTH = 64;
const PURPOSE = utf8("keepsake anti-forgery v1");

/** Text that is a secret; `undefined` for any other. */
export function readSecret(text: string | undefined): Uint8Array | undefined {
  return isAntiForgerySecret(text) ? fromBase64url(text) : undefined;
}

/**
 * A token of 64 characters for the holder of a secret, another one each time: a page that is compressed must not show
 * the same secret text twice (BREACH).
 */
export function createToken(secret: Uint8Array, random: Random): string {
  const salt = random(SALT_BYTES);
  const bytes = new Uint8Array(SALT_BYTES + MAC_BYTES);
  bytes.set(salt);
  bytes.set(macOf(secret, salt), SALT_BYTES);
  return toBase64url(bytes);
}

/** Whether a token was made for the holder of this secret. */
export function isTokenOf(secret: Uint8Array, token: string): boolean {
  const bytes = token.length === LENGTH ? fromBase64url(token) : undefined;
  if (bytes === undefined) return false;
  return equalBytes(macOf(secret, bytes.subarray(0, SALT_BYTES)), bytes.subarray(SALT_BYTES));
}

function macOf(secret: Uint8Array, salt: Uint8Array): Uint8Array {
  return hmac.create(sha256, secret).update(PURPOSE).update(salt).digest();
}
