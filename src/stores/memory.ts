import { checkObject, misconfigured } from "../core/options.ts";
import type {
  RepositoryCapabilities,
  RepositoryContext,
  SessionRecord,
  SessionRepository,
  UpdateContext,
} from "../core/repository.ts";
import type { ServerSessionStoreOptions } from "../core/server/options.ts";
import { ServerSessionStore } from "../core/server-session-store.ts";
import type { DefaultData } from "../core/session-data.ts";
import { HandleIndex } from "./_memory-handles.ts";
import { Recency } from "./_memory-recency.ts";
import { RecentRecords } from "./_memory-recent.ts";
import { SubjectIndex } from "./_memory-subjects.ts";
import { entryIn, pack, type Replaced, unpack } from "./_memory-text.ts";
import { TimesColumn } from "./_memory-times.ts";

/** How much is kept in memory. */
export interface MemorySessionRepositoryOptions {
  /** How many sessions are kept; beyond that the least recently used one goes. Default: 100,000. */
  readonly maxSessions?: number | undefined;
}

/** Expired records that one creation removes at most, so that none waits for a crowd of them to go. */
const MOST_EXPIRED = 64;

/**
 * Keeps records in this process, up to a bound. It has no timer: expired records go with sweeps, or make room.
 *
 * A million objects of eleven fields would take twice the memory of what they hold. So a record is a row here: its times
 * are in a column, and all else is one text. The rows have no gaps: the last one takes the place of one that is removed.
 */
export class MemorySessionRepository implements SessionRepository {
  readonly capabilities: RepositoryCapabilities = {
    persistent: false,
    shared: false,
    atomic: true,
    expiry: "sweep",
  };
  readonly #maxSessions: number;
  readonly #texts: string[] = [];
  readonly #times = new TimesColumn();
  readonly #handles = new HandleIndex(this.#texts);
  readonly #recent = new RecentRecords();
  readonly #subjects = new SubjectIndex();
  readonly #recency = new Recency();
  /** Where the next sweep goes on, downward. */
  #sweptTo = 0;

  /** @throws `ERR_SESSION_CONFIG` for a bound that is none. */
  constructor({ maxSessions = 100_000 }: MemorySessionRepositoryOptions = {}) {
    if (!Number.isSafeInteger(maxSessions) || maxSessions < 1) {
      throw misconfigured(
        `MemorySessionRepository: maxSessions must be a whole number above 0, not ${maxSessions}.`,
      );
    }
    this.#maxSessions = maxSessions;
  }

  /** How many records are kept, expired ones that nothing has removed yet included. */
  get size(): number {
    return this.#texts.length;
  }

