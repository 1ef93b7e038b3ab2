import type { SessionRecord } from "../core/repository.ts";
import { DAY, HOUR, type RepositoryCase, type RepositoryScene } from "./_repository-scene.ts";
import { equal, ok } from "./check.ts";

/** Long ago, so that a sweep finds nothing of other cases, nor of an application that uses the same database. */
const SWEPT_AT = Date.UTC(1980, 0, 1);

/** More than a year before: a repository may sweep later than a record expires, and has had time enough. */
const CREATED_AT = SWEPT_AT - 400 * DAY;

const LIMIT = 100;
const MOST_ROUNDS = 1000;

const cases: readonly RepositoryCase[] = [
  [
    "sweep: removes what has expired, says how many, and says 0 when there is no more",
    async (scene) => {
      await sweepAll(scene, LIMIT);
      const expired = await holdExpired(scene, 7);
      await sweepAll(scene, LIMIT, CREATED_AT);
      equal(await left(scene, expired), 7, "how many are there before their end");
      equal(await sweepAll(scene, LIMIT), 7, "how many were removed");
      equal(await left(scene, expired), 0, "how many are left");
      for (const record of expired) {
        equal(await scene.create(record, CREATED_AT), true, "create under the handle");
      }
    },
  ],
  [
    "sweep: at most as many as it is told",
    async (scene) => {
      await sweepAll(scene, LIMIT);
      const expired = await holdExpired(scene, 10);
      let rest = expired.length;
      for (const limit of [3, 1]) {
        const removed = await sweep(scene, limit);
        ok(removed > 0, `a sweep of ${limit} found none of ${rest}`);
        rest -= removed;
        equal(await left(scene, expired), rest, `how many are left after a sweep of ${limit}`);
      }
      equal(await sweepAll(scene, 4), rest, "how many were removed after that");
      equal(await left(scene, expired), 0, "how many are left");
    },
  ],
  [
    "sweep: a record that has not expired stays, also if a touch or an update has moved its end",
    async (scene) => {
      const subject = scene.newSubject();
      const [end, endsAt] = [SWEPT_AT + HOUR, SWEPT_AT + DAY];
      const live = await scene.hold({ subject, expiresAt: end, endsAt }, CREATED_AT);
      const last = await scene.hold({ subject, expiresAt: SWEPT_AT + 1, endsAt }, CREATED_AT);
      const touched = await scene.hold({ subject, endsAt }, CREATED_AT);
      const updated = await scene.hold({ subject }, CREATED_AT);
      equal(await scene.touch(touched.handle, end, CREATED_AT + HOUR), true, "touch");
      const next = await scene.change(updated, { expiresAt: end, endsAt }, CREATED_AT + HOUR);
      const expired = await holdExpired(scene, 3);
      await sweepAll(scene, 1);
      equal(await left(scene, expired), 0, "how many are left of those that expired");
      const staying = [live, last, { ...touched, expiresAt: end }, next];
      for (const record of staying) {
        await scene.expectRead(record.handle, record, "a live one", SWEPT_AT);
      }
      if (scene.repository.findBySubject !== undefined) {
        await scene.expectFound(subject, staying, "the live ones", SWEPT_AT);
      }
    },
  ],
  [
    "sweep: several at the same time never fail, and count no record twice",
    async (scene) => {
      await sweepAll(scene, LIMIT);
      // First, because a repository may make room for it by removing what has expired.
      const live = await scene.hold({ expiresAt: SWEPT_AT + HOUR }, SWEPT_AT);
      const expired = await holdExpired(scene, 20);
      const counts = await Promise.all([8, 8, 8, 8].map((limit) => sweep(scene, limit)));
      const removed = counts.reduce((sum, count) => sum + count, 0);
      equal(removed + (await sweepAll(scene, LIMIT)), 20, "how many were removed");
      equal(await left(scene, expired), 0, "how many are left");
      await scene.expectRead(live.handle, live, "the live one", SWEPT_AT);
    },
  ],
];

export const sweepCases: readonly RepositoryCase[] = cases.map(([name, act]) => [
  name,
  act,
  "sweep",
]);

async function holdExpired(scene: RepositoryScene, count: number): Promise<SessionRecord[]> {
  const records: SessionRecord[] = [];
  for (let index = 0; index < count; index += 1) records.push(await scene.hold({}, CREATED_AT));
  return records;
}

/** How many are still there: what is only hidden because it has expired shows at a time before that. */
async function left(scene: RepositoryScene, records: readonly SessionRecord[]): Promise<number> {
  let count = 0;
  for (const { handle } of records) {
    if ((await scene.read(handle, CREATED_AT)) !== undefined) count += 1;
  }
  return count;
}

async function sweep(scene: RepositoryScene, limit: number, now = SWEPT_AT): Promise<number> {
  const removed = (await scene.repository.sweep?.(limit, scene.at(now))) ?? Number.NaN;
  ok(Number.isInteger(removed), `sweep is ${removed}: no number of records`);
  ok(removed >= 0 && removed <= limit, `a sweep of ${limit} removed ${removed}`);
  return removed;
}

async function sweepAll(scene: RepositoryScene, limit: number, now?: number): Promise<number> {
  let sum = 0;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const removed = await sweep(scene, limit, now);
    if (removed === 0) return sum;
    sum += removed;
  }
  throw new RangeError(`sweep is not done after ${MOST_ROUNDS} rounds`);
}
