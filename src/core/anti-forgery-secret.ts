import { fromBase64url, toBase64url } from "#base64url";
import type { Random } from "./random.ts";

export const ANTI_FORGERY_BYTES = 32;

/** 32 random bytes in base64url: what the anti-forgery tokens of one session are bound to. */
export function newAntiForgerySecret(random: Random): string {
  return toBase64url(random(ANTI_FORGERY_BYTES));
}

export function isAntiForgerySecret(value: unknown): value is string {
  return typeof value === "string" && fromBase64url(value)?.length === ANTI_FORGERY_BYTES;
}
