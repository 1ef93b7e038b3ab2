import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import type { RepositoryContext, SessionRecord } from "../core/repository.ts";
import { type Reads, SharedReads } from "./_postgres-reads.ts";
import { PostgresSessionRepository } from "./postgres.ts";
import { context, HOUR, NOW, newHandle, newRecord } from "./postgres-kit.test.ts";

/** Reads of some records, and a note of each statement: the handles that it asked for. */
class Noted implements Reads {
  readonly asked: string[][] = [];
  readonly contexts: RepositoryContext[] = [];
  readonly records: readonly SessionRecord[];
  failure: Error | undefined;

  constructor(...records: SessionRecord[]) {
    this.records = records;
  }

  async one(handle: string, at: RepositoryContext) {
    return this.#find([handle], at)[0];
  }

  async several(handles: readonly string[], at: RepositoryContext) {
    const found = this.#find(handles, at);
    if (this.failure) throw this.failure;
    return found;
  }

  #find(handles: readonly string[], at: RepositoryContext) {
    this.asked.push([...handles]);
    this.contexts.push(at);
    return this.records.filter(
      ({ handle, expiresAt }) => handles.includes(handle) && expiresAt > at.now,
    );
  }
}

const nextTurn = () => new Promise((resolve) => setTimeout(resolve));

test("what is wanted in one turn of the event loop is asked for with one statement, and everyone gets their own", async () => {
  const [first, second] = [newRecord(), newRecord()];
  const noted = new Noted(first, second);
  const reads = new SharedReads(noted);
  const missing = newHandle();
  const wanted = [second.handle, missing, first.handle, second.handle];
  const answers = await Promise.all(
    wanted.map(async (handle, index) => {
      // Callbacks of one turn, with their microtasks in between.
      for (let tick = 0; tick < index; tick += 1) await Promise.resolve();
      return reads.read(handle, context());
    }),
  );
  assert.deepEqual(answers, [second, undefined, first, second]);
  assert.deepEqual(noted.asked, [[second.handle, missing, first.handle]]);
  await nextTurn();
  assert.deepEqual(await reads.read(first.handle, context()), first);
  assert.deepEqual(noted.asked.at(-1), [first.handle]);
});

test("a record that has expired by the time of one who asks, and not of another, is there for that one alone", async () => {
  const record = newRecord({ expiresAt: NOW + HOUR });
  const noted = new Noted(record);
  const reads = new SharedReads(noted);
  const times = [NOW + HOUR, NOW, NOW + HOUR - 1];
  const answers = await Promise.all(times.map((now) => reads.read(record.handle, context(now))));
  assert.deepEqual(answers, [undefined, record, record]);
  assert.equal(noted.asked.length, 1);
});

test("where the statement fails, each is asked for alone, and fails or not by itself", async () => {
  const [first, second] = [newRecord(), newRecord()];
  const noted = new Noted(first, second);
  noted.failure = new Error("the connection is gone");
  const reads = new SharedReads(noted);
  const handles = [first.handle, second.handle];
  const both = () => Promise.allSettled(handles.map((handle) => reads.read(handle, context())));
  assert.deepEqual(
    (await both()).map((each) => each.status === "fulfilled" && each.value),
    [first, second],
  );
  assert.deepEqual(noted.asked, [handles, [first.handle], [second.handle]]);
  noted.one = async (handle) => {
    if (handle === first.handle) throw new Error("alone");
    return second;
  };
  const [one, other] = await both();
  assert.equal(one?.status === "rejected" && one.reason.message, "alone");
  assert.equal(other?.status === "fulfilled" && other.value, second);
});

test("nobody waits for more than 64, and what is no plain handle is asked for alone", async () => {
  const noted = new Noted();
  const reads = new SharedReads(noted);
  const plain = Array.from({ length: 70 }, newHandle);
  const strange = ["a,b", "", 'a"', "a\0"];
  await Promise.all([...plain, ...strange].map((handle) => reads.read(handle, context())));
  assert.deepEqual(noted.asked.map(({ length }) => length).toSorted(), [1, 1, 1, 1, 6, 64]);
  assert.deepEqual(noted.asked.filter(([handle = ""]) => strange.includes(handle)).flat(), strange);
});

test("a statement for several is taken back when the last of them is no longer waited for, and not before", async () => {
  for (const early of [false, true]) {
    const noted = new Noted();
    const reads = new SharedReads(noted);
    const aborts = [new AbortController(), new AbortController()];
    if (early) aborts[0]?.abort();
    const waiting = aborts.map(({ signal }) => reads.read(newHandle(), { now: NOW, signal }));
    await Promise.all(waiting);
    const [shared] = noted.contexts;
    assert.equal(shared?.signal.aborted, false);
    aborts[0]?.abort();
    assert.equal(shared?.signal.aborted, false);
    aborts[1]?.abort();
    assert.equal(shared?.signal.aborted, true);
    assert.equal(shared?.signal, shared?.signal);
  }
});

test("where the statement fails, nothing more is asked for those who have given up waiting", async () => {
  const records = [newRecord(), newRecord()];
  const noted = new Noted(...records);
  const abort = new AbortController();
  noted.several = async () => {
    abort.abort(new Error("too late"));
    throw new Error("the connection is gone");
  };
  const reads = new SharedReads(noted);
  const [first, second] = await Promise.allSettled([
    reads.read(records[0]?.handle ?? "", { now: NOW, signal: abort.signal }),
    reads.read(records[1]?.handle ?? "", context()),
  ]);
  assert.equal(first.status === "rejected" && first.reason.message, "too late");
  assert.equal(second.status === "fulfilled" && second.value, records[1]);
  assert.deepEqual(noted.asked, [[records[1]?.handle]]);
});

test("fake timers, put in their place meanwhile, hold up nothing", async (t) => {
  const record = newRecord();
  const reads = new SharedReads(new Noted(record));
  const { setImmediate } = globalThis;
  t.after(() => Reflect.set(globalThis, "setImmediate", setImmediate));
  Reflect.set(globalThis, "setImmediate", () => undefined);
  assert.equal(await reads.read(record.handle, context()), record);
});

test("a client that may look at who asks is asked for each by itself, unless it is said that it does not", async () => {
  const tenants = new AsyncLocalStorage<string>();
  const asked: (string | undefined)[] = [];
  const client = {
    query: async () => {
      asked.push(tenants.getStore());
      return { rows: [] };
    },
  };
  const readBoth = async (repository: PostgresSessionRepository) => {
    const read = (tenant: string) =>
      tenants.run(tenant, () => repository.read(newHandle(), context()));
    await Promise.all([read("one"), read("two")]);
    return asked.splice(0);
  };
  assert.deepEqual(await readBoth(new PostgresSessionRepository(client)), ["one", "two"]);
  const told = new PostgresSessionRepository(client, { sharedReads: true });
  assert.deepEqual(await readBoth(told), ["one"]);
  const pool = Object.assign({ totalCount: 0 }, client);
  assert.deepEqual(await readBoth(new PostgresSessionRepository(pool)), ["one"]);
  const alone = new PostgresSessionRepository(pool, { sharedReads: false });
  assert.deepEqual(await readBoth(alone), ["one", "two"]);
});
