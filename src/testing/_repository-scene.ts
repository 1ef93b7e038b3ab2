import { toBase64url } from "#base64url";
import { systemRandom } from "../core/random.ts";
import type {
  RepositoryContext,
  SessionRecord,
  SessionRepository,
  UpdateContext,
} from "../core/repository.ts";
import { CheckFailed, equal, ok } from "./check.ts";

export const HOUR: number = 60 * 60 * 1000;
export const DAY: number = 24 * HOUR;

/** The time of a case that is not about time. */
export const NOW: number = Date.UTC(2026, 0, 1);

/** A named case, as data. */
export type RepositoryCase = readonly [
  name: string,
  act: (scene: RepositoryScene) => Promise<void>,
  /** The optional verb that the case is about. */
  needs?: "findBySubject" | "sweep",
];

const FIELDS = [
  "handle",
  "version",
  "subject",
  "label",
  "createdAt",
  "authenticatedAt",
  "expiresAt",
  "endsAt",
  "credentials",
  "data",
  "flash",
] as const satisfies readonly (keyof SessionRecord)[];

/**
 * What a case works with: a repository, and records that no other case has.
 *
 * Times keep hours apart, never milliseconds: the time of a case stands still, and a database that removes by its own
 * clock what has an hour to live must not do it while the case runs.
 */
export class RepositoryScene {
  readonly repository: SessionRepository;
  readonly #handles = new Set<string>();

  constructor(repository: SessionRepository) {
    this.repository = repository;
  }

  newHandle(): string {
    return toBase64url(systemRandom(16));
  }

  newSubject(): string {
    return `user-${this.newHandle()}`;
  }

  /** A record under a handle of its own: a day to live from `now` on, and thirty days at most. */
  newRecord(changes: Partial<SessionRecord> = {}, now: number = NOW): SessionRecord {
    return {
      handle: this.newHandle(),
      version: 1,
      subject: undefined,
      label: undefined,
      createdAt: now,
      authenticatedAt: undefined,
      expiresAt: now + DAY,
      endsAt: now + 30 * DAY,
      credentials: "a hash",
      data: '{"a":1}',
      flash: "",
      ...changes,
    };
  }

  /** The last argument of a verb. */
  at(now: number): RepositoryContext {
    return { now, signal: new AbortController().signal };
  }

  /** The last argument of `update`. */
  after({ subject, endsAt }: SessionRecord, now: number): UpdateContext {
    return { ...this.at(now), before: { subject, endsAt } };
  }

  async create(record: SessionRecord, now: number = NOW): Promise<boolean> {
    this.willClear(record.handle);
    return this.repository.create(record.handle, record, this.at(now));
  }

  /** Stores a new record, which must succeed, and gives it back. */
  async hold(changes: Partial<SessionRecord> = {}, now: number = NOW): Promise<SessionRecord> {
    const record = this.newRecord(changes, now);
    equal(await this.create(record, now), true, "create under a free handle");
    return record;
  }

  async read(handle: string, now: number = NOW): Promise<SessionRecord | undefined> {
    return this.repository.read(handle, this.at(now));
  }

  async update(
    before: SessionRecord,
    next: SessionRecord,
    now: number = NOW,
  ): Promise<"updated" | "conflict" | "gone"> {
    const context = this.after(before, now);
    return this.repository.update(before.handle, before.version, next, context);
  }

  /** Updates a record, which must succeed, and gives back what is stored now. */
  async change(
    before: SessionRecord,
    changes: Partial<SessionRecord>,
    now: number = NOW,
  ): Promise<SessionRecord> {
    const next = nextOf(before, changes);
    equal(await this.update(before, next, now), "updated", "update of the version that is stored");
    return next;
  }

  async touch(handle: string, expiresAt: number, now: number = NOW): Promise<boolean> {
    return this.repository.touch(handle, expiresAt, this.at(now));
  }

  async delete(handle: string, now: number = NOW): Promise<boolean> {
    return this.repository.delete(handle, this.at(now));
  }

