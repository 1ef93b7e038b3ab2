import { equalBytes } from "@noble/ciphers/utils.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { sha256Text } from "#sha256";
import { isValues } from "../json.ts";
import { REMEMBERED } from "../timeouts.ts";
import type { DataKey } from "./data-key.ts";

export const CREDENTIAL_BYTES = 32;
export const NONCE_BYTES = 16;

/** How long a credential stays good once its successor has been presented. */
const GRACE = 30_000;
/** Beyond that the oldest are forgotten early, so that a client cannot make a record grow. */
const MOST_RETIRED = 16;

/** What a record keeps of a credential that is good. */
interface Valid {
  /** SHA-256, in base64url. */
  readonly hash: string;
  /** The record's data key under this credential, where the data is encrypted. */
  readonly wrap?: string;
}

interface Current extends Valid {
  /** When it was first good, in milliseconds since the epoch. */
  readonly since: number;
}

interface Successor extends Valid {
  /** With the current credential it gives the successor: so every holder is handed the same one. */
  readonly nonce: string;
}

interface Until {
  readonly hash: string;
  readonly until: number;
}

/**
 * The credentials of one session, as hashes: the one that is good, the one that will be, those that still are for a
 * while, and those that lately were. A login, a renewal and an end change nothing else, so each is one update.
 */
export interface Credentials {
  /** There is none in a session that ended. */
  readonly current?: Current;
  readonly successor?: Successor;
  readonly grace?: readonly (Valid & Until)[];
  readonly retired?: readonly Until[];
  /** The anti-forgery secret, which every login and regeneration replaces. What is no such text counts as missing. */
  readonly form?: unknown;
}

/**
 * How a credential stands in a session: `current`, `successor` and `grace` are good; `overdue` was handed a successor
 * and is past its grace; `retired` lost its right to a login, a regeneration or an end.
 */
export type Standing = "current" | "successor" | "grace" | "overdue" | "retired" | "unknown";

/** Fast and unsalted, because what is hashed is random bytes. */
export function hashOf(credential: Uint8Array): string {
  return sha256Text(credential);
}

/** @param dataKey Where the data is encrypted. */
export function kept(credential: Uint8Array, dataKey: DataKey | undefined): Valid {
  const hash = hashOf(credential);
  return dataKey === undefined ? { hash } : { hash, wrap: dataKey.wrap(credential) };
}

export function standingOf(credentials: Credentials, hash: string, now: number): Standing {
  const { current, successor, grace, retired } = credentials;
  const isHashOf = (each: { readonly hash: string }): boolean => isSameHash(each.hash, hash);
  if (current !== undefined && isHashOf(current)) return "current";
  if (successor !== undefined && isHashOf(successor)) return "successor";
  const leaving = grace?.find(isHashOf);
  if (leaving !== undefined) {
    if (now < leaving.until) return "grace";
    return now < leaving.until + REMEMBERED ? "overdue" : "unknown";
  }
  const past = retired?.find(isHashOf);
  return past !== undefined && now < past.until ? "retired" : "unknown";
}

const HASH_LENGTH = 43;
const encoder = new TextEncoder();
/**
 * Made once: to make room for the bytes takes ten times as long as to compare them. More room than a hash needs, because
 * without any to spare `encodeInto` of Node 26 loses the last letter of text that it holds in two bytes each.
 */
const [ours, theirs] = [new Uint8Array(HASH_LENGTH * 3), new Uint8Array(HASH_LENGTH * 3)];
const [ourHash, theirHash] = [ours.subarray(0, HASH_LENGTH), theirs.subarray(0, HASH_LENGTH)];

function isSameHash(stored: string, presented: string): boolean {
  if (stored.length !== HASH_LENGTH || presented.length !== HASH_LENGTH) return false;
  // Either may come from a record that is damaged: other letters than those of a hash take more bytes.
  const isOurs = encoder.encodeInto(stored, ours).written === HASH_LENGTH;
  const isTheirs = encoder.encodeInto(presented, theirs).written === HASH_LENGTH;
  return equalBytes(ourHash, theirHash) && isOurs && isTheirs;
}

