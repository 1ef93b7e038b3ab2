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

/** What a token is sealed to, and the bytes of that. */
interface Place {
  readonly keyId: string;
  readonly purpose: string;
  readonly name: string;
  readonly associated: Uint8Array;
}

/** A cipher with a random nonce of 192 bits, and how its keys are made. */
export type Suite = KeyPlan<Aead>;

/** What the sealers that encrypt take beside the secret. */
export interface SuiteSealerOptions {
  /** Separates applications or tenants that share a secret: none opens the tokens of another. 512 bytes or fewer. Default: `""`. */
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
  const places: Place[] = [];
  const associatedData = (keyId: string, { purpose, name }: SealContext): Uint8Array => {
    for (const place of places) {
      if (place.name === name && place.purpose === purpose && place.keyId === keyId) {
        return place.associated;
      }
    }
    const associated = lengthPrefixed([suite.version, keyId, purpose, name]);
    // Few places are ever sealed to; who has many shall not fill the memory.
    if (places.length >= MOST_PLACES) places.length = 0;
    places.push({ keyId, purpose, name, associated });
    return associated;
  };
  const keys = [...byId.values()].map((key) => ({ key, head: `${suite.version}.${key.id}.` }));
  const newestHead = `${suite.version}.${newest.id}.`;

  return {
    seal(bytes, context) {
      const nonce = random(NONCE_BYTES);
      const sealed = newest.use.encrypt(nonce, associatedData(newest.id, context), bytes);
      // The nonce is a multiple of three bytes, so that what follows it can be encoded by itself.
      return `${newestHead}${toBase64url(nonce)}${toBase64url(sealed)}`;
    },
    open(token, context) {
      // Before anything is decoded: a token of another format or of an unknown key costs next to nothing.
      const named = keys.find(({ head }) => token.startsWith(head));
      if (named === undefined) return undefined;
      const { key, head } = named;
      const body = fromBase64url(token.slice(head.length));
      if (body === undefined || body.length < NONCE_BYTES + TAG_BYTES) return undefined;
      const nonce = body.subarray(0, NONCE_BYTES);
      const sealed = body.subarray(NONCE_BYTES);
      const bytes = key.use.decrypt(nonce, associatedData(key.id, context), sealed);
      return bytes && { bytes, stale: key !== newest };
    },
  };
}