  /** What `findBySubject` gives, sorted by handle; nothing where the repository has no such verb. */
  async find(subject: string, now: number = NOW): Promise<SessionRecord[]> {
    const found = (await this.repository.findBySubject?.(subject, this.at(now))) ?? [];
    return found.toSorted((a, b) => (a.handle < b.handle ? -1 : 1));
  }

  /** `read` gives this record, or none. */
  async expectRead(
    handle: string,
    expected: SessionRecord | undefined,
    what: string,
    now: number = NOW,
  ): Promise<void> {
    equalRecord(await this.read(handle, now), expected, what);
  }

  /** `findBySubject` gives these records, in any order, and no other. */
  async expectFound(
    subject: string,
    expected: readonly SessionRecord[],
    what: string,
    now: number = NOW,
  ): Promise<void> {
    const sorted = expected.toSorted((a, b) => (a.handle < b.handle ? -1 : 1));
    const found = await this.find(subject, now);
    equal(handlesOf(found), handlesOf(sorted), `the handles, ${what}`);
    for (const [index, record] of sorted.entries()) equalRecord(found[index], record, what);
  }

  /**
   * Does it `count` times at the same time if the repository is atomic, and one after another if it is not, because more
   * is not promised then.
   */
  async together<Result>(
    count: number,
    act: (index: number) => Promise<Result>,
  ): Promise<Result[]> {
    const indexes = Array.from({ length: count }, (_, index) => index);
    if (this.repository.capabilities.atomic) return Promise.all(indexes.map(act));
    const results: Result[] = [];
    for (const index of indexes) results.push(await act(index));
    return results;
  }

  /** Has the record of a handle removed when the case has ended. `create` does so by itself. */
  willClear(handle: string): void {
    this.#handles.add(handle);
  }

  /** Removes what the case has stored, as far as that can be done. */
  async clear(): Promise<void> {
    await Promise.allSettled([...this.#handles].map((handle) => this.delete(handle)));
  }
}

/** The next version of a record. */
export function nextOf(before: SessionRecord, changes: Partial<SessionRecord>): SessionRecord {
  return { ...before, version: before.version + 1, ...changes };
}

export function equalRecord(
  actual: SessionRecord | undefined,
  expected: SessionRecord | undefined,
  what: string,
): void {
  if (actual === undefined || actual === null || expected === undefined) {
    ok(actual === expected, `${what}: expected ${print(expected)}, found ${print(actual)}`);
    return;
  }
  for (const field of FIELDS) {
    const [found, wanted] = [actual[field], expected[field]];
    if (Object.is(found, wanted)) continue;
    throw new CheckFailed(
      `${what}: ${field} is ${show(found)}, and ${show(wanted)} is expected${difference(found, wanted)}`,
    );
  }
}

/** Whether a record is there that is the same in all its fields. */
export function isOneOf(
  actual: SessionRecord | undefined,
  candidates: readonly (SessionRecord | undefined)[],
): boolean {
  return candidates.some((candidate) =>
    actual === undefined || candidate === undefined
      ? actual === candidate
      : FIELDS.every((field) => Object.is(actual[field], candidate[field])),
  );
}

export function handlesOf(records: readonly SessionRecord[]): string[] {
  return records.map(({ handle }) => handle);
}

function print(record: SessionRecord | null | undefined): string {
  return record === undefined || record === null
    ? String(record)
    : `{ ${FIELDS.map((field) => `${field}: ${show(record[field])}`).join(", ")} }`;
}

const MOST_SHOWN = 60;

function show(value: unknown): string {
  if (typeof value !== "string")
    return value === undefined ? "undefined" : `${typeof value} ${value}`;
  const text = JSON.stringify(value.slice(0, MOST_SHOWN));
  return value.length > MOST_SHOWN ? `${text}… (${value.length} characters)` : text;
}

function difference(found: unknown, wanted: unknown): string {
  if (typeof found !== "string" || typeof wanted !== "string") return "";
  let index = 0;
  while (found[index] === wanted[index]) index += 1;
  const codes = [found, wanted].map((text) => text.charCodeAt(index));
  return ` (character ${index} has the code ${codes.join(", and should have ")})`;
}
