import { ANTI_FORGERY_BYTES } from "./anti-forgery-secret.ts";
import { fromUtf8, writeUtf8 } from "./bytes.ts";

/** What a sealed token holds. `docs/format.md` has the layout. Times are milliseconds since the epoch. */
export interface SealedPayload {
  readonly handle: Uint8Array;
  readonly issuedAt: number;
  readonly createdAt: number;
  readonly authenticatedAt: number | undefined;
  readonly expiresAt: number;
  /** 32 bytes. */
  readonly antiForgerySecret: Uint8Array | undefined;
  readonly subject: string | undefined;
  /** Serialised flash values. */
  readonly flash: string | undefined;
  /** Serialised data. */
  readonly data: string;
}

const HANDLE = 16;
const TIME = 6;
const LENGTH = 4;
const ISSUED_AT = 1 + HANDLE;
const CREATED_AT = ISSUED_AT + TIME;
const AUTHENTICATED_AT = CREATED_AT + TIME;
const EXPIRES_AT = AUTHENTICATED_AT + TIME;
const FIXED = EXPIRES_AT + TIME;
const HAS_SUBJECT = 1;
const HAS_FLASH = 2;
const HAS_SECRET = 4;
const NO_FLAGS_BUT = HAS_SUBJECT | HAS_FLASH | HAS_SECRET;

/** Payloads are written here first: to copy one takes less time than to count the bytes of its text. Longer ones are rare. */
const draft = new Uint8Array(3 * 8192);

export function writePayload(payload: SealedPayload): Uint8Array {
  const { antiForgerySecret, subject, flash, data } = payload;
  const start = FIXED + (antiForgerySecret?.length ?? 0);
  // No unit takes more than three bytes.
  const most = start + roomFor(subject) + roomFor(flash) + 3 * data.length;
  const bytes = most <= draft.length ? draft : new Uint8Array(most);
  bytes[0] =
    (subject === undefined ? 0 : HAS_SUBJECT) |
    (flash === undefined ? 0 : HAS_FLASH) |
    (antiForgerySecret === undefined ? 0 : HAS_SECRET);
  bytes.set(payload.handle, 1);
  writeTime(bytes, ISSUED_AT, payload.issuedAt);
  writeTime(bytes, CREATED_AT, payload.createdAt);
  writeTime(bytes, AUTHENTICATED_AT, payload.authenticatedAt ?? 0);
  writeTime(bytes, EXPIRES_AT, payload.expiresAt);
  if (antiForgerySecret !== undefined) bytes.set(antiForgerySecret, FIXED);
  const textAt = writePart(bytes, writePart(bytes, start, subject), flash);
  const end = textAt + writeUtf8(data, bytes, textAt);
  // A copy, because a sealer may keep what it is given.
  const written = bytes.slice(0, end);
  bytes.fill(0, 0, end);
  return written;
}

/** `undefined` for what an unknown version wrote: it was authenticated, but not to be understood. */
export function readPayload(bytes: Uint8Array): SealedPayload | undefined {
  const flags = bytes[0] ?? 0;
  const start = (flags & HAS_SECRET) === 0 ? FIXED : FIXED + ANTI_FORGERY_BYTES;
  if (bytes.length < start || (flags & ~NO_FLAGS_BUT) !== 0) return undefined;
  const subject = readPart(bytes, start, (flags & HAS_SUBJECT) !== 0);
  const flash = subject && readPart(bytes, subject.end, (flags & HAS_FLASH) !== 0);
  const data = flash && fromUtf8(bytes.subarray(flash.end));
  if (data === undefined) return undefined;
  return {
    handle: bytes.subarray(1, 1 + HANDLE),
    issuedAt: readTime(bytes, ISSUED_AT),
    createdAt: readTime(bytes, CREATED_AT),
    authenticatedAt: readTime(bytes, AUTHENTICATED_AT) || undefined,
    expiresAt: readTime(bytes, EXPIRES_AT),
    antiForgerySecret: start === FIXED ? undefined : bytes.subarray(FIXED, start),
    subject: subject?.text,
    flash: flash?.text,
    data,
  };
}

/** Text that may be absent, and where what follows it begins. */
interface Part {
  readonly text: string | undefined;
  readonly end: number;
}

function readPart(bytes: Uint8Array, at: number, isThere: boolean): Part | undefined {
  if (!isThere) return { text: undefined, end: at };
  const start = at + LENGTH;
  const end = start + readLength(bytes, at);
  if (end > bytes.length) return undefined;
  const text = fromUtf8(bytes.subarray(start, end));
  return text === undefined ? undefined : { text, end };
}

function roomFor(part: string | undefined): number {
  return part === undefined ? 0 : LENGTH + 3 * part.length;
}

/** Gives where what follows begins. */
function writePart(bytes: Uint8Array, at: number, part: string | undefined): number {
  if (part === undefined) return at;
  const length = writeUtf8(part, bytes, at + LENGTH);
  writeLength(bytes, at, length);
  return at + LENGTH + length;
}

/** The note that a session was used: its handle, and when. */
export function writeSeen(handle: Uint8Array, seenAt: number): Uint8Array {
  const bytes = new Uint8Array(HANDLE + TIME);
  bytes.set(handle);
  writeTime(bytes, HANDLE, seenAt);
  return bytes;
}

/** When the session of this handle was seen; `undefined` if the note is about another one. */
export function readSeen(bytes: Uint8Array, handle: Uint8Array): number | undefined {
  if (bytes.length !== HANDLE + TIME || handle.some((byte, at) => bytes[at] !== byte))
    return undefined;
  return readTime(bytes, HANDLE);
}

// The highest byte comes first. A DataView would cost more than all that it reads and writes here, as would a loop.

/** 48 bits of milliseconds last until the year 10889. */
function writeTime(bytes: Uint8Array, at: number, time: number): void {
  const high = Math.floor(time / 2 ** 32);
  bytes[at] = high >>> 8;
  bytes[at + 1] = high;
  writeLength(bytes, at + 2, time);
}

function readTime(bytes: Uint8Array, at: number): number {
  const high = (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
  return high * 2 ** 32 + readLength(bytes, at + 2);
}

/** Of a larger number the lowest 32 bits. */
function writeLength(bytes: Uint8Array, at: number, length: number): void {
  bytes[at] = length >>> 24;
  bytes[at + 1] = length >>> 16;
  bytes[at + 2] = length >>> 8;
  bytes[at + 3] = length;
}

function readLength(bytes: Uint8Array, at: number): number {
  const low = ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
  return (bytes[at] ?? 0) * 2 ** 24 + low;
}
