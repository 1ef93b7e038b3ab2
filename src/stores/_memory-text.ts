import type { SessionRecord } from "../core/repository.ts";
import { lengthen, RAW_LETTERS, shorten } from "./_memory-credentials.ts";
import type { Times } from "./_memory-times.ts";

/** After each part but the last. No part has it but the data, which come last, and short credentials, of known length. */
const END = "\0";
/** Before what may be missing, or short, so that it is told from what is empty, and from what is not short. */
const WHOLE = "=";
const SHORT = "~";

/**
 * A record in one text that begins with its handle: each string by itself would take 24 bytes more. It is made anew, so
 * that it keeps nothing alive that the parts were cut out of.
 *
 * @param before What it replaces: most changes leave the credentials as they are.
 */
export function pack(record: SessionRecord, before?: Replaced): string {
  const { handle, version, subject, label, createdAt, authenticatedAt, credentials } = record;
  const isSame =
    before?.record.credentials === credentials && before.record.createdAt === createdAt;
  return [
    handle,
    version.toString(36),
    authenticatedAt === undefined ? "" : (authenticatedAt - createdAt).toString(36),
    subject === undefined ? "" : WHOLE + subject,
    label === undefined ? "" : WHOLE + label,
    record.flash,
    isSame ? credentialsIn(before.text) : packCredentials(record),
    record.data,
  ].join(END);
}

/** A record, and the text that was made of it. */
export interface Replaced {
  readonly record: SessionRecord;
  readonly text: string;
}

function packCredentials({ credentials, createdAt }: SessionRecord): string {
  const short = shorten(credentials, createdAt);
  return short === undefined ? WHOLE + credentials : SHORT + short;
}

function credentialsIn(text: string): string {
  const { flash, credentials } = endsIn(text);
  return text.slice(flash + 1, credentials);
}

/** Where each part but the last ends. */
function endsIn(text: string) {
  const handle = text.indexOf(END);
  const version = text.indexOf(END, handle + 1);
  const authenticated = text.indexOf(END, version + 1);
  const subject = text.indexOf(END, authenticated + 1);
  const label = text.indexOf(END, subject + 1);
  const flash = text.indexOf(END, label + 1);
  const raw = text[flash + 1] === SHORT ? RAW_LETTERS : 0;
  const credentials = text.indexOf(END, flash + 1 + SHORT.length + raw);
  return { handle, version, authenticated, subject, label, flash, credentials };
}

export function unpack(text: string, { createdAt, expiresAt, endsAt }: Times): SessionRecord {
  const ends = endsIn(text);
  const authenticated = text.slice(ends.version + 1, ends.authenticated);
  const credentials = text.slice(ends.flash + 1 + SHORT.length, ends.credentials);
  const isShort = text[ends.flash + 1] === SHORT;
  return {
    handle: text.slice(0, ends.handle),
    version: Number.parseInt(text.slice(ends.handle + 1, ends.version), 36),
    subject: optional(text, ends.authenticated + 1, ends.subject),
    label: optional(text, ends.subject + 1, ends.label),
    createdAt,
    authenticatedAt:
      authenticated === "" ? undefined : createdAt + Number.parseInt(authenticated, 36),
    expiresAt,
    endsAt,
    credentials: isShort ? lengthen(credentials, createdAt) : credentials,
    data: text.slice(ends.credentials + 1),
    flash: text.slice(ends.label + 1, ends.flash),
  };
}

/** Whose record it is, and what the subject's index knows it by. */
export function entryIn(text: string): Pick<SessionRecord, "handle" | "subject"> {
  const handleEnd = text.indexOf(END);
  const start = text.indexOf(END, text.indexOf(END, handleEnd + 1) + 1) + 1;
  return {
    handle: text.slice(0, handleEnd),
    subject: optional(text, start, text.indexOf(END, start)),
  };
}

export function isOf(text: string, handle: string): boolean {
  return text.startsWith(handle) && text[handle.length] === END;
}

/** Of a handle, or of the handle that a text begins with. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === 0) break;
    hash = Math.imul(hash ^ unit, 0x01000193);
  }
  // The low bits are what is used first, and the high ones have been mixed best.
  return (hash ^ (hash >>> 15)) >>> 0;
}

function optional(text: string, start: number, end: number): string | undefined {
  return start === end ? undefined : text.slice(start + WHOLE.length, end);
}
