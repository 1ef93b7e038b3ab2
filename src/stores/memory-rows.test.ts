import assert from "node:assert/strict";
import { test } from "node:test";
import { MemorySessionRepository, type SessionRecord } from "keepsake";

const at = (now: number) => ({ now, signal: new AbortController().signal });

const record = (handle: string, changes: Partial<SessionRecord> = {}): SessionRecord => ({
  handle,
  version: 1,
  subject: undefined,
  label: undefined,
  createdAt: 0,
  authenticatedAt: undefined,
  expiresAt: 100,
  endsAt: 1000,
  credentials: "hash",
  data: "{}",
  flash: "",
  ...changes,
});

function filled(count: number, changes: (index: number) => Partial<SessionRecord>) {
  const repository = new MemorySessionRepository();
  for (let index = 0; index < count; index += 1) {
    repository.create(`h${index}`, record(`h${index}`, changes(index)), at(0));
  }
  return repository;
}

test("a creation removes a bounded number of expired records, however many there are", () => {
  const repository = filled(1000, () => ({}));
  repository.create("new", record("new", { expiresAt: 500 }), at(200));
  const { size } = repository;
  assert.ok(size > 900 && size < 1000, `${size} are left`);
  for (let index = 0; index < 50; index += 1) {
    repository.create(`n${index}`, record(`n${index}`, { expiresAt: 500 }), at(200));
  }
  assert.equal(repository.size, 51);
});

test("a sweep goes on where the last one has ended, comes round, and finds all, live ones between them or not", () => {
  const repository = filled(5000, (index) => ({ expiresAt: index % 3 === 0 ? 900 : 100 + index }));
  const live = (now: number) =>
    Array.from({ length: 5000 }, (_, index) => `h${index}`).filter(
      (handle) => repository.read(handle, at(now)) !== undefined,
    ).length;
  assert.equal(repository.sweep(100, at(300)), 100);
  let removed = 100;
  // In the middle of it, more expire, before the place where it is.
  for (let count = 7; count === 7; removed += count) count = repository.sweep(7, at(400));
  assert.equal(removed, 5000 - repository.size);
  assert.equal(live(400), repository.size, "none that has expired is left");
  assert.equal(repository.sweep(5000, at(400)), 0);
  const rest = repository.size;
  const removedLast = repository.sweep(5000, at(950));
  assert.deepEqual([removedLast, repository.size], [rest - live(950), live(950)]);
  assert.equal(repository.sweep(5000, at(950)), 0);
  const last = repository.size;
  assert.equal(repository.sweep(5000, at(9999)), last);
  assert.equal(repository.size, 0);
  assert.equal(repository.sweep(1, at(9999)), 0);
});

test("a subject's records are found, through updates, removals and other subjects", () => {
  const repository = filled(60, (index) => ({ subject: `user-${index % 3}` }));
  const handles = (subject: string) =>
    repository
      .findBySubject(subject, at(0))
      .map(({ handle }) => Number(handle.slice(1)))
      .sort((a, b) => a - b);
  assert.deepEqual(
    handles("user-1"),
    Array.from({ length: 20 }, (_, index) => index * 3 + 1),
  );
  for (let index = 0; index < 60; index += 2) repository.delete(`h${index}`);
  assert.deepEqual(handles("user-1"), [1, 7, 13, 19, 25, 31, 37, 43, 49, 55]);
  for (const index of handles("user-1").slice(1)) {
    const stored = record(`h${index}`, { version: 2, subject: index === 7 ? "ada" : undefined });
    assert.equal(
      repository.update(`h${index}`, 1, stored, { ...at(0), before: stored }),
      "updated",
    );
  }
  assert.deepEqual(handles("user-1"), [1]);
  assert.deepEqual(handles("ada"), [7]);
  assert.deepEqual(handles("nobody"), []);
});

test("what was read stays as it was, whatever is written later, and cannot be changed", () => {
  const repository = filled(1, () => ({}));
  const before = repository.read("h0", at(0));
  repository.touch("h0", 500, at(0));
  const touched = repository.read("h0", at(0));
  const stored = record("h0", { version: 2, data: "[]" });
  repository.update("h0", 1, stored, { ...at(0), before: stored });
  Object.assign(stored, { data: "changed" });
  assert.deepEqual([before?.expiresAt, touched?.expiresAt, touched?.data], [100, 500, "{}"]);
  assert.equal(repository.read("h0", at(0))?.data, "[]");
  assert.throws(() => Object.assign(before ?? {}, { data: "changed" }), TypeError);
});
