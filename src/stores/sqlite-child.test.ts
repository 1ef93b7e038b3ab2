import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import type { SessionRecord } from "../core/repository.ts";
// Not by sqlite.ts, which brings the whole core along: it takes many times as long to start.
import { SqliteSessionRepository } from "./_sqlite-repository.ts";

// Another process on the same database, for the tests that need one; it has none of its own. What it is asked for comes
// by the lines of its input, and what it has done is said by those of its output.

export const NOW: number = Date.UTC(2026, 0, 1);
export const CHILD = "KEEPSAKE_SQLITE_CHILD";

/** Milliseconds: long enough for another process to run into the lock. */
const HELD = 100;
const DAY = 24 * 60 * 60 * 1000;
const signal = new AbortController().signal;
const say = (line: string) => writeSync(1, `${line}\n`);

/** A record whose every field follows from its version, so that a torn one shows. */
export function recordOf(handle: string, version: number): SessionRecord {
  return {
    handle,
    version,
    subject: version % 3 === 0 ? undefined : `user-${version % 3}`,
    label: `label ${version}`,
    createdAt: NOW + version,
    authenticatedAt: version % 3 === 0 ? undefined : NOW + version,
    expiresAt: NOW + DAY + version,
    endsAt: NOW + 30 * DAY + version,
    credentials: `hash ${version}`,
    data: `${version} `.repeat((version * 997) % 4000),
    flash: `${version}`,
  };
}

/** Makes a repository on each file that is named. */
async function construct(): Promise<void> {
  say("ready");
  for await (const file of createInterface({ input: process.stdin })) {
    const database = new DatabaseSync(file);
    try {
      const record = recordOf(`handle-${process.pid}`, 1);
      const repository = new SqliteSessionRepository(database);
      say(String(repository.create(record.handle, record, { now: NOW, signal })));
    } catch (error) {
      say(String(error));
    } finally {
      database.close();
    }
  }
}

/** Begins a transaction, and ends it a while after it has said so. */
function hold(file: string, begin: string): void {
  const database = new DatabaseSync(file);
  database.exec(begin);
  say("held");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, HELD);
  database.exec("COMMIT");
}

/** Adds 1 to the data of a record so many times, by compare and set. */
function count(file: string, handle: string, times: number): void {
  const repository = new SqliteSessionRepository(new DatabaseSync(file));
  for (let done = 0; done < times; ) {
    const before = repository.read(handle, { now: NOW, signal });
    if (before === undefined) throw new Error("The record is gone.");
    const next = { ...before, version: before.version + 1, data: `${Number(before.data) + 1}` };
    const outcome = repository.update(handle, before.version, next, { now: NOW, signal, before });
    if (outcome === "updated") done += 1;
  }
  say("done");
}

/** Writes until it is killed, and says every version that is stored. */
function storm(file: string, handle: string): void {
  const repository = new SqliteSessionRepository(new DatabaseSync(file));
  const found = repository.read(handle, { now: NOW, signal });
  let before = found ?? recordOf(handle, 1);
  if (found === undefined) repository.create(handle, before, { now: NOW, signal });
  for (;;) {
    const next = recordOf(handle, before.version + 1);
    const outcome = repository.update(handle, before.version, next, { now: NOW, signal, before });
    if (outcome !== "updated") throw new Error(outcome);
    repository.touch(handle, next.expiresAt, { now: NOW, signal });
    before = next;
    say(String(next.version));
  }
}

const [job, file = "", what = "", times = "0"] = process.env[CHILD]?.split("\n") ?? [];
if (job === "construct") await construct();
if (job === "hold") hold(file, what);
if (job === "count") count(file, what, Number(times));
if (job === "storm") storm(file, what);
