import type { SessionRecord } from "../core/repository.ts";
import {
  DAY,
  HOUR,
  handlesOf,
  NOW,
  nextOf,
  type RepositoryCase,
  type RepositoryScene,
} from "./_repository-scene.ts";
import { AWKWARD, cut } from "./_repository-value-cases.ts";
import { equal } from "./check.ts";

const MANY = 50;

const cases: readonly RepositoryCase[] = [
  [
    "findBySubject: all records of the subject, as read gives them, and nobody else's",
    async (scene) => {
      const [ada, bob] = [scene.newSubject(), scene.newSubject()];
      const subjects = [ada, bob, undefined];
      const records = Array.from({ length: 3 * MANY }, (_, index) =>
        scene.newRecord({ subject: subjects[index % 3], data: `${index}`, label: `${index}` }),
      );
      const made = await Promise.all(records.map((record) => scene.create(record)));
      equal(made.includes(false), false, "create");
      for (const subject of [ada, bob]) {
        const own = records.filter((record) => record.subject === subject);
        await scene.expectFound(subject, own, `${own.length} records of one subject`);
      }
      equal(await scene.find(scene.newSubject()), [], "a subject without a record");
    },
  ],
  [
    "findBySubject: subjects are exact: case, blanks and normal forms count, and none is a pattern",
    async (scene) => {
      const records: SessionRecord[] = [];
      for (const subject of similarSubjects(scene.newSubject())) {
        await scene.expectFound(subject, [], `${JSON.stringify(subject)}, before it is there`);
        const record = await scene.hold({ subject });
        records.push(record);
        await scene.expectFound(subject, [record], JSON.stringify(subject));
      }
      for (const record of records) {
        await scene.expectFound(record.subject ?? "", [record], "among all that are similar");
      }
      for (const pattern of ["%", "*", ".*", ""]) {
        const own = new Set(handlesOf(records));
        const found = handlesOf(await scene.find(pattern)).filter((handle) => own.has(handle));
        equal(found, [], `what the subject ${JSON.stringify(pattern)} finds of these`);
      }
    },
  ],
  [
    "findBySubject: any text is a subject, up to the longest",
    async (scene) => {
      const fresh = scene.newSubject();
      const longest = ["x", "€", "e\u0301", "😀"].map((text) =>
        cut(`${fresh}${text.repeat(1024)}`, 1024),
      );
      for (const subject of [...AWKWARD.map((text) => `${text}${fresh}${text}`), ...longest]) {
        const record = await scene.hold({ subject });
        await scene.expectFound(subject, [record], JSON.stringify(subject));
      }
    },
  ],
  [
    "findBySubject: a record is listed until it has expired, and those beside it longer",
    async (scene) => {
      const subject = scene.newSubject();
      const [short, long, moved] = [
        await scene.hold({ subject, endsAt: NOW + DAY }),
        await scene.hold({ subject, expiresAt: NOW + 3 * DAY }),
        await scene.hold({ subject }),
      ];
      equal(await scene.touch(moved.handle, NOW + 2 * DAY), true, "touch");
      const touched = { ...moved, expiresAt: NOW + 2 * DAY };
      await scene.expectFound(subject, [short, long, touched], "before any end", NOW + DAY - 1);
      await scene.expectFound(subject, [long, touched], "at the first end", NOW + DAY);
      await scene.expectFound(subject, [long, touched], "again", NOW + 2 * DAY - 1);
      await scene.expectFound(subject, [long], "at the second end", NOW + 2 * DAY);
      await scene.expectFound(subject, [], "at the last end", NOW + 3 * DAY);
      const next = await scene.hold({ subject }, NOW + 3 * DAY);
      await scene.expectFound(subject, [next], "after a new one", NOW + 3 * DAY);
    },
  ],
  [
    "findBySubject: a record whose ends an update has moved is listed until the new ones",
    async (scene) => {
      const subject = scene.newSubject();
      const other = await scene.hold({ subject, expiresAt: NOW + 30 * DAY });
      const first = await scene.hold({ subject, endsAt: NOW + 2 * DAY });
      const later = { expiresAt: NOW + 20 * DAY, endsAt: NOW + 60 * DAY };
      const longer = await scene.change(first, later);
      await scene.expectFound(subject, [other, longer], "past the first endsAt", NOW + 3 * DAY);
      const earlier = { expiresAt: NOW + 4 * DAY, endsAt: NOW + 4 * DAY };
      const shorter = await scene.change(longer, earlier, NOW + 3 * DAY);
      await scene.expectFound(subject, [other, shorter], "before the end", NOW + 4 * DAY - 1);
      await scene.expectFound(subject, [other], "at the earlier endsAt", NOW + 4 * DAY);
    },
  ],
  [
    "findBySubject: a record moves from list to list with its subject, and is in none without one",
    async (scene) => {
      const [ada, bob] = [scene.newSubject(), scene.newSubject()];
      const stays = await scene.hold({ subject: ada });
      let record = await scene.hold();
      for (const subject of [ada, bob, ada, undefined, bob, bob, undefined]) {
        record = await scene.change(record, { subject, data: `of ${subject}` });
        const others = subject === ada ? [record] : [];
        await scene.expectFound(ada, [stays, ...others], `the one list, after ${subject}`);
        const own = subject === bob ? [record] : [];
        await scene.expectFound(bob, own, `the other list, after ${subject}`);
      }
    },
  ],
  [
    "findBySubject: a create or update that changed nothing has changed no list either",
    async (scene) => {
      const [ada, bob] = [scene.newSubject(), scene.newSubject()];
      const first = await scene.hold({ subject: ada });
      const stored = await scene.change(first, { data: "stored" });
      const theft = { subject: bob, expiresAt: NOW + 2 * DAY };
      equal(await scene.create({ ...stored, ...theft }), false, "create on a taken handle");
      await expectOnly(scene, ada, bob, stored, "after create");
      const shorter = { ...stored, expiresAt: NOW + HOUR, endsAt: NOW + HOUR };
      equal(await scene.create(shorter), false, "create on a taken handle, with an earlier end");
      const late = nextOf(first, { expiresAt: NOW + HOUR, endsAt: NOW + HOUR });
      equal(await scene.update(first, late), "conflict", "update, with an earlier end");
      await scene.expectFound(ada, [stored], "after earlier ends were refused", NOW + HOUR);
      equal(await scene.update(first, nextOf(first, theft)), "conflict", "update");
      await expectOnly(scene, ada, bob, stored, "after a conflict");
      equal(await scene.update(first, nextOf(first, { subject: undefined })), "conflict", "update");
      await expectOnly(scene, ada, bob, stored, "after a conflict of a cleared subject");
      const missing = scene.newRecord({ subject: ada });
      equal(await scene.update(missing, nextOf(missing, theft)), "gone", "update of none");
      await expectOnly(scene, ada, bob, stored, "after an update of none");
    },
  ],
  [
    "findBySubject: a deleted record is in no list, and its handle may come back in another's",
    async (scene) => {
      const [ada, bob] = [scene.newSubject(), scene.newSubject()];
      const stays = await scene.hold({ subject: ada });
      const { handle } = await scene.hold({ subject: ada });
      equal(await scene.delete(handle), true, "delete");
      await scene.expectFound(ada, [stays], "after delete");
      const again = await scene.hold({ handle, subject: bob });
      await scene.expectFound(ada, [stays], "the first list, after create");
      await scene.expectFound(bob, [again], "the second list, after create");
      equal(await scene.delete(handle), true, "delete again");
      const bare = await scene.hold({ handle });
      await scene.expectFound(bob, [], "the second list, after a create without a subject");
      await scene.expectRead(handle, bare, "the record without a subject");
    },
  ],
  [
    "findBySubject: the handle of an expired record, deleted and created again, is listed once and as it is now",
    async (scene) => {
      const [ada, bob] = [scene.newSubject(), scene.newSubject()];
      for (const subject of [ada, bob]) {
        const { handle, expiresAt: end } = await scene.hold({ subject: ada });
        await scene.delete(handle, end);
        const again = await scene.hold({ handle, subject, data: "again" }, end);
        await scene.expectFound(subject, [again], "the list that it is in", end);
        const [other] = [ada, bob].filter((each) => each !== subject);
        await scene.expectFound(other ?? "", [], "the list that it is not in", end);
        await scene.delete(handle, end);
      }
    },
  ],
  [
    "findBySubject: records that get a subject, or are deleted, at the same time are all in it, or all gone",
    async (scene) => {
      const subject = scene.newSubject();
      const staying: SessionRecord[] = [];
      const leaving: SessionRecord[] = [];
      for (let index = 0; index < MANY / 2; index += 1) {
        staying.push(await scene.hold());
        leaving.push(await scene.hold({ subject }));
      }
      const logins = staying.map((record) => nextOf(record, { subject, authenticatedAt: NOW }));
      await scene.together(MANY, async (index) => {
        const before = staying[index >> 1];
        const login = logins[index >> 1];
        const gone = leaving[index >> 1];
        if (before === undefined || login === undefined || gone === undefined) return;
        if (index % 2 === 0) equal(await scene.update(before, login), "updated", "update");
        else equal(await scene.delete(gone.handle), true, "delete");
      });
      await scene.expectFound(subject, logins, "after all of it");
      await scene.expectFound(subject, logins, "a moment later", NOW + HOUR);
    },
  ],
];

