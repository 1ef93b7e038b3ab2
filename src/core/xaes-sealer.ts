import { hkdfSha256, xaes } from "#xaes";
import type { Sealer } from "./sealer.ts";
import type { Secret } from "./secrets.ts";
import { type Suite, type SuiteSealerOptions, suiteSealer } from "./suite-sealer.ts";

const SUITE: Suite = {
  version: "k2",
  label: "k2 xaes-256-gcm",
  hkdf: hkdfSha256,
  use: xaes,
};

/** What `xaesSealer` takes beside the secret. */
export type XaesSealerOptions = SuiteSealerOptions;

/**
 * Seals tokens of the form `k2.KEYID.BODY` with XAES-256-GCM (c2sp.org/XAES-256-GCM), for those who need primitives that
 * FIPS 140 approves. On Node, Deno and Bun all of them (AES-256, GCM, HKDF-SHA-256) are `node:crypto`'s, so a validated
 * OpenSSL makes them validated. Elsewhere the same tokens come from JavaScript; prefer `xchachaSealer` there.
 *
 * The nonce is random: with its 192 bits that is safe for 2^80 tokens under one key, where plain AES-GCM is used up at
 * 2^32. Keys and their ids come from the secrets by HKDF-SHA-256 (RFC 5869), each under a label of its own.
 *
 * @param secret One secret of at least 32 random bytes as text, or several to rotate, the newest first.
 * @throws `ERR_SESSION_SECRET` if a secret is missing, short or obviously weak; `ERR_SESSION_CONFIG`.
 *
 * @example
 * ```ts
 * // From the default sealer to this one: what the old one sealed still opens, and is sealed anew at its next save.
 * new CookieSessionStore({ sealer: [xaesSealer(secret), xchachaSealer(secret)] });
 * ```
 */
export function xaesSealer(secret: Secret, options: XaesSealerOptions = {}): Sealer {
  return suiteSealer("xaesSealer", SUITE, secret, options);
}
