import { equalBytes } from "@noble/ciphers/utils.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha1 } from "@noble/hashes/legacy.js";
import { fromBase64url, toBase64url } from "#base64url";
import { utf8 } from "../core/bytes.ts";

/** How a key is made of a secret and a salt; the names are those of itsdangerous. */
export type KeyDerivation = "django-concat" | "hmac";

interface SignedText {
  readonly value: string;
  /** Signed by a key that is no longer the newest. */
  readonly stale: boolean;
}

export interface Signed extends SignedText {
  /** When it was signed, in seconds since the epoch. */
  readonly seconds: number;
}

/** itsdangerous' `Signer`: `VALUE.SIGNATURE`. */
interface UntimedSigner {
  sign(value: string): string;
  unsign(token: string): SignedText | undefined;
}

/** itsdangerous' `TimestampSigner`: `VALUE.TIMESTAMP.SIGNATURE`. */
export interface Signer {
  sign(value: string, seconds: number): string;
  /** The value is any text without a line break: its shape has been looked at before. */
  unsign(token: string): Signed | undefined;
}

/** The last second whose milliseconds fit into the 48 bits of a payload's time. */
const LAST_SECOND = Math.floor((2 ** 48 - 1) / 1000);

/** @param secrets The newest first: the reverse of itsdangerous' own order. */
export function createSigner(
  secrets: readonly string[],
  salt: Uint8Array,
  derivation: KeyDerivation,
): Signer {
  const signer = createUntimedSigner(secrets, salt, derivation);
  return {
    sign: (value, seconds) => signer.sign(`${value}.${timestampOf(seconds)}`),
    unsign(token) {
      const signed = signer.unsign(token);
      const middle = signed?.value.lastIndexOf(".") ?? -1;
      if (signed === undefined || middle < 0) return undefined;
      const { value, stale } = signed;
      const seconds = secondsOf(value.slice(middle + 1));
      return seconds === undefined ? undefined : { value: value.slice(0, middle), seconds, stale };
    },
  };
}

/** @param secrets As {@link createSigner} takes them. */
export function createUntimedSigner(
  secrets: readonly string[],
  salt: Uint8Array,
  derivation: KeyDerivation,
): UntimedSigner {
  const keys = secrets.map((secret) =>
    hmac.create(sha1, deriveKey(utf8(secret), salt, derivation)),
  );
  const signatureOf = (key: (typeof keys)[number] | undefined, value: string): string =>
    toBase64url(key?.clone().update(utf8(value)).digest() ?? new Uint8Array());

  return {
    sign: (value) => `${value}.${signatureOf(keys[0], value)}`,
    unsign(token) {
      const end = token.lastIndexOf(".");
      if (end < 0) return undefined;
      const value = token.slice(0, end);
      // As text, so that only one spelling of a signature is good: its last character has two bits that no byte uses.
      const signature = utf8(token.slice(end + 1));
      const index = keys.findIndex((key) => equalBytes(utf8(signatureOf(key, value)), signature));
      return index < 0 ? undefined : { value, stale: index > 0 };
    },
  };
}

function deriveKey(secret: Uint8Array, salt: Uint8Array, derivation: KeyDerivation): Uint8Array {
  if (derivation === "hmac") return hmac(sha1, secret, salt);
  return sha1.create().update(salt).update(utf8("signer")).update(secret).digest();
}

/** Seconds as the fewest big-endian bytes, so zero as none. */
function timestampOf(seconds: number): string {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(seconds));
  const first = bytes.findIndex((byte) => byte !== 0);
  return toBase64url(bytes.subarray(first < 0 ? bytes.length : first));
}

function secondsOf(timestamp: string): number | undefined {
  const bytes = fromBase64url(timestamp);
  if (bytes === undefined || bytes.length > 6) return undefined;
  const seconds = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  return seconds <= LAST_SECOND && timestampOf(seconds) === timestamp ? seconds : undefined;
}
