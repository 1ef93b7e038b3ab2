import { fromBase64url, toBase64url } from "#base64url";
import type { Aead } from "./aead.ts";
import { lengthPrefixed } from "./bytes.ts";
import { createKeyring, type KeyPlan } from "./keyring.ts";
import { checkFunction, checkOptions } from "./options.ts";
import { type Random, systemRandom } from "./random.ts";
import type { SealContext, Sealer } from "./sealer.ts";
import type { Secret } from "./secrets.ts";

const NONCE_BYTES = 24;
const TAG_BYTES = 16;
const MOST_PLACES = 64;

/** A cipher with a random nonce of 192 bits, and how its keys are made. */
export type Suite = KeyPlan<Aead>;

export interface SuiteSealerOptions {
  /** Separates applications or tenants that share a secret: none opens the tokens of another. Default: `""`. */
  readonly audience?: string;
  /** Secure random bytes for nonces. Default: the platform's CSPRNG. For tests. */
  readonly random?: Random;
}

/** Seals tokens of the form `VERSION.KEYID.BODY`. A body is nonce, ciphertext and tag. */
export function suiteSealer(
  owner: string,
  suite: Suite,
  secret: Secret,
  options: SuiteSealerOptions,
): Sealer {
  checkOptions(owner, options, ["audience", "random"]);
  const { audience = "", random = systemRandom } = options;
  checkFunction(owner, "random", random);
  const { newest, byId } = createKeyring(owner, secret, audience, suite);
  const places = new Map<string, Uint8Array>();
  const associatedData = (keyId: string, { purpose, name }: SealContext): Uint8Array => {
    const place = `${keyId}${purpose.length} ${purpose}${name}`;
    let associated = places.get(place);
    if (associated === undefined) {
      associated = lengthPrefixed([suite.version, keyId, purpose, name]);
      // Few places are ever sealed to; who has many shall not fill the memory.
      if (places.size >= MOST_PLACES) places.clear();
      places.set(place, associated);
    }
    return associated;
  };

  return {
    seal(bytes, context) {
      const nonce = random(NONCE_BYTES);
      const sealed = newest.use.encrypt(nonce, associatedData(newest.id, context), bytes);
      const body = new Uint8Array(NONCE_BYTES + sealed.length);
      body.set(nonce);
      body.set(sealed, NONCE_BYTES);
      return `${suite.version}.${newest.id}.${toBase64url(body)}`;
    },
    open(token, context) {
      const [version, id = "", text = "", ...rest] = token.split(".", 4);
      const key = byId.get(id);
      // Before anything is decoded: a token of another format or of an unknown key costs next to nothing.
      if (version !== suite.version || key === undefined || rest.length > 0) return undefined;
      const body = fromBase64url(text);
      if (body === undefined || body.length < NONCE_BYTES + TAG_BYTES) return undefined;
      const nonce = body.subarray(0, NONCE_BYTES);
      const sealed = body.subarray(NONCE_BYTES);
      const bytes = key.use.decrypt(nonce, associatedData(id, context), sealed);
      return bytes && { bytes, stale: key !== newest };
    },
  };
}
