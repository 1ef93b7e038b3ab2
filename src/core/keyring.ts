import { toBase64url } from "#base64url";
import { lengthPrefixed, utf8, utf8Length } from "./bytes.ts";
import type { Hkdf } from "./hkdf.ts";
import { misconfigured } from "./options.ts";
import { checkSecrets, type Secret } from "./secrets.ts";

/** Of every key that is derived here: what tells them apart is the label. */
export const SALT: Uint8Array = utf8("keepsake");
const KEY_BYTES = 32;
const KEY_ID_BYTES = 6;
/** Bytes of UTF-8. Not every implementation of HKDF takes as much as the standard allows: OpenSSL's takes 1,024 with what stands before it. */
const LONGEST_AUDIENCE = 512;

/** How the keys of one token format come from a secret. */
export interface KeyPlan<Use> {
  /** What its tokens begin with. It names the label of the key ids, too. */
  readonly version: string;
  /** What the keys are for: no two formats share a label, so none shares a key. */
  readonly label: string;
  readonly hkdf: Hkdf;
  /** What a key is used by. The key itself is kept nowhere else. */
  readonly use: (key: Uint8Array) => Use;
}

interface Key<Use> {
  /** Public: it stands in the token, and says nothing of the key or the secret. */
  readonly id: string;
  readonly use: Use;
}

interface Keyring<Use> {
  /** The one that seals. */
  readonly newest: Key<Use>;
  /** All that open. */
  readonly byId: ReadonlyMap<string, Key<Use>>;
}

/**
 * Derives a key and its id from each secret, under labels of their own.
 *
 * @throws `ERR_SESSION_SECRET` for a weak secret, `ERR_SESSION_CONFIG` for a bad audience.
 */
export function createKeyring<Use>(
  owner: string,
  secret: Secret,
  audience: string,
  { version, label, hkdf, use }: KeyPlan<Use>,
): Keyring<Use> {
  const secrets = checkSecrets(owner, secret);
  if (typeof audience !== "string" || !audience.isWellFormed()) {
    throw misconfigured(`${owner}: audience must be text.`);
  }
  if (utf8Length(audience) > LONGEST_AUDIENCE) {
    throw misconfigured(`${owner}: audience must take ${LONGEST_AUDIENCE} bytes or fewer.`);
  }
  const keys = secrets.map((each): Key<Use> => {
    const derive = (purpose: string, length: number) =>
      hkdf(utf8(each), SALT, lengthPrefixed([purpose, audience]), length);
    return {
      id: toBase64url(derive(`${version} key id`, KEY_ID_BYTES)),
      use: use(derive(label, KEY_BYTES)),
    };
  });
  const byId = new Map(keys.map((key) => [key.id, key]));
  const [newest] = keys;
  if (newest === undefined || byId.size < keys.length) {
    throw misconfigured(`${owner}: two secrets have the same key id. Replace one of them.`);
  }
  return { newest, byId };
}
