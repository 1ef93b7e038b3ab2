import { xchacha } from "#aead";
import { hkdfSha256 } from "#hkdf";
import type { Sealer } from "./sealer.ts";
import type { Secret } from "./secrets.ts";
import { type Suite, type SuiteSealerOptions, suiteSealer } from "./suite-sealer.ts";

const SUITE: Suite = {
  version: "k1",
  label: "k1 xchacha20-poly1305",
  hkdf: hkdfSha256,
  use: xchacha,
};

/** What `xchachaSealer` takes beside the secret. */
export type XChaChaSealerOptions = SuiteSealerOptions;

/**
 * Seals tokens of the form `k1.KEYID.BODY` with XChaCha20-Poly1305, as in libsodium. The nonce is random: with its 192
 * bits that is safe for 2^80 tokens under one key. Keys and their ids come from the secrets by HKDF-SHA-256 (RFC 5869),
 * each under a label of its own, so that an id reveals nothing of its key.
 *
 * @param secret One secret of at least 32 random bytes as text, or several to rotate, the newest first.
 * @throws `ERR_SESSION_SECRET` if a secret is missing, short or obviously weak; `ERR_SESSION_CONFIG`.
 */
export function xchachaSealer(secret: Secret, options: XChaChaSealerOptions = {}): Sealer {
  return suiteSealer("xchachaSealer", SUITE, secret, options);
}
