import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Any, refusal, runs } from "../core/kit.test.ts";
import type { SessionRecord } from "../core/repository.ts";
import { at, DAY, HOUR, NOW, newRecord, nextOf, stateOf } from "./_bridge-kit.test.ts";
import { fromUnstorage, type UnstorageLike } from "./unstorage.ts";

/** A storage whose every step waits to be let go, in whatever order, and that says what it was asked. */
class Gated implements UnstorageLike {
  readonly values = new Map<string, string>();
  readonly asked: string[] = [];
  isOpen = true;
  readonly #held: (() => void)[] = [];

  getItem(key: string): Promise<unknown> {
    return this.#step("get", () => JSON.parse(this.values.get(key) ?? "null"));
  }

  setItem(key: string, value: object): Promise<unknown> {
    return this.#step("set", () => this.values.set(key, JSON.stringify(value)));
  }

  removeItem(key: string): Promise<unknown> {
    return this.#step("remove", () => this.values.delete(key));
  }

  /** Lets the oldest step go that waits. */
  async letGo(): Promise<void> {
    this.#held.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Lets all go, step by step in the order in which they came, and holds nothing any more. */
  async letAllGo(): Promise<void> {
    while (this.#held.length > 0) await this.letGo();
    this.isOpen = true;
  }

  async #step<Result>(name: string, act: () => Result): Promise<Result> {
    this.asked.push(name);
    if (!this.isOpen) await new Promise<void>((resolve) => this.#held.push(resolve));
    return act();
  }
}

/** A storage that holds one record and from now on waits, and its repository. */
async function start() {
  const storage = new Gated();
  const repository = fromUnstorage(storage);
  const record = newRecord();
  const { handle } = record;
  assert.equal(await repository.create(handle, record, at()), true);
  storage.asked.length = 0;
  storage.isOpen = false;
  const data = async () => (await repository.read(handle, at()))?.data;
  return { storage, repository, record, handle, data };
}

test("of updates of one version at the same time one succeeds, and the others conflict", async () => {
  const { storage, repository, record, handle, data } = await start();
  const outcomes = Array.from({ length: 20 }, (_, index) =>
    repository.update(handle, 1, nextOf(record, { data: `${index}` }), at()),
  );
  await storage.letAllGo();
  assert.deepEqual(await Promise.all(outcomes), ["updated", ...Array(19).fill("conflict")]);
  assert.equal(await data(), "0");
});

test("of creations under one handle at the same time one succeeds", async () => {
  const { storage, repository } = await start();
  const record = newRecord();
  const outcomes = Array.from({ length: 20 }, (_, index) =>
    repository.create(record.handle, { ...record, data: `${index}` }, at()),
  );
  await storage.letAllGo();
  assert.deepEqual(await Promise.all(outcomes), [true, ...Array(19).fill(false)]);
  assert.equal((await repository.read(record.handle, at()))?.data, "0");
});

test("no touch undoes an update or a deletion that came before it, whenever the storage answers", async () => {
  const { storage, repository, record, handle, data } = await start();
  const updated = repository.update(handle, 1, nextOf(record, { data: "new" }), at());
  const touched = repository.touch(handle, NOW + 2 * DAY, at());
  const deleted = repository.delete(handle, at());
  const late = repository.touch(handle, NOW + 3 * DAY, at());
  for (let steps = 0; steps < 3; steps += 1) await storage.letGo();
  assert.deepEqual(storage.asked, ["get", "set", "get", "set"]);
  await storage.letAllGo();
  assert.deepEqual(await Promise.all([updated, touched, deleted, late]), [
    "updated",
    true,
    true,
    false,
  ]);
  assert.equal(await data(), undefined);
  assert.equal(storage.values.size, 0);
});

test("of touches at the same time the latest end counts, whichever was last", async () => {
  const { storage, repository, record, handle } = await start();
  const ends = [3, 2, 4, 3].map((days) => NOW + days * DAY);
  const touches = ends.map((end) => repository.touch(handle, end, at()));
  await storage.letAllGo();
  assert.deepEqual(await Promise.all(touches), [true, true, true, true]);
  const read = await repository.read(handle, at());
  assert.deepEqual(read, { ...record, expiresAt: NOW + 4 * DAY });
});

test("readers go in together, and none while a record is being written", async () => {
  const { storage, repository, record, handle } = await start();
  const before = [repository.read(handle, at()), repository.read(handle, at())];
  assert.deepEqual(storage.asked, ["get", "get"]);
  const update = repository.update(handle, 1, nextOf(record, { data: "new" }), at());
  const after = [repository.read(handle, at()), repository.read(handle, at())];
  await storage.letGo();
  assert.deepEqual(storage.asked, ["get", "get"], "the writer waits for the last reader");
  await storage.letGo();
  await storage.letGo();
  assert.deepEqual(storage.asked, ["get", "get", "get", "set"], "the readers wait for the writer");
  await storage.letAllGo();
  assert.equal(await update, "updated");
  assert.deepEqual(
    (await Promise.all([...before, ...after])).map((read) => read?.data),
    ["{}", "{}", "new", "new"],
  );
});

test("one handle does not wait for another", async () => {
  const { storage, repository, handle } = await start();
  const stuck = repository.touch(handle, NOW + 2 * DAY, at());
  storage.isOpen = true;
  const other = newRecord();
  assert.equal(await repository.create(other.handle, other, at()), true);
  assert.equal(await stateOf(stuck), "pending");
  await storage.letAllGo();
  assert.equal(await stuck, true);
});

test("who gives up while it reads makes room at once, for one, and writes nothing when the storage answers after all", async () => {
  const { storage, repository, record, handle, data } = await start();
  const abort = new AbortController();
  const late = repository.update(
    handle,
    1,
    nextOf(record, { data: "late" }),
    at(NOW, abort.signal),
  );
  const next = repository.update(handle, 1, nextOf(record, { data: "next" }), at());
  const last = repository.update(handle, 1, nextOf(record, { data: "last" }), at());
  assert.deepEqual(storage.asked, ["get"]);
  abort.abort();
  await assert.rejects(Promise.resolve(late), { name: "AbortError" });
  assert.deepEqual(storage.asked, ["get", "get"], "the next goes in");
  await storage.letGo();
  assert.deepEqual(storage.asked, ["get", "get"], "the late answer changes nothing");
  await storage.letAllGo();
  assert.deepEqual([await next, await last], ["updated", "conflict"]);
  assert.deepEqual(storage.asked, ["get", "get", "set", "get"]);
  assert.equal(await data(), "next");
});

test("who gives up in the line is never asked for, and holds up nobody", async () => {
  const { storage, repository, record, handle, data } = await start();
  const abort = new AbortController();
  const read = repository.read(handle, at());
  const waiting = repository.update(handle, 1, nextOf(record), at(NOW, abort.signal));
  const behind = repository.read(handle, at());
  assert.deepEqual(storage.asked, ["get"]);
  abort.abort();
  await assert.rejects(Promise.resolve(waiting), { name: "AbortError" });
  assert.deepEqual(storage.asked, ["get", "get"], "the reader behind goes in with the one before");
  await storage.letAllGo();
  assert.deepEqual([await read, await behind], [record, record]);
  assert.equal(await data(), "{}");
  await assert.rejects(async () => repository.read(handle, at(NOW, abort.signal)), {
    name: "AbortError",
  });
});

test("a write that its caller gave up is waited for by those behind, so that it cannot undo theirs", async () => {
  const { storage, repository, record, handle, data } = await start();
  const abort = new AbortController();
  const slow = repository.update(
    handle,
    1,
    nextOf(record, { data: "slow" }),
    at(NOW, abort.signal),
  );
  await storage.letGo();
  assert.deepEqual(storage.asked, ["get", "set"]);
  abort.abort();
  await assert.rejects(Promise.resolve(slow), { name: "AbortError" });
  const ended = repository.delete(handle, at());
  const patient = new AbortController();
  const impatient = repository.read(handle, at(NOW, patient.signal));
  assert.deepEqual(storage.asked, ["get", "set"]);
  patient.abort();
  await assert.rejects(Promise.resolve(impatient), { name: "AbortError" });
  await storage.letAllGo();
  assert.equal(await ended, true);
  assert.equal(await data(), undefined);
});

test("a deletion that its caller gave up is waited for likewise, so that it removes nothing newer", async () => {
  const { storage, repository, record, handle, data } = await start();
  const abort = new AbortController();
  const slow = repository.delete(handle, at(NOW, abort.signal));
  await storage.letGo();
  assert.deepEqual(storage.asked, ["get", "remove"]);
  abort.abort();
  await assert.rejects(Promise.resolve(slow), { name: "AbortError" });
  const created = repository.create(handle, { ...record, data: "new" }, at());
  assert.deepEqual(storage.asked, ["get", "remove"]);
  await storage.letAllGo();
  assert.equal(await created, true);
  assert.equal(await data(), "new");
});

test("a failure of the storage is the verb's failure, and those behind go on", async () => {
  for (const name of ["getItem", "setItem", "removeItem"] as const) {
    const { storage, repository, record, handle } = await start();
    storage.isOpen = true;
    Object.assign(storage, { [name]: () => Promise.reject(new Error("out of order")) });
    const verbs = {
      getItem: () => repository.read(handle, at()),
      setItem: () => repository.update(handle, 1, nextOf(record), at()),
      removeItem: () => repository.delete(handle, at()),
    };
    await assert.rejects(async () => verbs[name](), { message: "out of order" });
    Reflect.deleteProperty(storage, name);
    assert.deepEqual(await repository.read(handle, at()), record);
  }
});

test("a value that is no record is refused, not taken for no session; it can be removed, and nothing else", async () => {
  const { storage, repository, record, handle } = await start();
  storage.isOpen = true;
  const [key = ""] = storage.values.keys();
  const stored = JSON.parse(storage.values.get(key) ?? "");
  const wrong: unknown[] = [true, 1, "text", [], {}, [stored]];
  for (const name of Object.keys(record)) {
    if (name in stored) wrong.push({ ...stored, [name]: undefined });
    for (const value of [{}, true, name === "version" ? 1.5 : [""]]) {
      wrong.push({ ...stored, [name]: value });
    }
  }
  for (const value of wrong) {
    storage.values.set(key, JSON.stringify(value));
    for (const verb of [
      () => repository.read(handle, at()),
      () => repository.create(handle, record, at()),
      () => repository.update(handle, 1, nextOf(record), at()),
      () => repository.touch(handle, NOW + 2 * DAY, at()),
    ]) {
      await assert.rejects(async () => verb(), /is not a session record/, JSON.stringify(value));
    }
    assert.equal(storage.values.get(key), JSON.stringify(value));
    assert.equal(await repository.delete(handle, at()), true);
    assert.equal(storage.values.size, 0);
  }
});

test("the record of another handle is nobody's, as where a database ignores case; nothing changes it", async () => {
  const { storage, repository, record, handle } = await start();
  storage.isOpen = true;
  const [key = ""] = storage.values.keys();
  const theirs = JSON.stringify(newRecord());
  storage.values.set(key, theirs);
  assert.equal(await repository.read(handle, at()), undefined);
  assert.equal(await repository.create(handle, record, at()), false);
  assert.equal(await repository.update(handle, 1, nextOf(record), at()), "gone");
  assert.equal(await repository.touch(handle, NOW + 2 * DAY, at()), false);
  assert.equal(await repository.delete(handle, at()), false);
  assert.equal(storage.values.get(key), theirs);
});

test("a touch moves expiresAt and nothing else, never back and never past the end, and writes only if it moves", async () => {
  const { storage, repository, record, handle } = await start();
  storage.isOpen = true;
  const end = record.endsAt;
  let expected: SessionRecord = record;
  for (const [to, after, asked] of [
    [NOW + HOUR, NOW + DAY, ["get"]],
    [NOW + DAY, NOW + DAY, ["get"]],
    [NOW + 2 * DAY, NOW + 2 * DAY, ["get", "set"]],
    [end + DAY, end, ["get", "set"]],
    [end + 2 * DAY, end, ["get"]],
  ] as const) {
    storage.asked.length = 0;
    assert.equal(await repository.touch(handle, to, at()), true);
    assert.deepEqual(storage.asked, asked);
    expected = { ...expected, expiresAt: after };
    assert.deepEqual(await repository.read(handle, at()), expected);
  }
});

test("the handle of a record that has expired is free", async () => {
  const { storage, repository, record, handle } = await start();
  storage.isOpen = true;
  const next = { ...record, data: "next", expiresAt: NOW + 3 * DAY };
  assert.equal(await repository.create(handle, next, at(NOW + DAY - 1)), false);
  assert.equal(await repository.create(handle, next, at(NOW + DAY)), true);
  assert.deepEqual(await repository.read(handle, at(NOW + DAY)), next);
});

test("the time to live is what is left by the library's clock and some more, wherever that clock stands", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 4 * NOW }),
      fc.integer({ min: -HOUR, max: 400 * DAY }),
      async (now, left) => {
        const given: number[] = [];
        const values = new Map<string, object>();
        const repository = fromUnstorage({
          getItem: async (key) => values.get(key),
          setItem: async (key, value, { ttl }) => {
            given.push(ttl);
            return values.set(key, value);
          },
          removeItem: async (key) => values.delete(key),
        });
        const record = newRecord({ expiresAt: now + left, endsAt: now + 500 * DAY });
        await repository.create(record.handle, record, at(now));
        if (left > 0) await repository.touch(record.handle, now + left + HOUR, at(now));
        const spare = given.map((ttl, index) => ttl * 1000 - Math.max(0, left) - index * HOUR);
        assert.equal(spare.length, left > 0 ? 2 : 1);
        for (const [index, seconds] of given.entries()) {
          assert.ok(Number.isInteger(seconds));
          assert.ok((spare[index] ?? 0) >= 5 * 60_000 && (spare[index] ?? 0) <= HOUR);
        }
      },
    ),
    runs(100),
  ));

