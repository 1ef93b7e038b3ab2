import type { SessionRecord } from "../core/repository.ts";
import { DAY, HOUR, NOW, nextOf, type RepositoryCase } from "./_repository-scene.ts";
import { equal } from "./check.ts";

/** Text that one database or another reads as something else, or gives back in another form. */
export const AWKWARD: readonly string[] = [
  `'"\`\\ \\' \\" '' "" \\\\ \\n \\x00 \\N`,
  "\r\n\n\r\t",
  [...characters(1, 0x1f), ...characters(0x7f, 0xa0)].join(""),
  "\u2028\u2029\u200b\u202e\ufeff\ufffd\uffff",
  "😀👩‍👩‍👧 𝒳\u{10ffff}",
  "e\u0301 é ǆ ß İ ı ﬁ",
  String.raw`{"a":"\ud800","b":"\udc00\u0000"}`,
  "% %s %d %% _ * ? [a-z] ^$ $1 $" + "{x} :a @a # -- /* ; |",
  "{} [] {1,2} {NULL} [null]",
  "__proto__",
  "constructor",
  "NULL",
  "null",
  "undefined",
  "NaN",
  "true",
  "f",
  "0",
  "-0",
  "007",
  "1.50",
  "1e3",
  "0x10",
  "12345678901234567890",
  "2026-01-01",
  "2026-01-01T00:00:00.000Z",
  "\\x41",
  "b:1;",
  "  a  ",
  "\t",
  " ",
];

