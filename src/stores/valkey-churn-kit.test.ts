import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { SessionRecord } from "../core/repository.ts";
import type { ValkeySessionRepository } from "./valkey.ts";
import { after, at, HOUR, newRecord, nextOf } from "./valkey-kit.test.ts";

// Shared by tests that end servers under load; it has none of its own.

const RECORDS = 12;
/** Milliseconds. Shorter than any outage, in which something has to fail. */
const PATIENCE = 1000;

/** How often every record is written before a test goes on. */
const ROUNDS = 3;

/** Updates records one after the other, whatever fails, until it is told to stop. */
export class Churn {
  readonly repository: ValkeySessionRepository;
  /** By handle, what the server has confirmed last, or has been found to have. */
  readonly confirmed = new Map<string, SessionRecord>();
  #failures = 0;
  #sinceFailure = 0;
  #stopping = false;
  #work: Promise<void> | undefined;

  readonly #begun: readonly SessionRecord[];

  /** @param handles Those of its records. Default: random ones. */
  constructor(repository: ValkeySessionRepository, handles?: readonly string[]) {
    this.repository = repository;
    const made = Array.from({ length: RECORDS }, () => newRecord({ subject: "ada" }));
    this.#begun = handles?.map((handle) => newRecord({ subject: "ada", handle })) ?? made;
  }

  /** Resolves when all that it can do goes well. */
  async start(): Promise<void> {
    for (const begun of this.#begun) {
      const record = withVersion(begun);
      assert.equal(await this.repository.create(record.handle, record, at()), true);
      this.confirmed.set(record.handle, record);
    }
    this.#work = this.#run();
    this.#work.catch(() => {});
    await until("everything is written", () => this.#sinceFailure >= ROUNDS * this.#begun.length);
  }

  /** Failures count from now on. */
  expectOutage(): void {
    this.#failures = 0;
  }

  /** Rejects if a record was lost meanwhile. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#work;
  }

  /** Whether something has failed, and every record has been written several times since. */
  get hasRecovered(): boolean {
    return this.#failures > 0 && this.#sinceFailure >= ROUNDS * this.#begun.length;
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      for (const record of [...this.confirmed.values()]) {
        try {
          await this.#update(record);
          this.#sinceFailure += 1;
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
          this.#failures += 1;
          this.#sinceFailure = 0;
        }
      }
      await sleep(5);
    }
  }

  async #update(before: SessionRecord): Promise<void> {
    const { handle, version } = before;
    const next = withVersion(nextOf(before));
    const outcome = await inTime((signal) =>
      this.repository.update(handle, version, next, { ...after(before), signal }),
    );
    if (outcome === "updated") this.confirmed.set(handle, next);
    else if (outcome === "conflict") await this.#look(handle);
    else assert.fail(`${handle} is gone`);
  }

  /** A write of which nothing was heard may be done, and in a failover one that was confirmed may be undone. */
  async #look(handle: string): Promise<void> {
    const found = await inTime((signal) => this.repository.read(handle, { ...at(), signal }));
    assert.ok(found, `${handle} is gone`);
    assertWhole(found);
    this.confirmed.set(handle, found);
  }

  /** Every record is there, of one piece. */
  async check({ nothingLost }: { readonly nothingLost: boolean }): Promise<void> {
    for (const [handle, { version }] of this.confirmed) {
      const found = await this.repository.read(handle, at());
      assert.ok(found, `${handle} is gone`);
      assertWhole(found);
      if (nothingLost) assert.ok(found.version >= version, `${found.version} after ${version}`);
    }
    const listed = await this.repository.findBySubject("ada", at());
    assert.equal(listed.length, this.confirmed.size);
  }
}

/** A record whose parts tell the version. */
function withVersion(record: SessionRecord): SessionRecord {
  const { version } = record;
  const part = `${version}`;
  return {
    ...record,
    data: part,
    flash: part,
    credentials: part,
    expiresAt: NOON + version * HOUR,
  };
}

const NOON = newRecord().expiresAt;

function assertWhole(record: SessionRecord): void {
  assert.deepEqual(record, withVersion(record));
}

async function inTime<Result>(act: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const abort = new AbortController();
  const timer = new AbortController();
  const late = sleep(PATIENCE, undefined, { signal: timer.signal }).then(() => {
    abort.abort();
    throw new Error("no answer in time");
  });
  late.catch(() => {});
  try {
    return await Promise.race([act(abort.signal), late]);
  } finally {
    timer.abort();
  }
}

/** Waits for something that servers do in their own time. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await holds())) {
    assert.ok(performance.now() < end, `it has not come to this: ${what}`);
    await sleep(50);
  }
}
