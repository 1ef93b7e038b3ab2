import { sha256 } from "@noble/hashes/sha2.js";
import { fromBase64url, toBase64url } from "#base64url";
import { lengthPrefixed, utf8 } from "../core/bytes.ts";
import { SessionError } from "../core/errors.ts";
import { HANDLE_BYTES } from "../core/handle.ts";
import type { Values } from "../core/json.ts";
import {
  checkFunction,
  checkOptions,
  checkSeconds,
  describe,
  misconfigured,
} from "../core/options.ts";
import { readPayload, type SealedPayload, writePayload } from "../core/sealed-payload.ts";
import type { SealContext, Sealer } from "../core/sealer.ts";
import { checkSecrets, type Secret } from "../core/secrets.ts";
import { isSubject } from "../core/session-checks.ts";
import { TAGGED, taggedValues, tagOf } from "./_flask-tags.ts";
import type { Format } from "./_itsdangerous-formats.ts";
import { layOut, readObject, writeOut } from "./_itsdangerous-json.ts";
import { createSigner, type Signed } from "./_itsdangerous-signer.ts";
import { NEVER, readState, STATE_KEY, type State, writeState } from "./_itsdangerous-state.ts";

/** What the sealers take that read and write the tokens of itsdangerous. */
export interface ItsdangerousOptions {
  /**
   * Seconds after which a token no longer opens, counted from its last change, because that is when it was signed.
   * Default: unlimited, as in itsdangerous. The timeouts of the store hold either way.
   */
  readonly maxAge?: number;
  /** How many bytes a compressed token may inflate to. Default: 65,536. */
  readonly maxInflated?: number;
  /**
   * Who is logged in, by the session's data: for where the other side keeps its user there, and logs users in and out.
   * Then its key decides. Where it names somebody else than the login that keepsake has noted, that one is over: the
   * session belongs to whom the data names, under another handle, with the signing time as its beginning and without
   * `authenticatedAt`, because nobody here has seen the login. Default: the data says nothing, and `login()` alone decides.
   *
   * What is sealed must agree: where `login()` and the data name different users the save fails with `ERR_SESSION_VALUE`.
   *
   * The data is as it is on the wire. A subject that `login()` would refuse counts as none.
   *
   * @example
   * ```ts
   * flaskSealer(secret, { subjectFrom: ({ user_id }) => (user_id == null ? undefined : String(user_id)) });
   * ```
   */
  readonly subjectFrom?: (data: Readonly<Record<string, unknown>>) => string | undefined;
}

const SESSION = "session";

/** Of what is not a session: bytes, in the shape of a signed value. */
const NOTE = /^[\w-]*\.[\w-]{2,8}\.[\w-]{27}$/;

/** In the place of data that cannot be read: no JSON either, for who does not look at the reason. */
const UNREADABLE = "not JSON";

export function createSealer(
  owner: string,
  format: Format,
  secret: Secret,
  options: ItsdangerousOptions = {},
): Sealer {
  const secrets = checkSecrets(owner, secret);
  checkOptions(owner, options, ["maxAge", "maxInflated", "subjectFrom"]);
  const { maxAge, maxInflated = 65_536, subjectFrom } = options;
  if (maxAge !== undefined) checkSeconds(owner, "maxAge", maxAge);
  checkFunction(owner, "subjectFrom", subjectFrom);
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

  /** What a session's token says, in the other side's form. */
  const read = (token: string, now: number) => {
    if (!format.shape.test(token)) return undefined;
    const signed = unlessTooOld(sessionSigner.unsign(token), now);
    const json = signed && format.decode(signed.value, maxInflated);
    const object = json === undefined ? undefined : readObject(json);
    return signed && object && { ...object, signed };
  };

  const subjectOf = (values: Values): string | undefined => {
    const subject = subjectFrom?.(values);
    return isSubject(subject) ? subject : undefined;
  };

  /** The state that came with the data, unless the data says that somebody else is logged in by now. */
  const stateOf = (values: Values, note: unknown, token: string, signed: Signed): State => {
    const state = readState(note);
    if (subjectFrom === undefined) return timesOf(state ?? newState(token, signed), signed);
    const subject = subjectOf(values);
    const isSame = state !== undefined && state.subject === subject;
    return timesOf(isSame ? state : { ...newState(token, signed), subject }, signed);
  };

  const checkTags = (values: Values, { before, now }: SealContext): void => {
    let known: Set<string> | undefined;
    for (const { path, text } of taggedValues(values, format.tags)) {
      // What the other side has tagged goes back as it came. Nothing is opened again where there is no tag.
      known ??= textsOf(before === undefined ? undefined : read(before, now)?.values, format);
      if (known.has(text)) continue;
      throw unfit(
        owner,
        `${path} is an object that Flask would take for something else, because of its only key. ` +
          "Give the store serializer: taggedJson, which keeps it what it is.",
      );
    }
  };

  const checkSubject = (values: Values, { subject }: SealedPayload): void => {
    if (subjectFrom === undefined || subjectOf(values) === subject) return;
    throw unfit(
      owner,
      "subjectFrom finds another user in the data than the one who is logged in here, or none, or one where nobody is. " +
        "After login() set the key that it reads, and set it nowhere else.",
    );
  };

  return {
    chunkable: false,
    seal(bytes, context) {
      const seconds = secondsOf(context.now);
      if (context.purpose !== SESSION) return noteSigner(context).sign(toBase64url(bytes), seconds);
      const payload = readPayload(bytes);
      if (payload === undefined) {
        throw misconfigured(
          `${owner}: this sealer seals the sessions of a CookieSessionStore alone.`,
        );
      }
      const data = writeOut(payload.data);
      const values = valuesOf(owner, format, data);
      if (!payload.data.startsWith(TAGGED)) checkTags(values, context);
      checkSubject(values, payload);
      const json = jsonOf(format, values, { ...payload, data });
      return sessionSigner.sign(format.encode(json), seconds);
    },
    open(token, context) {
      if (context.purpose !== SESSION) {
        if (!NOTE.test(token)) return undefined;
        const signed = unlessTooOld(noteSigner(context).unsign(token), context.now);
        const bytes = signed && fromBase64url(signed.value);
        return bytes && { bytes, stale: signed.stale };
      }
      const found = read(token, context.now);
      if (found === undefined) return undefined;
      const { signed } = found;
      const { [STATE_KEY]: note, ...values } = found.values;
      const unreadable = reasonAgainst(found.isExact, values, format);
      if (unreadable !== undefined) {
        const state = timesOf(readState(note) ?? newState(token, signed), signed);
        const bytes = writePayload({ ...state, data: UNREADABLE });
        return { bytes, stale: signed.stale, unreadable };
      }
      const data = JSON.stringify(values);
      const bytes = writePayload({ ...stateOf(values, note, token, signed), data });
      return { bytes, stale: signed.stale };
    },
  };
}

