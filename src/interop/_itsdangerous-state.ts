import { fromBase64url, toBase64url } from "#base64url";
import { isAntiForgerySecret } from "../core/anti-forgery-secret.ts";
import { HANDLE_BYTES } from "../core/handle.ts";
import { isValues } from "../core/json.ts";
import type { SealedPayload } from "../core/sealed-payload.ts";

/** The data key under which the other side carries along what its format has no place for. */
export const STATE_KEY = "_keepsake";

/** The last moment that a payload can name. */
export const NEVER: number = 2 ** 48 - 1;

export type State = Omit<SealedPayload, "data">;

/** As JSON. Times are milliseconds since the epoch. */
export function writeState(payload: SealedPayload): string {
  return JSON.stringify({
    id: toBase64url(payload.handle),
    issued: payload.issuedAt,
    created: payload.createdAt,
    authenticated: payload.authenticatedAt,
    expires: payload.expiresAt,
    subject: payload.subject,
    flash: payload.flash,
    form: payload.antiForgerySecret && toBase64url(payload.antiForgerySecret),
  });
}

/** `undefined` where it is missing, or not as {@link writeState} makes it. */
export function readState(value: unknown): State | undefined {
  if (!isValues(value)) return undefined;
  const { id, issued, created, authenticated, expires, subject, flash, form } = value;
  const handle = typeof id === "string" ? fromBase64url(id) : undefined;
  if (handle?.length !== HANDLE_BYTES) return undefined;
  if (!isTime(issued) || !isTime(created) || !isTime(expires)) return undefined;
  if (authenticated !== undefined && (!isTime(authenticated) || authenticated === 0)) {
    return undefined;
  }
  if (!isTextOrNothing(subject) || !isTextOrNothing(flash)) return undefined;
  return {
    handle,
    issuedAt: issued,
    createdAt: created,
    authenticatedAt: authenticated,
    expiresAt: expires,
    antiForgerySecret: isAntiForgerySecret(form) ? fromBase64url(form) : undefined,
    subject,
    flash,
  };
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= NEVER;
}

function isTextOrNothing(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === "string" && value.isWellFormed());
}