/** The wrapped data key for a credential that is good. */
export function wrapFor(credentials: Credentials, hash: string): string | undefined {
  const { current, successor, grace } = credentials;
  const isIts = (each: Valid | undefined) => each?.hash === hash;
  return [current, successor].find(isIts)?.wrap ?? grace?.find(isIts)?.wrap;
}

/** A session's first credential, or a new one that ends all others at once. */
export function issue(
  current: Valid,
  now: number,
  before: Credentials = {},
  form?: string,
): Credentials {
  const issued = { current: { ...current, since: now }, ...(form === undefined ? {} : { form }) };
  return withRetired(issued, retire(before, now));
}

/** No credential is good any more. */
export function end(before: Credentials, now: number): Credentials {
  return withRetired({}, retire(before, now));
}

/** From here on holders of the current credential are handed this successor, and both are good. */
export function beginRenewal(before: Credentials, successor: Successor, now: number): Credentials {
  return tidy({ ...before, successor }, now);
}

/** The successor was presented: it becomes the current one, and its predecessor's grace begins. */
export function completeRenewal(before: Credentials, now: number): Credentials {
  const { current, successor, grace = [], ...rest } = before;
  if (current === undefined || successor === undefined) return before;
  const { nonce: _, ...presented } = successor;
  const { since: __, ...leaving } = current;
  const after = {
    ...rest,
    current: { ...presented, since: now },
    grace: [{ ...leaving, until: now + GRACE }, ...grace],
  };
  return tidy(after, now);
}

/** HMAC-SHA-256 under the current credential: who knows that one and the record's nonce knows the successor, nobody else. */
export function successorOf(credential: Uint8Array, nonce: Uint8Array): Uint8Array {
  return hmac(sha256, credential, nonce);
}

function retire({ current, successor, grace = [], retired = [] }: Credentials, now: number) {
  const until = now + REMEMBERED;
  const good = [current, successor, ...grace].filter((each) => each !== undefined);
  return [...good.map(({ hash }) => ({ hash, until })), ...retired]
    .filter((each) => now < each.until)
    .slice(0, MOST_RETIRED);
}

function withRetired(credentials: Credentials, retired: readonly Until[]): Credentials {
  return retired.length === 0 ? credentials : { ...credentials, retired };
}

/** Drops what is remembered no longer. */
function tidy({ grace = [], retired = [], ...rest }: Credentials, now: number): Credentials {
  const leaving = grace.filter(({ until }) => now < until + REMEMBERED).slice(0, MOST_RETIRED);
  const past = retired.filter(({ until }) => now < until);
  return withRetired(leaving.length === 0 ? rest : { ...rest, grace: leaving }, past);
}

export function writeCredentials(credentials: Credentials): string {
  return JSON.stringify(credentials);
}

/** `undefined` where the text is not what `writeCredentials` made. */
export function readCredentials(text: string): Credentials | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isCredentials(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isCredentials(value: unknown): value is Credentials {
  if (!isValues(value)) return false;
  const { current, successor, grace, retired } = value;
  return (
    (current === undefined || (hasHash(current) && typeof current.since === "number")) &&
    (successor === undefined || (hasHash(successor) && typeof successor.nonce === "string")) &&
    isListOfHashes(grace) &&
    isListOfHashes(retired)
  );
}

function isListOfHashes(list: unknown): boolean {
  return list === undefined || (Array.isArray(list) && list.every(hasHashUntil));
}

function hasHash(value: unknown): value is Record<string, unknown> {
  return (
    isValues(value) &&
    typeof value.hash === "string" &&
    (value.wrap === undefined || typeof value.wrap === "string")
  );
}

function hasHashUntil(value: unknown): boolean {
  return hasHash(value) && typeof value.until === "number";
}
