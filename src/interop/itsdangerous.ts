import type { Sealer } from "../core/sealer.ts";
import type { Secret } from "../core/secrets.ts";
import { BLACKSHEEP, FLASK, STARLETTE } from "./_itsdangerous-formats.ts";
import { createSealer, type ItsdangerousOptions } from "./_itsdangerous-sealer.ts";

export { Markup, Tuple, taggedJson, Uuid } from "./_flask-json.ts";
export { type BlackSheepPairsOptions, blackSheepPairs } from "./_itsdangerous-pairs.ts";
export type { ItsdangerousOptions };

/**
 * Reads and writes the session cookies of BlackSheep's `CookieSessionStore`, byte for byte, so that a BlackSheep
 * service and a keepsake service share one cookie. Needs the package `pako`.
 *
 * **Signs, and encrypts nothing: whoever holds the cookie can read the whole session.** And the signature, HMAC-SHA-1
 * (RFC 2104), **binds neither the cookie's name nor the application**: what any program signs with the same secret and
 * itsdangerous' default salt may open as a session. Use the secret for nothing else, and let no visitor of the Python
 * side choose the names of session keys.
 *
 * What the format has no place for (handle, subject, times, flash values) travels under the data key `_keepsake`, which
 * the other side carries along until it clears the session. Without it all times are that of the signature. Where the other
 * side logs users in and out by a key of its own, give `subjectFrom`: otherwise a login here outlives a logout there.
 *
 * @param secret The other side's secret, of at least 32 bytes; or several to rotate, **the newest first, which is the
 * reverse of itsdangerous' own order**. The newest seals, all open.
 * @throws `ERR_SESSION_SECRET` if a secret is missing, short or obviously weak; `ERR_SESSION_CONFIG` for bad options.
 *
 * @example
 * ```ts
 * new CookieSessionStore({
 *   sealer: blacksheepSealer(secret),
 *   cookie: { name: "session", prefix: "none" },
 * });
 * ```
 */
export function blacksheepSealer(secret: Secret, options?: ItsdangerousOptions): Sealer {
  return createSealer("blacksheepSealer", BLACKSHEEP, secret, options);
}

/**
 * Reads and writes the cookies of Starlette's `SessionMiddleware` (FastAPI's too), byte for byte. All that
 * {@link blacksheepSealer} says holds: **readable by whoever holds it**, bound to no name, the newest secret first.
 *
 * Starlette takes a cookie for expired 14 days after it was signed. Many of its versions sign it anew with every
 * response.
 *
 * @throws `ERR_SESSION_SECRET`, `ERR_SESSION_CONFIG`, as {@link blacksheepSealer}.
 */
export function starletteSealer(secret: Secret, options?: ItsdangerousOptions): Sealer {
  return createSealer("starletteSealer", STARLETTE, secret, options);
}

/**
 * Reads and writes Flask's session cookies, byte for byte. All that {@link blacksheepSealer} says holds: **readable by
 * whoever holds it**, bound to no name, the newest secret first.
 *
 * With {@link taggedJson} as the store's `serializer`, tuples, bytes, dates, UUIDs and markup are values here, too, and
 * what a visitor sent that looks like one is not. With another serializer `seal` refuses what looks like one, unless it came
 * so from Flask in the token that is replaced: it might become markup that Flask does not escape.
 *
 * Flask takes a cookie for expired 31 days after it was signed. Inside an application it sorts the keys and escapes
 * what is not ASCII, and itsdangerous alone does not, nor does this: each reads both.
 *
 * @throws `ERR_SESSION_SECRET`, `ERR_SESSION_CONFIG`, as {@link blacksheepSealer}.
 */
export function flaskSealer(secret: Secret, options?: ItsdangerousOptions): Sealer {
  return createSealer("flaskSealer", FLASK, secret, options);
}
