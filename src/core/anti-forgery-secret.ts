import { toBase64url } from "#base64url";
import type { Random } from "./random.ts";

export const ANTI_FORGERY_BYTES = 32;

/** 32 random bytes in base64url: what the anti-forgery tokens of one session are bound to. */
export function newAntiForgerySecret(random: Random): string {
  return toBase64url(random(ANTI_FORGERY_BYTES));
}

/** The last of the characters stands for four bits, and none may be left over. */
const SECRET = /^[\w-]{42}[AEIMQUYcgkosw048]$/;

export function isAntiForgerySecret(value: unknown): value is string {
  return typeof value === "string" && SECRET.test(value);
}