test("a storage that keeps nothing, or not everything, is found out by the first session, and not called persistent", async () => {
  const values = new Map<string, object>();
  const storage = (kept: (value: Any) => Any | undefined): UnstorageLike => ({
    getItem: async (key) => values.get(key),
    setItem: async (key, value) => values.set(key, kept({ ...value }) ?? {}),
    removeItem: async (key) => values.delete(key),
  });
  for (const kept of [
    ({ label: _, ...value }: Any) => value,
    (value: Any) => ({ ...value, data: value.data.toLowerCase() }),
    (value: Any) => ({ ...value, data: "{}" }),
  ]) {
    const repository = fromUnstorage(storage(kept));
    const record = newRecord({ label: "Firefox", data: '{"A":1}' });
    const creation = async () => repository.create(record.handle, record, at());
    await assert.rejects(creation, /did not give back what was put into it/);
  }
  const readOnly = fromUnstorage({ ...storage((value) => value), setItem: async () => undefined });
  const record = newRecord();
  await assert.rejects(async () => readOnly.create(record.handle, record, at()), /read-only/);
});

test("once a storage has given back what it was given, it is not asked again", async () => {
  const { storage, repository } = await start();
  storage.isOpen = true;
  const record = newRecord();
  await repository.create(record.handle, record, at());
  assert.deepEqual(storage.asked, ["get", "set"]);
});

