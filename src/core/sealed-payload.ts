import { ANTI_FORGERY_BYTES } from "./anti-forgery-secret.ts";
import { fromUtf8, utf8 } from "./bytes.ts";

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
const FIXED = 1 + HANDLE + 4 * TIME;
const HAS_SUBJECT = 1;
const HAS_FLASH = 2;
const HAS_SECRET = 4;
const NO_FLAGS_BUT = HAS_SUBJECT | HAS_FLASH | HAS_SECRET;

export function writePayload(payload: SealedPayload): Uint8Array {
  const subject = payload.subject === undefined ? undefined : utf8(payload.subject);
  const flash = payload.flash === undefined ? undefined : utf8(payload.flash);
  const data = utf8(payload.data);
  const optional = [subject, flash].filter((part) => part !== undefined);
  const secret = payload.antiForgerySecret ?? new Uint8Array();
  const start = FIXED + secret.length;
  const size = optional.reduce((sum, part) => sum + 4 + part.length, start + data.length);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes[0] =
    (subject === undefined ? 0 : HAS_SUBJECT) |
    (flash === undefined ? 0 : HAS_FLASH) |
    (payload.antiForgerySecret === undefined ? 0 : HAS_SECRET);
  bytes.set(payload.handle, 1);
  let at = 1 + HANDLE;
  for (const time of [
    payload.issuedAt,
    payload.createdAt,
    payload.authenticatedAt ?? 0,
    payload.expiresAt,
  ]) {
    writeTime(view, at, time);
    at += TIME;
  }
  bytes.set(secret, at);
  at += secret.length;
  for (const part of optional) {
    view.setUint32(at, part.length);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  bytes.set(data, at);
  return bytes;
}

/** `undefined` for what an unknown version wrote: it was authenticated, but not to be understood. */
export function readPayload(bytes: Uint8Array): SealedPayload | undefined {
  const flags = bytes[0] ?? 0;
  const start = (flags & HAS_SECRET) === 0 ? FIXED : FIXED + ANTI_FORGERY_BYTES;
  if (bytes.length < start || (flags & ~NO_FLAGS_BUT) !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const time = (index: number) => readTime(view, 1 + HANDLE + index * TIME);
  let at = start;
  const text = (length: number): string | undefined => {
    if (at + length > bytes.length) return undefined;
    at += length;
    return fromUtf8(bytes.subarray(at - length, at));
  };
  const optional = (flag: number): string | undefined => {
    if ((flags & flag) === 0) return undefined;
    if (at + 4 > bytes.length) return undefined;
    at += 4;
    return text(view.getUint32(at - 4));
  };
  const subject = optional(HAS_SUBJECT);
  const flash = optional(HAS_FLASH);
  const data = text(bytes.length - at);
  if ((flags & HAS_SUBJECT) !== 0 && subject === undefined) return undefined;
  if ((flags & HAS_FLASH) !== 0 && flash === undefined) return undefined;
  if (data === undefined) return undefined;
  return {
    handle: bytes.subarray(1, 1 + HANDLE),
    issuedAt: time(0),
    createdAt: time(1),
    authenticatedAt: time(2) || undefined,
    expiresAt: time(3),
    antiForgerySecret: start === FIXED ? undefined : bytes.subarray(FIXED, start),
    subject,
    flash,
    data,
  };
}

/** The note that a session was used: its handle, and when. */
export function writeSeen(handle: Uint8Array, seenAt: number): Uint8Array {
  const bytes = new Uint8Array(HANDLE + TIME);
  bytes.set(handle);
  writeTime(new DataView(bytes.buffer), HANDLE, seenAt);
  return bytes;
}

/** When the session of this handle was seen; `undefined` if the note is about another one. */
export function readSeen(bytes: Uint8Array, handle: Uint8Array): number | undefined {
  if (bytes.length !== HANDLE + TIME || handle.some((byte, at) => bytes[at] !== byte))
    return undefined;
  return readTime(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), HANDLE);
}

/** 48 bits of milliseconds last until the year 10889. */
function writeTime(view: DataView, at: number, time: number): void {
  view.setUint16(at, Math.floor(time / 2 ** 32));
  view.setUint32(at + 2, time % 2 ** 32);
}

function readTime(view: DataView, at: number): number {
  return view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2);
}
