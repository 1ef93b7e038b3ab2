import type { SessionRecord } from "../core/repository.ts";
import {
  DAY,
  isOneOf,
  NOW,
  nextOf,
  type RepositoryCase,
  type RepositoryScene,
} from "./_repository-scene.ts";
import { CheckFailed, equal, ok } from "./check.ts";

const MANY = 50;
const PAIRS = 20;

export const raceCases: readonly RepositoryCase[] = [
  [
    "update: of 50 at the same time of one version exactly one is updated, and all others are a conflict",
    async (scene) => {
      const before = await scene.hold();
      const next = candidatesFor(before);
      const results = await scene.together(MANY, (index) => scene.update(before, at(next, index)));
      const winners = next.filter((_, index) => results[index] === "updated");
      equal(winners.length, 1, "how many were updated");
      equal(count(results, "conflict"), MANY - 1, "how many were a conflict");
      await scene.expectRead(before.handle, winners[0], "the record of the winner");
    },
  ],
  [
    "update: 50 at the same time never fail, one at least is updated, and one that was is what remains",
    async (scene) => {
      const before = await scene.hold();
      const next = candidatesFor(before);
      const results = await Promise.all(next.map((record) => scene.update(before, record)));
      const updated = next.filter((_, index) => results[index] === "updated");
      ok(updated.length > 0, "none was updated");
      equal(count(results, "gone"), 0, "how many were gone");
      ok(
        isOneOf(await scene.read(before.handle), updated),
        "what remains is none that was updated",
      );
    },
  ],
  [
    "create: of 50 at the same time under one handle exactly one is true, and its record is there",
    async (scene) => {
      const candidates = candidatesFor(scene.newRecord({ version: 0 }));
      const results = await scene.together(MANY, (index) => scene.create(at(candidates, index)));
      const winners = candidates.filter((_, index) => results[index] === true);
      equal(winners.length, 1, "how many were true");
      equal(count(results, false), MANY - 1, "how many were false");
      await scene.expectRead(winners[0]?.handle ?? "", winners[0], "the record of the winner");
    },
  ],
  [
    "create, read: 50 records at the same time do not mix",
    async (scene) => {
      const records = Array.from({ length: MANY }, (_, index) =>
        scene.newRecord({ data: `${index}` }),
      );
      const made = await Promise.all(records.map((record) => scene.create(record)));
      equal(count(made, true), MANY, "how many were created");
      await Promise.all(
        records.map((record) => scene.expectRead(record.handle, record, `record ${record.data}`)),
      );
    },
  ],
  [
    "update: 20 that read, change and try again until they are updated lose no change",
    async (scene) => {
      const { handle } = await scene.hold({ data: "0" });
      await scene.together(PAIRS, () => increment(scene, handle));
      const record = await scene.read(handle);
      equal([record?.data, record?.version], [`${PAIRS}`, PAIRS + 1], "the data and the version");
    },
  ],
  [
    "touch: beside an update it never brings back old data, nor an end that the update took away",
    async (scene) => {
      for (let turn = 0; turn < PAIRS; turn += 1) {
        const before = await scene.hold({ data: "old", subject: scene.newSubject() });
        const next = nextOf(before, { data: "new", subject: undefined, endsAt: NOW + 10 * DAY });
        const results = await race<boolean | string>(scene, turn, [
          () => scene.touch(before.handle, NOW + 20 * DAY),
          () => scene.update(before, next),
        ]);
        equal(results, [true, "updated"], "touch and update");
        const read = await scene.read(before.handle);
        ok(
          isOneOf(read, [next, { ...next, expiresAt: next.endsAt }]),
          `touch beside update left ${JSON.stringify(read)}`,
        );
      }
    },
  ],
  [
    "delete: beside an update and a touch it is true, and none of them brings the record back",
    async (scene) => {
      for (let turn = 0; turn < PAIRS; turn += 1) {
        const before = await scene.hold();
        const [deleted] = await race<boolean | string>(scene, turn, [
          () => scene.delete(before.handle),
          () => scene.update(before, nextOf(before, {})),
          () => scene.touch(before.handle, NOW + 2 * DAY),
        ]);
        equal(deleted, true, "delete");
        await scene.expectRead(before.handle, undefined, "after delete, update and touch");
      }
    },
  ],
];

/** Starts all of them, in every turn another first, and gives the results in the order of `acts`. */
async function race<Result>(
  scene: RepositoryScene,
  turn: number,
  acts: readonly (() => Promise<Result>)[],
): Promise<Result[]> {
  const order = acts.map((_, index) => (index + turn) % acts.length);
  const results = await scene.together(acts.length, (index) => at(acts, at(order, index))());
  return acts.map((_, act) => at(results, order.indexOf(act)));
}

/** Fifty next versions of one record, all different. */
function candidatesFor(before: SessionRecord): SessionRecord[] {
  return Array.from({ length: MANY }, (_, index) =>
    nextOf(before, {
      data: `data ${index}`,
      label: `label ${index}`,
      expiresAt: NOW + DAY + index,
    }),
  );
}

async function increment(scene: RepositoryScene, handle: string): Promise<void> {
  // Whoever is not updated was overtaken by somebody who was: each round ends for at least one.
  for (let round = 0; round < PAIRS; round += 1) {
    const record = await scene.read(handle);
    if (record === undefined) throw new CheckFailed("the record that is counted in is gone");
    const next = nextOf(record, { data: `${Number(record.data) + 1}` });
    if ((await scene.update(record, next)) === "updated") return;
  }
  throw new CheckFailed(`${PAIRS} rounds, each with another conflict`);
}

function count<Result>(results: readonly Result[], wanted: Result): number {
  return results.filter((result) => result === wanted).length;
}

function at<Item>(list: readonly Item[], index: number): Item {
  const item = list[index];
  if (item === undefined) throw new RangeError(`no item ${index}`);
  return item;
}
