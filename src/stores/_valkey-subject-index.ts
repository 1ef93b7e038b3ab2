import type { RepositoryContext, SessionRecord } from "../core/repository.ts";
import type { Connection } from "./_valkey-clients.ts";
import { LEEWAY, lifetime, textsOf, wordOf } from "./_valkey-record.ts";
import { INDEX, type Script, UNINDEX } from "./_valkey-scripts.ts";

/** How many records are asked for at a time. */
const READ_AT_ONCE = 50;

/** Runs a script that writes to one key. */
type Write = (
  script: Script,
  key: string,
  args: readonly string[],
  context: RepositoryContext,
) => Promise<unknown>;

interface Entry {
  readonly text: string;
  readonly handle: string;
  readonly writtenAt: number;
}

/**
 * Which sessions a subject has: a sorted set a subject, of entries `handle:endsAt:time` scored by the session's absolute end.
 *
 * In a cluster a record and its entry are on different servers, so no script can write both. The entry is written first,
 * and so there may be entries without a record, but no record without an entry. Reading removes them, though not before
 * a while has passed since they were written, at that time: their record may be on its way. An entry is never changed: a
 * write that is refused leaves those of others as they were, and a reading removes none but what it has read.
 */
export class SubjectIndex {
  readonly #connection: Connection;
  readonly #prefix: string;
  readonly #write: Write;

  constructor(connection: Connection, prefix: string, write: Write) {
    this.#connection = connection;
    this.#prefix = prefix;
    this.#write = write;
  }

  async add(
    subject: string,
    { handle, endsAt }: SessionRecord,
    context: RepositoryContext,
  ): Promise<void> {
    const { now } = context;
    const entry = `${handle}:${endsAt}:${now}`;
    const args = [lifetime(endsAt, now), entry, String(endsAt), String(now - LEEWAY)];
    wordOf(await this.#write(INDEX, this.#key(subject), args, context), ["indexed"]);
  }

  /** Where this fails, the entry is removed by a reading, or when its time is up. */
  async remove(
    subject: string,
    handle: string,
    endsAt: number,
    context: RepositoryContext,
  ): Promise<void> {
    const args = [`${handle}:`, String(endsAt)];
    await this.#write(UNINDEX, this.#key(subject), args, context).catch(() => {});
  }

  /**
   * The records of a subject, expired ones that the server still holds included.
   *
   * @param read Gives what the server holds under a handle.
   */
  async find(
    subject: string,
    context: RepositoryContext,
    read: (handle: string) => Promise<SessionRecord | undefined>,
  ): Promise<SessionRecord[]> {
    const key = this.#key(subject);
    const { now } = context;
    const command = ["zrangebyscore", key, `(${now}`, "+inf"] as const;
    const entries = textsOf(await this.#connection.send(key, [...command], context)).flatMap(
      entryOf,
    );
    const handles = [...new Set(entries.map(({ handle }) => handle))];
    const records: SessionRecord[] = [];
    for (let at = 0; at < handles.length; at += READ_AT_ONCE) {
      const some = await Promise.all(handles.slice(at, at + READ_AT_ONCE).map(read));
      for (const record of some) if (record?.subject === subject) records.push(record);
    }
    const borneOut = new Set(records.map(({ handle }) => handle));
    const stale = entries.filter(
      ({ handle, writtenAt }) => !borneOut.has(handle) && writtenAt < now - LEEWAY,
    );
    await this.#heal(key, stale, context);
    return records;
  }

  async #heal(key: string, stale: readonly Entry[], context: RepositoryContext): Promise<void> {
    if (stale.length === 0) return;
    const command = ["zrem", key, ...stale.map(({ text }) => text)] as const;
    await this.#connection.send(key, [...command], context).catch(() => {});
  }

  /** Without the braces of a subject, which would say where in a cluster the key is, and not to every client the same. */
  #key(subject: string): string {
    return `${this.#prefix}subject:${subject.replace(/[%{}]/g, encodeURIComponent)}`;
  }
}

function entryOf(text: string | undefined): Entry[] {
  if (text === undefined) return [];
  const [handle = "", , writtenAt] = text.split(":");
  return [{ text, handle, writtenAt: Number(writtenAt) }];
}
