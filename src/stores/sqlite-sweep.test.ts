import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import fc from "fast-check";
import { ServerSessionStore, type SessionRecord } from "keepsake";
import { runs } from "../core/kit.test.ts";
import { SqliteSessionRepository } from "./sqlite.ts";
import { at, DAY, NOW, open, recordOf } from "./sqlite-kit.test.ts";

test("a sweep finds what has expired behind records that are in use, and leaves those alone", async () => {
  const repository = new SqliteSessionRepository(open(":memory:"));
  const handles = Array.from({ length: 60 }, (_, index) => `${index}`);
  for (const handle of handles) repository.create(handle, recordOf(handle), at());
  const used = handles.slice(0, 40);
  for (const handle of used) repository.touch(handle, NOW + 2 * DAY, at());
  assert.equal(await repository.sweep(100, at(NOW + DAY - 1)), 0);
  for (const removed of [8, 8, 4, 0]) {
    assert.equal(await repository.sweep(8, at(NOW + DAY)), removed);
  }
  for (const handle of used) assert.ok(repository.read(handle, at(NOW + DAY)));
  assert.equal(await repository.sweep(100, at(NOW + 2 * DAY)), 40);
});

test("a sweep of nothing removes nothing", async () => {
  const repository = new SqliteSessionRepository(open(":memory:"));
  repository.create("handle", recordOf("handle"), at());
  for (const limit of [0, -1]) assert.equal(await repository.sweep(limit, at(NOW + DAY)), 0);
  assert.equal(await repository.sweep(1, at(NOW + DAY)), 1);
});

/** Of a table with so many records, all of which have expired a day later. */
function crowd(size: number) {
  const database = open(":memory:");
  const repository = new SqliteSessionRepository(database);
  for (let index = 0; index < size; index += 1) {
    repository.create(`${index}`, recordOf(`${index}`), at());
  }
  const store = new ServerSessionStore(repository, { clock: () => NOW + DAY });
  const count = (condition = "true") => {
    const rows = database.prepare(`SELECT handle FROM keepsake_sessions WHERE ${condition}`).all();
    return rows.length;
  };
  return { repository, store, count };
}

test("a sweep removes as many records as it is told", async () => {
  const { repository, count } = crowd(350);
  assert.equal(await repository.sweep(330, at(NOW + DAY)), 330);
  assert.equal(count(), 20);
});

test("the sweep of a store lets other work go on in between", async () => {
  const { repository, store, count } = crowd(350);
  const sweep = store.sweep();
  const left = count();
  assert.ok(left > 0 && left < 350, `${left} are left after the first batch`);
  const late = recordOf("late", { expiresAt: NOW + 2 * DAY });
  assert.equal(repository.create("late", late, at(NOW + DAY)), true);
  assert.equal(await sweep, 350);
  assert.equal(count(), 1);
});

test("the sweep of a store in a process that is busy goes on to the end", async () => {
  const { store } = crowd(1000);
  let turns = 0;
  let isOver = false;
  const work = () => {
    if (isOver) return;
    turns += 1;
    const end = performance.now() + 50;
    while (performance.now() < end);
    setImmediate(work);
  };
  work();
  assert.equal(await store.sweep(), 1000);
  isOver = true;
  assert.ok(turns > 1, `${turns} turns`);
});

test("a sweep looks at a bounded number of records that are in use, and the next one goes on behind them", async () => {
  const { repository, count } = crowd(3000);
  for (let index = 0; index < 2990; index += 1) {
    repository.touch(`${index}`, NOW + 2 * DAY, at());
  }
  const due = () => count(`sweep_after <= ${NOW + DAY}`);
  assert.equal(await repository.sweep(10, at(NOW + DAY)), 0);
  assert.equal(due(), 1500);
  assert.equal(await repository.sweep(10, at(NOW + DAY)), 10);
  assert.equal(due(), 0);
});