  create(handle: string, record: SessionRecord, { now }: RepositoryContext): boolean {
    const taken = this.#handles.find(handle);
    if (taken >= 0) {
      if (now < this.#times.expiresAt(taken)) return false;
      this.#remove(taken);
    }
    const at = this.size;
    this.#subjects.replace(undefined, record);
    this.#write(at, record);
    this.#handles.add();
    this.#recency.add(at);
    this.#makeRoom(now);
    return true;
  }

  read(handle: string, { now }: RepositoryContext): SessionRecord | undefined {
    const at = this.#live(handle, now);
    if (at < 0) return undefined;
    this.#recency.use(at);
    return this.#recordAt(at);
  }

  update(
    handle: string,
    version: number,
    record: SessionRecord,
    { now }: UpdateContext,
  ): "updated" | "conflict" | "gone" {
    const at = this.#live(handle, now);
    if (at < 0) return "gone";
    const stored = this.#recordAt(at);
    if (stored.version !== version) return "conflict";
    this.#subjects.replace(stored, record);
    this.#write(at, record, { record: stored, text: this.#texts[at] ?? "" });
    this.#recency.use(at);
    return "updated";
  }

  touch(handle: string, expiresAt: number, { now }: RepositoryContext): boolean {
    const at = this.#live(handle, now);
    if (at < 0) return false;
    const times = this.#times.get(at);
    const end = Math.max(times.expiresAt, Math.min(expiresAt, times.endsAt));
    this.#times.set(at, { ...times, expiresAt: end });
    this.#recency.use(at);
    return true;
  }

  delete(handle: string): boolean {
    const at = this.#handles.find(handle);
    if (at < 0) return false;
    this.#remove(at);
    return true;
  }

  findBySubject(subject: string, { now }: RepositoryContext): SessionRecord[] {
    return Array.from(this.#subjects.handlesOf(subject), (handle) => this.#live(handle, now))
      .filter((at) => at >= 0)
      .map((at) => this.#recordAt(at));
  }

  sweep(limit: number, { now }: RepositoryContext): number {
    let count = 0;
    // A record that takes the place of a removed one is looked at there, so each is looked at once, or once more.
    for (let left = this.size; left > 0 && count < limit; ) {
      if (this.#sweptTo === 0 || this.#sweptTo > this.size) this.#sweptTo = this.size;
      const at = this.#sweptTo - 1;
      if (this.#times.expiresAt(at) <= now) {
        this.#remove(at);
        count += 1;
        if (this.size === 0) break;
      } else {
        this.#sweptTo = at;
        left -= 1;
      }
    }
    return count;
  }

  /** -1 where there is none. */
  #live(handle: string, now: number): number {
    const at = this.#handles.find(handle);
    return at >= 0 && now < this.#times.expiresAt(at) ? at : -1;
  }

  #recordAt(at: number): SessionRecord {
    const text = this.#texts[at] ?? "";
    const recent = this.#recent.get(at, text);
    if (recent?.expiresAt === this.#times.expiresAt(at)) return recent;
    return this.#recent.set(at, text, unpack(text, this.#times.get(at)));
  }

  #write(at: number, record: SessionRecord, before?: Replaced): void {
    const text = pack(record, before);
    this.#texts[at] = text;
    this.#recent.set(at, text, { ...record });
    this.#times.set(at, record);
  }

  #remove(at: number): void {
    const last = this.size - 1;
    this.#subjects.replace(entryIn(this.#texts[at] ?? ""), undefined);
    this.#handles.remove(at);
    this.#recency.remove(at, last);
    this.#times.remove(at, last);
    const text = this.#texts.pop();
    if (at !== last && text !== undefined) this.#texts[at] = text;
  }

  /** Expired ones first, as far as they are the ones that were not used for the longest time. */
  #makeRoom(now: number): void {
    for (let removed = 0; removed < MOST_EXPIRED && this.size > 0; removed += 1) {
      const { oldest } = this.#recency;
      if (now < this.#times.expiresAt(oldest) && this.size <= this.#maxSessions) return;
      this.#remove(oldest);
    }
  }
}

/** What every store on the server takes, and what its repository in memory does. */
export interface InMemorySessionStoreOptions
  extends ServerSessionStoreOptions,
    MemorySessionRepositoryOptions {}

/**
 * Keeps sessions in this process: for development, tests and single processes that may forget. They are gone when it
 * ends, and other processes do not see them.
 *
 * @throws `ERR_SESSION_CONFIG`, `ERR_SESSION_SECRET` for bad options.
 */
export class InMemorySessionStore<
  Data extends object = DefaultData,
> extends ServerSessionStore<Data> {
  readonly #repository: MemorySessionRepository;

  constructor(options: InMemorySessionStoreOptions = {}) {
    checkObject("InMemorySessionStore", options);
    const { maxSessions, ...ofStore } = options;
    const repository = new MemorySessionRepository({ maxSessions });
    super(repository, ofStore);
    this.#repository = repository;
  }

  /** How many sessions are kept, expired ones that nothing has removed yet included. */
  get size(): number {
    return this.#repository.size;
  }
}
