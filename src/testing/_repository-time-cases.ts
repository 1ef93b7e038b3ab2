import { DAY, HOUR, isOneOf, NOW, nextOf, type RepositoryCase } from "./_repository-scene.ts";
import { equal, ok } from "./check.ts";

/** Far from the clock of any machine this runs on, on both sides of it. */
const YEARS = [1970, 2001, 2019, 2026, 2106, 9998];

const inYears: readonly RepositoryCase[] = YEARS.map((year) => [
  `expired is decided by the time that is given: a whole life in the year ${year}`,
  async (scene) => {
    const start = Date.UTC(year, 0, 2);
    const subject = scene.newSubject();
    const created = await scene.hold({ subject }, start);
    const { handle } = created;
    await scene.expectRead(handle, created, "at its creation", start);
    const updated = await scene.change(created, { data: "updated" }, start + HOUR);
    equal(await scene.touch(handle, start + 2 * DAY, start + DAY - 1), true, "touch in time");
    const touched = { ...updated, expiresAt: start + 2 * DAY };
    await scene.expectRead(handle, touched, "a moment before its end", start + 2 * DAY - 1);
    if (scene.repository.findBySubject !== undefined) {
      await scene.expectFound(subject, [touched], "before its end", start + 2 * DAY - 1);
    }
    await scene.expectRead(handle, undefined, "at its end", start + 2 * DAY);
    equal(await scene.touch(handle, start + 3 * DAY, start + 2 * DAY), false, "touch at its end");
    const late = nextOf(touched, { expiresAt: start + 3 * DAY });
    equal(await scene.update(touched, late, start + 2 * DAY), "gone", "update at its end");
    equal(await scene.find(subject, start + 2 * DAY), [], "findBySubject at its end");
  },
]);

export const timeCases: readonly RepositoryCase[] = [
  ...inYears,
  [
    "read: a record is there until the moment before expiresAt, and not from expiresAt on",
    async (scene) => {
      for (const later of [0, 1, HOUR, 365 * DAY]) {
        const record = await scene.hold();
        await scene.expectRead(record.handle, record, "before", record.expiresAt - 1);
        await scene.expectRead(record.handle, undefined, "after", record.expiresAt + later);
      }
    },
  ],
  [
    "update: an expired record is gone, and is not brought back",
    async (scene) => {
      for (const later of [0, 1, HOUR]) {
        const record = await scene.hold();
        const now = record.expiresAt + later;
        const next = nextOf(record, { expiresAt: now + DAY, data: "late" });
        equal(await scene.update(record, next, now), "gone", `update ${later} ms after the end`);
        await scene.expectRead(record.handle, undefined, "after it", now);
        const earlier = await scene.read(record.handle, NOW);
        ok(isOneOf(earlier, [undefined, record]), "the update was gone, and changed the record");
      }
    },
  ],
  [
    "update: the end that it sets is the one that counts, earlier or later",
    async (scene) => {
      const first = await scene.hold();
      const later = await scene.change(first, { expiresAt: NOW + 3 * DAY });
      await scene.expectRead(first.handle, later, "past its first end", NOW + 2 * DAY);
      const earlier = await scene.change(later, { expiresAt: NOW + HOUR });
      await scene.expectRead(first.handle, earlier, "before the earlier end", NOW + HOUR - 1);
      await scene.expectRead(first.handle, undefined, "at the earlier end", NOW + HOUR);
    },
  ],
  [
    "create: where an expired record lies, it is true and the new record is there, or false and none is",
    async (scene) => {
      const expired = await scene.hold({ data: "expired" });
      const now = expired.expiresAt;
      const { handle } = expired;
      const record = scene.newRecord({ handle, data: "new" }, now);
      const created = await scene.create(record, now);
      await scene.expectRead(handle, created ? record : undefined, "after create", now);
      await scene.delete(handle, now);
      equal(await scene.create(record, now), true, "create after delete");
      await scene.expectRead(handle, record, "after the second create", now);
    },
  ],
  [
    "touch: a later time moves expiresAt, and nothing else",
    async (scene) => {
      const record = await scene.hold({ subject: scene.newSubject(), flash: "f", label: "l" });
      const later = { ...record, expiresAt: record.expiresAt + HOUR };
      equal(await scene.touch(record.handle, later.expiresAt), true, "touch");
      await scene.expectRead(record.handle, later, "after it");
      await scene.expectRead(record.handle, later, "past the first end", record.expiresAt);
      await scene.expectRead(record.handle, undefined, "at the new end", later.expiresAt);
    },
  ],
  [
    "touch: the version stays, so that an update of what was read before it is no conflict",
    async (scene) => {
      const record = await scene.hold();
      equal(await scene.touch(record.handle, NOW + 2 * DAY), true, "touch");
      const updated = await scene.change(record, { data: "updated" });
      await scene.expectRead(record.handle, updated, "after update");
    },
  ],
  [
    "touch: an earlier time is true, and moves nothing",
    async (scene) => {
      const record = await scene.hold();
      for (const time of [record.expiresAt, record.expiresAt - 1, NOW + 1, NOW, NOW - DAY, 0]) {
        equal(await scene.touch(record.handle, time), true, `touch to ${time - NOW} ms from now`);
        await scene.expectRead(record.handle, record, "after it");
      }
      await scene.expectRead(record.handle, record, "to its end", record.expiresAt - 1);
    },
  ],
  [
    "touch: never past endsAt",
    async (scene) => {
      const record = await scene.hold({ endsAt: NOW + 2 * DAY });
      for (const time of [NOW + 3 * DAY, NOW + 2 * DAY + 1, NOW + 2 * DAY]) {
        equal(await scene.touch(record.handle, time), true, "touch");
        const capped = { ...record, expiresAt: record.endsAt };
        await scene.expectRead(record.handle, capped, "after it");
      }
      await scene.expectRead(record.handle, undefined, "at endsAt", record.endsAt);
    },
  ],
  [
    "touch: endsAt is the one that the last update set",
    async (scene) => {
      const record = await scene.hold();
      const shorter = await scene.change(record, { endsAt: NOW + 2 * DAY });
      equal(await scene.touch(record.handle, NOW + 20 * DAY), true, "touch");
      const capped = { ...shorter, expiresAt: shorter.endsAt };
      await scene.expectRead(record.handle, capped, "after an update to an earlier endsAt");
      const longer = await scene.change(capped, { endsAt: NOW + 60 * DAY });
      equal(await scene.touch(record.handle, NOW + 50 * DAY), true, "touch again");
      const moved = { ...longer, expiresAt: NOW + 50 * DAY };
      await scene.expectRead(record.handle, moved, "after an update to a later endsAt");
    },
  ],
  [
    "touch: an expired record is false, and is not brought back",
    async (scene) => {
      for (const later of [0, 1, HOUR]) {
        const record = await scene.hold();
        const now = record.expiresAt + later;
        equal(await scene.touch(record.handle, now + DAY, now), false, "touch");
        await scene.expectRead(record.handle, undefined, "after it", now);
        const earlier = await scene.read(record.handle, NOW);
        ok(isOneOf(earlier, [undefined, record]), "the touch was false, and changed the record");
      }
    },
  ],
  [
    "touch: a record that is not there is false, and is not made",
    async (scene) => {
      const handle = scene.newHandle();
      equal(await scene.touch(handle, NOW + DAY), false, "touch");
      await scene.expectRead(handle, undefined, "after it");
      await scene.hold({ handle });
    },
  ],
];