test("what is promised is what can be held: no atomic writes, so not for several processes, whatever the options", () => {
  const storage = new Gated();
  assert.deepEqual(fromUnstorage(storage).capabilities, {
    persistent: true,
    shared: false,
    atomic: false,
    expiry: "nothing",
  });
  const options = { persistent: false, expiry: "database" } as const;
  assert.deepEqual(fromUnstorage(storage, options).capabilities, {
    persistent: false,
    shared: false,
    atomic: false,
    expiry: "database",
  });
  assert.equal(fromUnstorage(storage).findBySubject, undefined);
  assert.equal(fromUnstorage(storage).sweep, undefined);
});

test("the declared limit: two processes on one storage lose an update, and one revives what the other has ended", async () => {
  const storage = new Gated();
  const [mine, theirs] = [fromUnstorage(storage), fromUnstorage(storage)];
  assert.equal(mine.capabilities.atomic, false);
  const record = newRecord();
  const { handle } = record;
  await mine.create(handle, record, at());

  storage.isOpen = false;
  const both = [
    mine.update(handle, 1, nextOf(record, { data: "mine" }), at()),
    theirs.update(handle, 1, nextOf(record, { data: "theirs" }), at()),
  ];
  await storage.letAllGo();
  assert.deepEqual(await Promise.all(both), ["updated", "updated"]);
  assert.equal((await mine.read(handle, at()))?.data, "theirs");

  storage.isOpen = false;
  const touch = mine.touch(handle, NOW + 2 * DAY, at());
  await storage.letGo();
  storage.isOpen = true;
  assert.equal(await theirs.delete(handle, at()), true);
  assert.equal(await theirs.read(handle, at()), undefined);
  await storage.letAllGo();
  assert.equal(await touch, true);
  assert.equal((await theirs.read(handle, at()))?.data, "theirs");
});

test("bad options are refused, and what is no storage", () => {
  const storage = new Gated();
  for (const options of [
    { expiry: "sweep" },
    { expiry: null },
    { persistent: "yes" },
    { shared: true },
    { ttl: 3600 },
    null,
  ]) {
    assert.throws(() => fromUnstorage(storage, options as Any), refusal("ERR_SESSION_CONFIG"));
  }
  for (const wrong of [undefined, null, "memory", Gated, {}, { getItem() {} }, new Map()]) {
    assert.throws(() => fromUnstorage(wrong as Any), refusal("ERR_SESSION_CONFIG"));
  }
});
