import type { SessionRecord } from "../core/repository.ts";
import { DAY, HOUR, NOW, nextOf, type RepositoryCase } from "./_repository-scene.ts";
import { equal, ok } from "./check.ts";

export const writeCases: readonly RepositoryCase[] = [
  [
    "capabilities: four promises in code, and what removes expired records is a sweep where there is one",
    async ({ repository }) => {
      const { persistent, shared, atomic, expiry } = repository.capabilities;
      for (const promise of [persistent, shared, atomic]) equal(typeof promise, "boolean", "type");
      ok(["sweep", "database", "nothing"].includes(expiry), `expiry is ${expiry}`);
      equal(expiry === "sweep", typeof repository.sweep === "function", "sweep, if declared");
    },
  ],
  [
    "create: a handle that is taken is false, and changes nothing",
    async (scene) => {
      for (const version of [1, 5]) {
        const there = await scene.hold({ version, subject: scene.newSubject(), label: "there" });
        for (const other of [1, 4, 5, 6]) {
          const late = scene.newRecord({
            handle: there.handle,
            version: other,
            subject: scene.newSubject(),
            expiresAt: NOW + 2 * DAY,
            data: "late",
          });
          equal(await scene.create(late), false, `create of version ${other} over ${version}`);
          await scene.expectRead(there.handle, there, "the record that was there");
        }
        equal(await scene.create(there), false, "create of the same record");
      }
    },
  ],
  [
    "read: a handle that nobody has is undefined",
    async (scene) => {
      await scene.hold();
      await scene.expectRead(scene.newHandle(), undefined, "an unknown handle");
    },
  ],
  [
    "handles are exact: case and punctuation count, every character does, and none is a pattern",
    async (scene) => {
      const [own = "", ...similar] = similarHandles(scene.newHandle());
      const first = await scene.hold({ handle: own, data: own });
      const others = similar.map((handle) => scene.newRecord({ handle, data: handle }));
      for (const other of others) {
        const { handle } = other;
        await scene.expectRead(handle, undefined, `${handle} beside ${first.handle}`);
        equal(await scene.update(other, nextOf(other, {})), "gone", `update of ${handle}`);
        equal(await scene.touch(handle, NOW + 2 * DAY), false, `touch of ${handle}`);
        equal(await scene.delete(handle), false, `delete of ${handle}`);
      }
      await scene.expectRead(first.handle, first, "the one that is there");
      for (const other of others) equal(await scene.create(other), true, `create ${other.handle}`);
      for (const one of [first, ...others]) await scene.expectRead(one.handle, one, one.handle);
    },
  ],
  [
    "update: the version that is stored is replaced, in every field",
    async (scene) => {
      let record = await scene.hold();
      const [ada, bob] = [scene.newSubject(), scene.newSubject()];
      const steps: Record<string, Partial<SessionRecord>> = {
        "a subject is set": { subject: ada, authenticatedAt: NOW },
        "a subject is changed": { subject: bob, authenticatedAt: NOW + 1 },
        "a label is set": { label: "Firefox" },
        "a label is changed": { label: "Chromium" },
        "data, flash and credentials are set": { data: "{}", flash: "{}", credentials: "other" },
        "the flash is cleared": { flash: "" },
        "the end is later": { expiresAt: NOW + 2 * DAY, endsAt: NOW + 60 * DAY },
        "the end is earlier": { expiresAt: NOW + HOUR, endsAt: NOW + 2 * HOUR },
        "the times are others": { createdAt: NOW - DAY, authenticatedAt: NOW - DAY },
        "the subject is cleared": { subject: undefined, authenticatedAt: undefined },
        "the label is cleared": { label: undefined },
        "nothing but the version is new": {},
      };
      for (const [step, changes] of Object.entries(steps)) {
        record = await scene.change(record, changes);
        await scene.expectRead(record.handle, record, step);
      }
    },
  ],
  [
    "update: a version that is not the stored one is a conflict, and changes nothing",
    async (scene) => {
      const first = await scene.hold({ subject: scene.newSubject() });
      const stored = await scene.change(await scene.change(first, {}), { data: "stored" });
      const stale = { subject: scene.newSubject(), expiresAt: NOW + 2 * DAY, data: "stale" };
      for (const version of [0, 1, 2, 4, 5, 13, 30]) {
        const before = { ...stored, version };
        const result = await scene.update(before, nextOf(before, stale));
        equal(result, "conflict", `update of version ${version}`);
        await scene.expectRead(stored.handle, stored, `after an update of version ${version}`);
      }
      await scene.change(stored, { data: "still possible" });
    },
  ],
  [
    "update: the version that was updated is stored no more",
    async (scene) => {
      const first = await scene.hold();
      const second = await scene.change(first, { data: "second" });
      equal(await scene.update(first, nextOf(first, {})), "conflict", "the same update again");
      await scene.expectRead(first.handle, second, "after it");
    },
  ],
  [
    "update: a record that is not there is gone, and is not made",
    async (scene) => {
      const record = scene.newRecord();
      scene.willClear(record.handle);
      equal(await scene.update(record, nextOf(record, {})), "gone", "update");
      await scene.expectRead(record.handle, undefined, "after it");
      equal(await scene.create(record), true, "create under the handle");
    },
  ],
  [
    "delete: true, then false; the record is gone for every verb, and its handle free",
    async (scene) => {
      const [record, other] = [await scene.hold(), await scene.hold()];
      equal(await scene.delete(scene.newHandle()), false, "delete of an unknown handle");
      equal(await scene.delete(record.handle), true, "delete");
      equal(await scene.delete(record.handle), false, "delete again");
      await scene.expectRead(record.handle, undefined, "after delete");
      equal(await scene.touch(record.handle, NOW + 2 * DAY), false, "touch after delete");
      equal(await scene.update(record, nextOf(record, {})), "gone", "update after delete");
      await scene.expectRead(record.handle, undefined, "after touch and update");
      const again = { ...record, data: "again" };
      equal(await scene.create(again), true, "create after delete");
      await scene.expectRead(record.handle, again, "after create");
      await scene.expectRead(other.handle, other, "the other one");
    },
  ],
];

/** A handle, and others that differ from it in one way that a database may not see. All are 16 bytes of base64url. */
function similarHandles(random: string): string[] {
  const [start, beforeLast, last] = [random.slice(0, 16), random.slice(20, 21), random.slice(21)];
  const middles = ["Ab-_", "aB-_", "AB-_", "ab-_", "Ab_-", "Ab--", "Ab__", "____"];
  const starts = [
    start.toLowerCase(),
    start.toUpperCase(),
    `_${start.slice(1)}`,
    `-${start.slice(1)}`,
    "_".repeat(start.length),
  ];
  return [
    ...new Set([
      ...middles.map((middle) => `${start}${middle}${beforeLast}${last}`),
      ...starts.map((other) => `${other}Ab-_${beforeLast}${last}`),
      // The last character has but two bits of the sixteenth byte.
      ...[..."AQgw"].map((other) => `${start}Ab-_${beforeLast}${other}`),
    ]),
  ];
}
