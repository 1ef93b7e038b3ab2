import { fromUtf8 } from "../core/bytes.ts";
import type { SessionRecord } from "../core/repository.ts";

/**
 * How long a key outlives its record, and an entry of an index the write that it announced, in milliseconds: as far as
 * the clocks of an application's servers may be apart, and longer than any write is under way.
 */
export const LEEWAY = 60_000;

/** What a record is read from, in this order. Few fields, because each takes as much memory as a short value. */
export const FIELDS = ["version", "expiresAt", "endsAt", "meta", "data"] as const;

/** What no script looks at. */
type Meta = Omit<SessionRecord, "handle" | "version" | "expiresAt" | "endsAt" | "data">;

/** The fields of a record and their values, `data` last. */
export function encode(record: SessionRecord): string[] {
  const { version, expiresAt, endsAt, data } = record;
  const { subject, label, createdAt, authenticatedAt, credentials, flash } = record;
  const meta: Meta = { subject, label, createdAt, authenticatedAt, credentials, flash };
  const values = [version, expiresAt, endsAt, JSON.stringify(meta), data];
  return FIELDS.flatMap((field, index) => [field, String(values[index])]);
}

/** `undefined` where there is no such key. */
export function decode(handle: string, reply: unknown): SessionRecord | undefined {
  const [version, expiresAt, endsAt, meta, data] = textsOf(reply);
  if (version === undefined || data === undefined) return undefined;
  const { subject, label, createdAt, authenticatedAt, credentials, flash } = metaOf(meta);
  return {
    handle,
    version: Number(version),
    subject,
    label,
    createdAt,
    authenticatedAt,
    expiresAt: Number(expiresAt),
    endsAt: Number(endsAt),
    credentials,
    data,
    flash,
  };
}

/** What is damaged has none of the fields, and the store refuses a record without them. */
export function metaOf(text = "{}"): Meta {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return JSON.parse("{}");
  }
}

/** How long the server keeps a key, by its own clock and for a while longer, in milliseconds. */
export function lifetime(end: number, now: number): string {
  return String(Math.ceil(Math.max(end - now, 0)) + LEEWAY);
}

/** A list of texts, whatever the client makes of them. Throws for anything but a list: what is no answer is not to be taken for an empty one. */
export function textsOf(reply: unknown): (string | undefined)[] {
  if (Array.isArray(reply)) return reply.map(textOf);
  throw wrongAnswer("a list");
}

/** What a script says has happened. Throws for anything that it never says. */
export function wordOf<Word extends string>(reply: unknown, words: readonly Word[]): Word {
  const text = textOf(reply);
  const word = words.find((each) => each === text);
  if (word !== undefined) return word;
  throw wrongAnswer(words.join(" or "));
}

function wrongAnswer(expected: string): Error {
  return new Error(
    `The server answered something else than ${expected}. ` +
      "Does the client, or a proxy before the server, change replies? Leave them as they are.",
  );
}

function textOf(reply: unknown): string | undefined {
  if (typeof reply === "string") return reply;
  return reply instanceof Uint8Array ? fromUtf8(reply) : undefined;
}
