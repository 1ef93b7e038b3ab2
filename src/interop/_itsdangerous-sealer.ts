import { sha256 } from "@noble/hashes/sha2.js";
import { fromBase64url, toBase64url } from "#base64url";
import { lengthPrefixed, utf8 } from "../core/bytes.ts";
import { SessionError } from "../core/errors.ts";
import type { Values } from "../core/json.ts";
import { checkOptions, checkSeconds, describe, misconfigured } from "../core/options.ts";
import { readPayload, writePayload } from "../core/sealed-payload.ts";
import type { SealContext, Sealer } from "../core/sealer.ts";
import { checkSecrets, type Secret } from "../core/secrets.ts";
import { HANDLE_BYTES } from "../core/session-config.ts";
import type { Format } from "./_itsdangerous-formats.ts";
import { layOut, readObject } from "./_itsdangerous-json.ts";
import { createSigner, type Signed } from "./_itsdangerous-signer.ts";
import { NEVER, readState, STATE_KEY, type State, writeState } from "./_itsdangerous-state.ts";

export interface ItsdangerousOptions {
  /**
   * Seconds after which a token no longer opens, counted from its last change, because that is when it was signed.
   * Default: unlimited, as in itsdangerous. The timeouts of the store hold either way.
   */
  readonly maxAge?: number;
  /** How many bytes a compressed token may inflate to. Default: 65,536. */
  readonly maxInflated?: number;
}

const SESSION = "session";

/** Of what is not a session: bytes, in the shape of a signed value. */
const NOTE = /^[\w-]*\.[\w-]{2,8}\.[\w-]{27}$/;

/** No serializer that reads JSON reads this: so the store tells of data that it refused, and changes none of it. */
const UNREADABLE = "not JSON: it has numbers or a meaning that would not survive";

export function createSealer(
  owner: string,
  format: Format,
  secret: Secret,
  options: ItsdangerousOptions = {},
): Sealer {
  const secrets = checkSecrets(owner, secret);
  checkOptions(owner, options, ["maxAge", "maxInflated"]);
  const { maxAge, maxInflated = 65_536 } = options;
  if (maxAge !== undefined) checkSeconds(owner, "maxAge", maxAge);
  if (!Number.isSafeInteger(maxInflated) || maxInflated < 1) {
    throw misconfigured(
      `${owner}: maxInflated must be a whole number of bytes above 0, not ${describe(maxInflated)}.`,
    );
  }
  const sessionSigner = createSigner(secrets, utf8(format.salt), format.derivation);
  const noteSigner = ({ purpose, name }: SealContext) =>
    createSigner(
      secrets,
      lengthPrefixed(["keepsake", format.salt, purpose, name]),
      format.derivation,
    );
  const unlessTooOld = (signed: Signed | undefined, now: number): Signed | undefined =>
    signed === undefined || secondsOf(now) - signed.seconds > (maxAge ?? Number.POSITIVE_INFINITY)
      ? undefined
      : signed;

  return {
    seal(bytes, context) {
      const seconds = secondsOf(context.now);
      if (context.purpose !== SESSION) return noteSigner(context).sign(toBase64url(bytes), seconds);
      return sessionSigner.sign(format.encode(jsonOf(owner, format, bytes)), seconds);
    },
    open(token, context) {
      if (context.purpose !== SESSION) {
        if (!NOTE.test(token)) return undefined;
        const signed = unlessTooOld(noteSigner(context).unsign(token), context.now);
        const bytes = signed && fromBase64url(signed.value);
        return bytes && { bytes, stale: signed.stale };
      }
      if (!format.shape.test(token)) return undefined;
      const signed = unlessTooOld(sessionSigner.unsign(token), context.now);
      const json = signed && format.decode(signed.value, maxInflated);
      const read = json === undefined ? undefined : readObject(json);
      if (signed === undefined || read === undefined) return undefined;
      const { [STATE_KEY]: state, ...values } = read.values;
      const data = read.isExact && !isTagged(values, format) ? JSON.stringify(values) : UNREADABLE;
      const bytes = writePayload({ ...stateOf(readState(state), token, signed), data });
      return { bytes, stale: signed.stale };
    },
  };
}

function secondsOf(now: number): number {
  return Math.floor(now / 1000);
}

/** A session's data, and the rest of it under the reserved key, last. */
function jsonOf(owner: string, format: Format, bytes: Uint8Array): string {
  const payload = readPayload(bytes);
  if (payload === undefined) {
    throw misconfigured(`${owner}: this sealer seals the sessions of a CookieSessionStore alone.`);
  }
  const read = readObject(payload.data);
  if (read === undefined) {
    throw misconfigured(
      `${owner}: the session's serializer does not write a JSON object, which is all that the other side reads. ` +
        "Leave out the option serializer, or give taggedJson where the other side is Flask.",
    );
  }
  if (!read.isExact) {
    throw unfit(owner, "The data has a number that JavaScript cannot hold. Keep it as text.");
  }
  if (Object.hasOwn(read.values, STATE_KEY)) {
    throw unfit(
      owner,
      `The key ${STATE_KEY} is taken: times and subject travel there. Choose another.`,
    );
  }
  if (isTagged(read.values, format)) {
    throw unfit(
      owner,
      "The session's only key is one that Flask marks values with. Choose another, or add a second one.",
    );
  }
  const start = payload.data.trimEnd().slice(0, -1);
  const comma = Object.keys(read.values).length === 0 ? "" : ",";
  return layOut(`${start}${comma}"${STATE_KEY}":${writeState(payload)}}`, format.style);
}

function isTagged(values: Values, { tags }: Format): boolean {
  const [first = "", ...more] = Object.keys(values);
  return more.length === 0 && tags.includes(first);
}

/** What is known of a session besides its data. The signature's own time is the last word on when that was. */
function stateOf(state: State | undefined, token: string, { seconds }: Signed): State {
  const signedAt = seconds * 1000;
  if (state === undefined) {
    return {
      handle: handleOf(token),
      issuedAt: signedAt,
      createdAt: signedAt,
      authenticatedAt: undefined,
      expiresAt: NEVER,
      subject: undefined,
      flash: undefined,
    };
  }
  if (secondsOf(state.issuedAt) === seconds) return state;
  // The other side has signed it anew since: the store's timeouts decide, from then on.
  return { ...state, issuedAt: signedAt, expiresAt: NEVER };
}

/** The same for the same token, so that a note of use finds its session. */
function handleOf(token: string): Uint8Array {
  return sha256(lengthPrefixed(["keepsake itsdangerous handle", token])).subarray(0, HANDLE_BYTES);
}

function unfit(owner: string, message: string): SessionError {
  return new SessionError("ERR_SESSION_VALUE", `${owner}: ${message}`);
}