export const valueCases: readonly RepositoryCase[] = [
  [
    "create, read: every field comes back as it was given",
    async (scene) => {
      const bare = await scene.hold({ label: undefined, authenticatedAt: undefined, flash: "" });
      await scene.expectRead(bare.handle, bare, "a record with nothing that can be left out");
      const full = await scene.hold({
        subject: scene.newSubject(),
        label: "Firefox on Linux",
        createdAt: NOW - HOUR - 1,
        authenticatedAt: NOW - 1,
        expiresAt: NOW + DAY + 1,
        endsAt: NOW + DAY + 2,
        credentials: '["x"]',
        flash: '{"note":"saved"}',
      });
      await scene.expectRead(full.handle, full, "a record with everything");
      await scene.expectRead(bare.handle, bare, "the first beside the second");
    },
  ],
  [
    "create, read: awkward text comes back character by character, in every field that holds text",
    async (scene) => {
      for (const text of AWKWARD) {
        const record = await scene.hold(allOf(text));
        await scene.expectRead(record.handle, record, JSON.stringify(text));
      }
    },
  ],
  [
    "update, read: awkward text comes back character by character, in every field that holds text",
    async (scene) => {
      let record = await scene.hold();
      for (const text of AWKWARD) {
        record = await scene.change(record, allOf(text));
        await scene.expectRead(record.handle, record, JSON.stringify(text));
      }
    },
  ],
  [
    "create, update, read: empty text is text, and not undefined",
    async (scene) => {
      const empty = { label: "", credentials: "", data: "", flash: "" };
      const created = await scene.hold(empty);
      await scene.expectRead(created.handle, created, "created with empty text");
      const filled = await scene.change(created, { ...allOf("x"), data: "x" });
      const emptied = await scene.change(filled, empty);
      await scene.expectRead(created.handle, emptied, "updated to empty text");
    },
  ],
  [
    "create, update, read: long data comes back whole, 64 KiB and 1 MiB, whatever its characters",
    async (scene) => {
      let record = await scene.hold();
      for (const length of [64 * 1024, 1024 * 1024]) {
        for (const data of [
          "x".repeat(length),
          cut(`"\\\n😀`.repeat(length / 4), length),
          everything(length),
        ]) {
          const created = await scene.hold({ data, flash: cut(data, 1024) });
          await scene.expectRead(created.handle, created, "long data, created");
          record = await scene.change(record, { data, credentials: cut(data, 8192) });
          await scene.expectRead(record.handle, record, "long data, updated");
        }
      }
    },
  ],
  [
    "create, update, read: the longest label and the longest subject come back, of any characters",
    async (scene) => {
      const label = everything(256);
      const created = await scene.hold({ label, subject: everything(1024) });
      await scene.expectRead(created.handle, created, "created");
      const updated = await scene.change(created, { subject: "€".repeat(1024) });
      await scene.expectRead(created.handle, updated, "updated");
    },
  ],
  [
    "create, update, read: times are whole milliseconds from the epoch to the year 9999, and 0 is not undefined",
    async (scene) => {
      const last = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
      for (const start of [0, 1, 2 ** 31, 2 ** 32, NOW + 7, 2 ** 31 * 1000, 2 ** 32 * 1000]) {
        const times = { createdAt: start, authenticatedAt: start, endsAt: last };
        const created = await scene.hold({ ...times, expiresAt: start + HOUR }, start);
        await scene.expectRead(created.handle, created, `created at ${start}`, start);
        const change = { createdAt: start + 1, authenticatedAt: start + 2, expiresAt: last };
        const updated = await scene.change(created, change, start);
        await scene.expectRead(created.handle, updated, `updated at ${start}`, start);
        equal(await scene.touch(created.handle, last, start), true, "touch");
        await scene.expectRead(created.handle, updated, `touched at ${start}`, start);
      }
    },
  ],
  [
    "create, update, read: versions go beyond 2^31",
    async (scene) => {
      let record = await scene.hold({ version: 2 ** 31 - 2 });
      for (let step = 0; step < 4; step += 1) {
        await scene.expectRead(record.handle, record, "a large version");
        record = await scene.change(record, { data: `${step}` });
      }
      await scene.expectRead(record.handle, record, "a large version");
    },
  ],
  [
    "create, update, read, findBySubject: nobody holds what is stored, so that changing an object changes no record",
    async (scene) => {
      const subject = scene.newSubject();
      const created = scene.newRecord({ subject });
      const given = { ...created };
      await scene.create(given);
      scribble(given);
      await scene.expectRead(created.handle, created, "after a change of what create was given");

      for (const again of ["the first", "the second"]) {
        const handed = await scene.read(created.handle);
        if (handed !== undefined) scribble(handed);
        const what = `after a change of ${again} that was read`;
        await scene.expectRead(created.handle, created, what);
      }

      const updated = nextOf(created, { data: "updated" });
      const next = { ...updated };
      equal(await scene.update(created, next), "updated", "update");
      scribble(next);
      await scene.expectRead(created.handle, updated, "after a change of what update was given");

      const list = await scene.find(subject);
      for (const found of list) scribble(found);
      await scene.expectRead(created.handle, updated, "after a change of what was found");
      if (list.length > 0) await scene.expectFound(subject, [updated], "after a change of it");
    },
  ],
  [
    "create, update: what is given is not changed",
    async (scene) => {
      const record = Object.freeze(scene.newRecord());
      equal(await scene.create(record), true, "create of a frozen record");
      const next = Object.freeze(nextOf(record, { data: "next" }));
      equal(await scene.update(record, next), "updated", "update to a frozen record");
      await scene.expectRead(record.handle, next, "after both");
    },
  ],
];

function allOf(text: string): Partial<SessionRecord> {
  return { subject: text, label: text, credentials: text, data: text, flash: text };
}

/** Writes over every field, as far as the object lets itself be changed. */
function scribble(record: SessionRecord): void {
  for (const key of Object.keys(record)) Reflect.set(record, key, "scribbled");
}

/** The beginning of a text: so many UTF-16 units, none of them half a character. */
export function cut(text: string, length: number): string {
  const start = text.slice(0, length);
  return start.isWellFormed() ? start : `${start.slice(0, -1)}.`;
}

/** So many UTF-16 units from all over Unicode, in an order that no compression shortens. */
function everything(length: number): string {
  let text = "";
  let state = 1;
  while (text.length < length) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const code = (state >>> 8) % 0x110000;
    const isWhole = code !== 0 && (code < 0xd800 || code > 0xdfff);
    if (isWhole && text.length + (code > 0xffff ? 2 : 1) <= length) {
      text += String.fromCodePoint(code);
    }
  }
  return text;
}

function characters(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => String.fromCharCode(first + index));
}
