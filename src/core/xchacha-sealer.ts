import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { xchacha } from "#aead";
import { fromBase64url, toBase64url } from "#base64url";
import type { Aead } from "./aead.ts";
import { lengthPrefixed, utf8 } from "./bytes.ts";
import { checkFunction, checkOptions, misconfigured } from "./options.ts";
import { type Random, systemRandom } from "./random.ts";
import type { SealContext, Sealer } from "./sealer.ts";
import { checkSecrets, type Secret } from "./secrets.ts";

const VERSION = "k1";
const SALT = utf8("keepsake");
const NONCE_BYTES = 24;
const TAG_BYTES = 16;
const KEY_ID_BYTES = 6;

export interface XChaChaSealerOptions {
  /** Separates applications or tenants that share a secret: none opens the tokens of another. Default: `""`. */
  readonly audience?: string;
  /** Secure random bytes for nonces. Default: the platform's CSPRNG. For tests. */
  readonly random?: Random;
}

interface Key extends Aead {
  readonly id: string;
}

/**
 * Seals tokens of the form `k1.KEYID.BODY` with XChaCha20-Poly1305, as in libsodium. The nonce is random: with its 192
 * bits that is safe for 2^80 tokens under one key. Keys and their ids come from the secrets by HKDF-SHA-256 (RFC 5869),
 * each under a label of its own, so that an id reveals nothing of its key.
 *
 * @param secret One secret of at least 32 random bytes as text, or several to rotate, the newest first.
 * @throws `ERR_SESSION_SECRET` if a secret is missing, short or obviously weak; `ERR_SESSION_CONFIG`.
 */
export function xchachaSealer(secret: Secret, options: XChaChaSealerOptions = {}): Sealer {
  const owner = "xchachaSealer";
  const secrets = checkSecrets(owner, secret);
  checkOptions(owner, options, ["audience", "random"]);
  const { audience = "", random = systemRandom } = options;
  if (typeof audience !== "string" || !audience.isWellFormed()) {
    throw misconfigured(`${owner}: audience must be text.`);
  }
  checkFunction(owner, "random", random);
  const keys = new Map(
    secrets.map((each) => deriveKey(each, audience)).map((key) => [key.id, key]),
  );
  const [newest] = keys.values();
  if (newest === undefined || keys.size < secrets.length) {
    throw misconfigured(`${owner}: two secrets have the same key id. Replace one of them.`);
  }

  return {
    seal(bytes, context) {
      const nonce = random(NONCE_BYTES);
      const sealed = newest.encrypt(nonce, associatedData(newest.id, context), bytes);
      const body = new Uint8Array(NONCE_BYTES + sealed.length);
      body.set(nonce);
      body.set(sealed, NONCE_BYTES);
      return `${VERSION}.${newest.id}.${toBase64url(body)}`;
    },
    open(token, context) {
      const [version, id = "", text = "", ...rest] = token.split(".", 4);
      const key = keys.get(id);
      if (version !== VERSION || key === undefined || rest.length > 0) return undefined;
      const body = fromBase64url(text);
      if (body === undefined || body.length < NONCE_BYTES + TAG_BYTES) return undefined;
      const nonce = body.subarray(0, NONCE_BYTES);
      const bytes = key.decrypt(nonce, associatedData(id, context), body.subarray(NONCE_BYTES));
      return bytes && { bytes, stale: key !== newest };
    },
  };
}

function deriveKey(secret: string, audience: string): Key {
  const derive = (label: string, length: number) =>
    hkdf(sha256, utf8(secret), SALT, lengthPrefixed([label, audience]), length);
  return {
    id: toBase64url(derive("k1 key id", KEY_ID_BYTES)),
    ...xchacha(derive("k1 xchacha20-poly1305", 32)),
  };
}

function associatedData(keyId: string, { purpose, name }: SealContext): Uint8Array {
  return lengthPrefixed([VERSION, keyId, purpose, name]);
}