function secondsOf(now: number): number {
  return Math.floor(now / 1000);
}

/** Why data of the other side cannot be had here: to change it would be to destroy it. */
function reasonAgainst(isExact: boolean, values: Values, { tags }: Format): string | undefined {
  if (!isExact) return "it has a number that JavaScript cannot hold, such as NaN or 2 ** 53 + 1";
  if (tagOf(values, tags) !== undefined) return "its only key is one that Flask marks values with";
  return undefined;
}

function textsOf(values: Values | undefined, { tags }: Format): Set<string> {
  return new Set(Array.from(taggedValues(values ?? {}, tags), ({ text }) => text));
}

/** A session's data, where the other side can have it. */
function valuesOf(owner: string, { tags }: Format, data: string): Values {
  const read = readObject(data);
  if (read === undefined) {
    throw misconfigured(
      `${owner}: the session's serializer does not write a JSON object, which is all that the other side reads. ` +
        "Leave out the option serializer, or give taggedJson where the other side is Flask.",
    );
  }
  const { values, isExact } = read;
  if (!isExact) {
    throw unfit(owner, "The data has a number that JavaScript cannot hold. Keep it as text.");
  }
  if (Object.hasOwn(values, STATE_KEY)) {
    throw unfit(
      owner,
      `The key ${STATE_KEY} is taken: times and subject travel there. Choose another.`,
    );
  }
  if (tagOf(values, tags) !== undefined) {
    throw unfit(
      owner,
      "The session's only key is one that Flask marks values with. Choose another, or add a second one.",
    );
  }
  return values;
}

/** A session's data, and the rest of it under the reserved key, last. */
function jsonOf({ style }: Format, values: Values, payload: SealedPayload): string {
  const start = payload.data.trimEnd().slice(0, -1);
  const comma = Object.keys(values).length === 0 ? "" : ",";
  return layOut(`${start}${comma}"${STATE_KEY}":${writeState(payload)}}`, style);
}

/** What is known of a session that the other side began. */
function newState(token: string, { seconds }: Signed): State {
  const signedAt = seconds * 1000;
  return {
    handle: handleOf(token),
    issuedAt: signedAt,
    createdAt: signedAt,
    authenticatedAt: undefined,
    expiresAt: NEVER,
    antiForgerySecret: undefined,
    subject: undefined,
    flash: undefined,
  };
}

/** The signature's own time is the last word on when that was. */
function timesOf(state: State, { seconds }: Signed): State {
  if (secondsOf(state.issuedAt) === seconds) return state;
  // The other side has signed it anew since: the store's timeouts decide, from then on.
  return { ...state, issuedAt: seconds * 1000, expiresAt: NEVER };
}

/** The same for the same token, so that a note of use finds its session. */
function handleOf(token: string): Uint8Array {
  return sha256(lengthPrefixed(["keepsake itsdangerous handle", token])).subarray(0, HANDLE_BYTES);
}

function unfit(owner: string, message: string): SessionError {
  return new SessionError("ERR_SESSION_VALUE", `${owner}: ${message}`);
}
