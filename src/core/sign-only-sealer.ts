import { equalBytes } from "@noble/ciphers/utils.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { fromBase64url, toBase64url } from "#base64url";
import { hkdfSha256 } from "#hkdf";
import { lengthPrefixed } from "./bytes.ts";
import { createKeyring } from "./keyring.ts";
import { checkOptions } from "./options.ts";
import type { SealContext, Sealer } from "./sealer.ts";
import type { Secret } from "./secrets.ts";

const OWNER = "signOnly";
const VERSION = "s1";
const LABEL = "s1 hmac-sha-256";

/** What `signOnly` takes beside the secret. */
export interface SignOnlyOptions {
  /** Separates applications or tenants that share a secret: none opens the tokens of another. 512 bytes or fewer. Default: `""`. */
  readonly audience?: string;
}

/**
 * **Signs, and encrypts nothing: whoever holds the cookie can read the whole session.** That is the visitor, every
 * extension and proxy that sees the cookie, and every log that it ends up in. Put nothing secret and nothing personal in
 * such a session: no address, no name, no role that is nobody's business. Nobody can change it; that is all it promises.
 *
 * For programs that must read a session without having its key. Everywhere else use `xchachaSealer`, which is the
 * default.
 *
 * Tokens are `s1.KEYID.PAYLOAD.MAC`: the payload in base64url, and HMAC-SHA-256 (RFC 2104) over it, its purpose and its
 * name. Keys and their ids come from the secrets by HKDF-SHA-256 (RFC 5869), each under a label of its own.
 *
 * @param secret One secret of at least 32 random bytes as text, or several to rotate, the newest first.
 * @throws `ERR_SESSION_SECRET` if a secret is missing, short or obviously weak; `ERR_SESSION_CONFIG`.
 */
export function signOnly(secret: Secret, options: SignOnlyOptions = {}): Sealer {
  checkOptions(OWNER, options, ["audience"]);
  const { audience = "" } = options;
  const use = (key: Uint8Array) => {
    const keyed = hmac.create(sha256, key);
    return (keyId: string, { purpose, name }: SealContext, bytes: Uint8Array): Uint8Array =>
      keyed
        .clone()
        .update(lengthPrefixed([VERSION, keyId, purpose, name, bytes]))
        .digest();
  };
  const plan = { version: VERSION, label: LABEL, hkdf: hkdfSha256, use };
  const { newest, byId } = createKeyring(OWNER, secret, audience, plan);

  return {
    seal(bytes, context) {
      const mac = newest.use(newest.id, context, bytes);
      return `${VERSION}.${newest.id}.${toBase64url(bytes)}.${toBase64url(mac)}`;
    },
    open(token, context) {
      const [version, id = "", payload = "", macText = "", ...rest] = token.split(".", 5);
      const key = byId.get(id);
      // Before anything is decoded: a token of another format or of an unknown key costs next to nothing.
      if (version !== VERSION || key === undefined || rest.length > 0) return undefined;
      const bytes = fromBase64url(payload);
      const mac = fromBase64url(macText);
      if (bytes === undefined || mac === undefined) return undefined;
      if (!equalBytes(key.use(id, context, bytes), mac)) return undefined;
      return { bytes, stale: key !== newest };
    },
  };
}
