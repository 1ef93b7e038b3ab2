import { base64 } from "@scure/base";
import { fromBase64url, toBase64url } from "#base64url";
import { fromUtf8, utf8 } from "../core/bytes.ts";
import { FLASK_TAGS } from "./_flask-tags.ts";
import type { JsonStyle } from "./_itsdangerous-json.ts";
import type { KeyDerivation } from "./_itsdangerous-signer.ts";
import { compress, decompress } from "./_itsdangerous-zlib.ts";

/** What one Python framework makes of a session's JSON before it is signed. */
export interface Format {
  readonly salt: string;
  readonly derivation: KeyDerivation;
  /** Looked at before any key is used. */
  readonly shape: RegExp;
  readonly style: JsonStyle;
  /** An object whose only key is one of these means something else there. */
  readonly tags: readonly string[];
  encode(json: string): string;
  /** @param limit How many bytes it may inflate to. */
  decode(value: string, limit: number): string | undefined;
}

/** What comes behind the value. A timestamp of one character is none. */
const URL_SAFE = /^\.?[\w-]+\.[\w-]{2,8}\.[\w-]{27}$/;
const STANDARD = /^[A-Za-z0-9+/]+={0,2}\.[\w-]{2,8}\.[\w-]{27}$/;

const COMPACT: JsonStyle = { comma: ",", colon: ":", ascii: false };

/** `URLSafeTimedSerializer(secret).dumps(b64encode(json))`. */
export const BLACKSHEEP: Format = {
  salt: "itsdangerous",
  derivation: "django-concat",
  shape: URL_SAFE,
  style: COMPACT,
  tags: [],
  encode: (json) => toUrlSafe(`"${base64.encode(utf8(json))}"`),
  decode(value, limit) {
    const text = fromUrlSafe(value, limit);
    if (text === undefined || !/^"[^"]*"$/.test(text)) return undefined;
    return fromStandard(text.slice(1, -1));
  },
};

/** `TimestampSigner(secret).sign(b64encode(json))`. */
export const STARLETTE: Format = {
  salt: "itsdangerous.Signer",
  derivation: "django-concat",
  shape: STANDARD,
  style: { comma: ", ", colon: ": ", ascii: true },
  tags: [],
  encode: (json) => base64.encode(utf8(json)),
  decode: fromStandard,
};

/** `URLSafeTimedSerializer(secret, "cookie-session", signer_kwargs={"key_derivation": "hmac"}).dumps(json)`. */
export const FLASK: Format = {
  salt: "cookie-session",
  derivation: "hmac",
  shape: URL_SAFE,
  style: COMPACT,
  tags: FLASK_TAGS,
  encode: toUrlSafe,
  decode: fromUrlSafe,
};

/** Compressed where that saves more than the dot that marks it. */
function toUrlSafe(text: string): string {
  const bytes = utf8(text);
  const small = compress(bytes);
  return small.length < bytes.length - 1 ? `.${toBase64url(small)}` : toBase64url(bytes);
}

/** @param limit How many bytes it may inflate to. */
export function fromUrlSafe(value: string, limit: number): string | undefined {
  const isCompressed = value.startsWith(".");
  const bytes = fromBase64url(isCompressed ? value.slice(1) : value);
  const whole = bytes !== undefined && isCompressed ? decompress(bytes, limit) : bytes;
  return whole && fromUtf8(whole);
}

function fromStandard(text: string): string | undefined {
  try {
    return fromUtf8(base64.decode(text));
  } catch {
    return undefined;
  }
}