test("a record whose end was moved nearer is swept at that end", async () => {
  const repository = new SqliteSessionRepository(open(":memory:"));
  const record = recordOf("handle");
  repository.create("handle", record, at());
  const ended = { ...record, version: 2, expiresAt: NOW + 5 };
  assert.equal(repository.update("handle", 1, ended, at()), "updated");
  assert.equal(await repository.sweep(1, at(NOW + 4)), 0);
  assert.equal(await repository.sweep(1, at(NOW + 5)), 1);
});

test("property: after any verbs in any order every answer is that of a plain map, and a sweep leaves nothing expired", async () => {
  const handle = fc.constantFrom("a", "b", "c", "d", "e");
  const subject = fc.constantFrom(undefined, "ada", "bob", "");
  const span = fc.integer({ min: -2, max: 20 });
  const step = fc.record({
    verb: fc.constantFrom("create", "update", "touch", "delete", "sweep"),
    handle,
    subject,
    passes: fc.integer({ min: 0, max: 6 }),
    lives: span,
    ends: fc.integer({ min: 0, max: 20 }),
    off: fc.constantFrom(0, 0, 0, 1, -1),
    limit: fc.integer({ min: 1, max: 6 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const database = new DatabaseSync(":memory:");
      const repository = new SqliteSessionRepository(database);
      const model = new Map<string, SessionRecord>();
      let now = NOW;
      const isAlive = (record: SessionRecord | undefined) =>
        record !== undefined && record.expiresAt > now;
      for (const { verb, handle, subject, passes, lives, ends, off, limit } of steps) {
        now += passes;
        const there = model.get(handle);
        const expiresAt = now + lives;
        const endsAt = Math.max(expiresAt, now + ends);
        if (verb === "create") {
          const record = recordOf(handle, { subject, expiresAt, endsAt });
          assert.equal(repository.create(handle, record, at(now)), there === undefined);
          if (there === undefined) model.set(handle, record);
        } else if (verb === "update") {
          const version = (there?.version ?? 1) + off;
          const next = recordOf(handle, { version: version + 1, subject, expiresAt, endsAt });
          const is =
            there === undefined || !isAlive(there) ? "gone" : off === 0 ? "updated" : "conflict";
          assert.equal(repository.update(handle, version, next, at(now)), is);
          if (is === "updated") model.set(handle, next);
        } else if (verb === "touch") {
          assert.equal(repository.touch(handle, expiresAt, at(now)), isAlive(there));
          if (there !== undefined && isAlive(there)) {
            const later = Math.max(there.expiresAt, Math.min(expiresAt, there.endsAt));
            model.set(handle, { ...there, expiresAt: later });
          }
        } else if (verb === "delete") {
          assert.equal(repository.delete(handle, at(now)), there !== undefined);
          model.delete(handle);
        } else {
          const expired = [...model.values()].filter((record) => !isAlive(record));
          const removed = await repository.sweep(limit, at(now));
          assert.equal(removed, Math.min(limit, expired.length));
          const left = database.prepare("SELECT handle FROM keepsake_sessions").all();
          const handles = new Set(left.map((row) => String(Object(row).handle)));
          for (const each of [...model.keys()]) if (!handles.has(each)) model.delete(each);
          assert.equal(expired.filter((record) => !model.has(record.handle)).length, removed);
        }
        for (const each of ["a", "b", "c", "d", "e"]) {
          const expected = model.get(each);
          assert.deepEqual(
            repository.read(each, at(now)),
            isAlive(expected) ? expected : undefined,
          );
        }
        for (const each of ["ada", "bob", ""]) {
          const expected = [...model.values()].filter((r) => isAlive(r) && r.subject === each);
          const found = repository.findBySubject(each, at(now));
          const byHandle = (a: SessionRecord, b: SessionRecord) => (a.handle < b.handle ? -1 : 1);
          assert.deepEqual(found.toSorted(byHandle), expected.toSorted(byHandle));
        }
      }
      database.close();
    }),
    runs(150),
  );
});
