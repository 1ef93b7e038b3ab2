import { sha256 } from "@noble/hashes/sha2.js";
import { toBase64url } from "#base64url";
import { lengthPrefixed } from "./bytes.ts";
import { HANDLE_BYTES } from "./handle.ts";
import { isValues } from "./json.ts";
import type { SessionRecord } from "./repository.ts";

const LABEL = "keepsake revocation";

/** Which sessions of a subject have ended. */
interface Note {
  /** Those that began then or before. */
  readonly notBefore: number;
  /** Of those with these handles only what began at an earlier time, or before that. */
  readonly except?: { readonly ids: readonly string[]; readonly notBefore: number };
}

/** No handle of a session, which are random, and the same for each who asks. */
export function handleOf(subject: string): string {
  return toBase64url(sha256(lengthPrefixed([LABEL, subject])).subarray(0, HANDLE_BYTES));
}

export function notBeforeFor(note: Note | undefined, id: string): number {
  if (note === undefined) return Number.NEGATIVE_INFINITY;
  return note.except?.ids.includes(id) ? note.except.notBefore : note.notBefore;
}

/** What has ended stays so: whom this spares an earlier note may have ended, and the other way round. */
export function noteAfter(before: Note | undefined, now: number, ids: readonly string[]): Note {
  const { notBefore, except } = before ?? { notBefore: 0 };
  const isSame = except?.ids.some((id) => ids.includes(id)) ?? false;
  if (except !== undefined && isSame) {
    // The same session, perhaps under another handle by now.
    const both = [...new Set([...except.ids, ...ids])];
    return { notBefore: Math.max(now, notBefore), except: { ...except, ids: both } };
  }
  // Of two at nearly the same time, the one that was asked for earlier may come later.
  if (now < notBefore) {
    if (except === undefined) return { notBefore };
    return { notBefore, except: { ...except, notBefore: Math.max(now, except.notBefore) } };
  }
  return ids.length === 0 ? { notBefore: now } : { notBefore: now, except: { ids, notBefore } };
}

/** The data of a record that says nothing but that its session has ended. */
const ENDED = "{}";

/** The handle under which a session goes on whose record this is. `"damaged"`: nobody knows any more. */
export function successorIn(record: SessionRecord | undefined): string | "damaged" | undefined {
  if (record === undefined || record.data === ENDED) return undefined;
  const ended = parse(record.data);
  return isSucceeded(ended) ? ended.successor : "damaged";
}

/** `undefined` where there is none; that a session ended whose handle somebody made up says nothing about a subject. */
export function noteIn(record: SessionRecord | undefined): Note | undefined {
  if (record === undefined || record.data === ENDED) return undefined;
  const note = parse(record.data);
  if (isSucceeded(note)) return undefined;
  // Damaged: everything until it was written has ended, as it said, and whom it spared nobody knows.
  return isNote(note) ? note : { notBefore: record.createdAt };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isSucceeded(value: unknown): value is { readonly successor: string } {
  return isValues(value) && typeof value.successor === "string";
}

function isNote(value: unknown): value is Note {
  if (!isValues(value) || !Number.isSafeInteger(value.notBefore)) return false;
  const { except } = value;
  if (except === undefined) return true;
  return (
    isValues(except) &&
    Number.isSafeInteger(except.notBefore) &&
    Array.isArray(except.ids) &&
    except.ids.every((id) => typeof id === "string")
  );
}

interface Written {
  readonly now: number;
  readonly until: number;
  /** What it takes the place of. */
  readonly found?: SessionRecord | undefined;
  /** Default: that the session with this handle has ended. */
  readonly note?: Note;
  /** The handle under which that session goes on. */
  readonly successor?: string | undefined;
}

export function recordOf(
  handle: string,
  { now, until, found, note, successor }: Written,
): SessionRecord {
  const endsAt = Math.max(until, found?.endsAt ?? 0);
  return {
    handle,
    version: (found?.version ?? 0) + 1,
    // So that no list of a subject's sessions shows it.
    subject: undefined,
    label: undefined,
    createdAt: note?.notBefore ?? now,
    authenticatedAt: undefined,
    expiresAt: endsAt,
    endsAt,
    credentials: "{}",
    // Without either this is `ENDED`.
    data: JSON.stringify(note ?? { successor }),
    flash: "",
  };
}