export const subjectCases: readonly RepositoryCase[] = cases.map(([name, act]) => [
  name,
  act,
  "findBySubject",
]);

async function expectOnly(
  scene: RepositoryScene,
  owner: string,
  other: string,
  record: SessionRecord,
  what: string,
): Promise<void> {
  await scene.expectFound(owner, [record], `the owner's list, ${what}`);
  await scene.expectFound(other, [], `the other list, ${what}`);
}

/** Subjects that a database may take for one another, or for a pattern of one another. */
function similarSubjects(fresh: string): string[] {
  const name = `${fresh}-Ada`;
  return [
    name,
    `${fresh}-ada`,
    `${fresh}-ADA`,
    `${name} `,
    ` ${name}`,
    `${name}\t`,
    `${name}\n`,
    `${name}\u200d`,
    `${name}\u00ad`,
    `${fresh}-Ad`,
    `${fresh}-Adaa`,
    `${fresh}-Ad\u00e4`,
    `${fresh}-Ada\u0308`,
    `${fresh}-\uff21da`,
    `${fresh}-\u212b`,
    `${fresh}-\u00c5`,
    `${fresh}-A\u030a`,
    `${fresh}-Stra\u00dfe`,
    `${fresh}-Strasse`,
    `${fresh}-___`,
    `${fresh}-%`,
    `${fresh}%`,
    `${fresh}*`,
    `${fresh}-A?a`,
    `${fresh}-[A]da`,
    `${fresh}-.*`,
    `${fresh}\\-Ada`,
    `${fresh}:Ada`,
    `{${fresh}}-Ada`,
    fresh,
  ];
}
