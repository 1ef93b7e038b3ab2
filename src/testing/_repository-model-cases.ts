import type { SessionRecord } from "../core/repository.ts";
import {
  equalRecord,
  HOUR,
  NOW,
  nextOf,
  type RepositoryCase,
  type RepositoryScene,
} from "./_repository-scene.ts";
import { CheckFailed, equal } from "./check.ts";

const SEEDS = [1, 2, 3, 4, 5];
const OPERATIONS = 300;
const HANDLES = 5;
const SUBJECTS = 3;

export const modelCases: readonly RepositoryCase[] = SEEDS.map((seed) => [
  `a random walk of ${OPERATIONS} operations is answered as the contract says (seed ${seed})`,
  async (scene) => {
    const walk = new Walk(scene, randomNumbers(seed));
    for (let operation = 1; operation <= OPERATIONS; operation += 1) {
      try {
        await walk.step();
      } catch (cause) {
        const what = cause instanceof Error ? cause.message : String(cause);
        throw new CheckFailed(
          `seed ${seed}, operation ${operation}: ${what}\n${walk.log.join("\n")}`,
        );
      }
    }
  },
]);

type Numbers = (below: number) => number;

/** What happens to a few handles, in a repository and in a model of one, compared at every step. */
class Walk {
  /** Every operation so far, in words. */
  readonly log: string[] = [];
  readonly #scene: RepositoryScene;
  readonly #random: Numbers;
  readonly #handles: readonly string[];
  readonly #subjects: readonly string[];
  readonly #stored = new Map<string, SessionRecord>();
  /** Every record that was there under a handle since it was last created, touches left out. */
  readonly #past = new Map<string, SessionRecord[]>();
  #now = NOW;

  constructor(scene: RepositoryScene, random: Numbers) {
    this.#scene = scene;
    this.#random = random;
    this.#handles = Array.from({ length: HANDLES }, () => scene.newHandle());
    this.#subjects = Array.from({ length: SUBJECTS }, () => scene.newSubject());
  }

  async step(): Promise<void> {
    const index = this.#random(HANDLES);
    const handle = this.#handles[index] ?? "";
    const choice = this.#random(20);
    const isExpired = this.#stored.has(handle) && this.#alive(handle) === undefined;
    // Else most of the walk would be among the dead: an expired record may keep its handle from being created again.
    if (choice < 4 && isExpired && this.#random(2) === 0) await this.#delete(handle, index);
    else if (choice < 4) await this.#create(handle, index);
    else if (choice < 9) await this.#update(handle, index);
    else if (choice < 12) await this.#touch(handle, index);
    else if (choice < 13) await this.#delete(handle, index);
    else if (choice < 15) await this.#read(handle, index);
    else if (choice < 18) await this.#find();
    else this.#wait();
    // Not always, because reading may remove what has expired.
    if (choice < 13 && this.#random(2) === 0) await this.#read(handle, index);
  }

  async #create(handle: string, index: number): Promise<void> {
    const record = this.#scene.newRecord({ ...this.#values(), handle, createdAt: this.#now });
    this.#log(`create ${index} ${JSON.stringify(record)}`);
    const created = await this.#scene.create(record, this.#now);
    const there = this.#stored.get(handle);
    // Whether the handle of an expired record is free depends on whether the record was removed.
    if (there === undefined || this.#alive(handle)) equal(created, there === undefined, "create");
    if (created) this.#remember(record, []);
  }

  async #update(handle: string, index: number): Promise<void> {
    const there = this.#stored.get(handle);
    const past = this.#past.get(handle) ?? [this.#scene.newRecord({ handle })];
    const old = past[this.#random(past.length)];
    const choice = this.#random(6);
    let before = there ?? old;
    if (choice === 0 && there) before = { ...there, version: there.version + 1 + this.#random(9) };
    else if (choice < 3 && old && old.version !== there?.version) before = old;
    if (before === undefined) return;
    const next = nextOf(before, this.#values());
    this.#log(`update ${index} at version ${before.version} to ${JSON.stringify(next)}`);
    const result = await this.#scene.update(before, next, this.#now);
    const alive = this.#alive(handle);
    const wanted =
      alive === undefined ? "gone" : alive.version === before.version ? "updated" : "conflict";
    equal(result, wanted, "update");
    if (wanted === "updated") this.#remember(next, past);
  }

  async #touch(handle: string, index: number): Promise<void> {
    const expiresAt = this.#now + (this.#random(30) - 6) * HOUR;
    this.#log(`touch ${index} to ${this.#hours(expiresAt)}`);
    const touched = await this.#scene.touch(handle, expiresAt, this.#now);
    const alive = this.#alive(handle);
    equal(touched, alive !== undefined, "touch");
    if (alive === undefined) return;
    const capped = Math.min(expiresAt, alive.endsAt);
    this.#stored.set(handle, { ...alive, expiresAt: Math.max(alive.expiresAt, capped) });
  }

  async #delete(handle: string, index: number): Promise<void> {
    this.#log(`delete ${index}`);
    const deleted = await this.#scene.delete(handle, this.#now);
    const there = this.#stored.has(handle);
    if (!there || this.#alive(handle)) equal(deleted, there, "delete");
    this.#stored.delete(handle);
  }

  async #read(handle: string, index: number): Promise<void> {
    this.#log(`read ${index}`);
    equalRecord(await this.#scene.read(handle, this.#now), this.#alive(handle), "read");
  }

  async #find(): Promise<void> {
    const index = this.#random(SUBJECTS);
    const subject = this.#subjects[index] ?? "";
    this.#log(`find ${index}`);
    if (this.#scene.repository.findBySubject === undefined) return;
    const alive = this.#handles.flatMap((handle) => this.#alive(handle) ?? []);
    const own = alive.filter((record) => record.subject === subject);
    await this.#scene.expectFound(subject, own, "findBySubject", this.#now);
  }

  #wait(): void {
    this.#now += (1 + this.#random(2)) * HOUR;
    this.#log(`the time is ${this.#hours(this.#now)}`);
  }

  #values(): Partial<SessionRecord> {
    const number = this.#random(2 ** 20);
    const lifetime = 1 + this.#random(20);
    return {
      subject: this.#subjects[this.#random(SUBJECTS + 1)],
      label: this.#random(2) === 0 ? undefined : `label ${number}`,
      authenticatedAt: this.#random(2) === 0 ? undefined : this.#now + number,
      expiresAt: this.#now + lifetime * HOUR,
      endsAt: this.#now + (lifetime + this.#random(10)) * HOUR,
      credentials: `credentials ${number}`,
      data: `data ${number}`,
      flash: this.#random(2) === 0 ? "" : `flash ${number}`,
    };
  }

  #alive(handle: string): SessionRecord | undefined {
    const record = this.#stored.get(handle);
    return record !== undefined && this.#now < record.expiresAt ? record : undefined;
  }

  #remember(record: SessionRecord, past: readonly SessionRecord[]): void {
    this.#stored.set(record.handle, record);
    this.#past.set(record.handle, [...past, record]);
  }

  #hours(time: number): string {
    return `hour ${(time - NOW) / HOUR}`;
  }

  #log(operation: string): void {
    this.log.push(operation);
  }
}

/** Numbers that are the same in every run: mulberry32. */
function randomNumbers(seed: number): Numbers {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
