import { misconfigured } from "../core/options.ts";
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

export interface MemorySessionRepositoryOptions {
  /** How many sessions are kept; beyond that the least recently used one goes. Default: 100,000. */
  readonly maxSessions?: number;
}

/** Keeps records in this process, up to a bound. It has no timer: expired records go with sweeps, or make room. */
export class MemorySessionRepository implements SessionRepository {
  readonly capabilities: RepositoryCapabilities = {
    persistent: false,
    shared: false,
    atomic: true,
    expiry: "sweep",
  };
  readonly #maxSessions: number;
  /** By handle, the least recently used first. */
  readonly #records = new Map<string, SessionRecord>();
  readonly #handlesOf = new Map<string, Set<string>>();

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
    return this.#records.size;
  }

  create(handle: string, record: SessionRecord, { now }: RepositoryContext): boolean {
    if (this.#live(handle, now) !== undefined) return false;
    this.#put(handle, record);
    this.#makeRoom(now);
    return true;
  }

  read(handle: string, { now }: RepositoryContext): SessionRecord | undefined {
    const record = this.#live(handle, now);
    if (record !== undefined) this.#moveToEnd(handle, record);
    return record;
  }

  update(
    handle: string,
    version: number,
    record: SessionRecord,
    { now }: UpdateContext,
  ): "updated" | "conflict" | "gone" {
    const stored = this.#live(handle, now);
    if (stored === undefined) return "gone";
    if (stored.version !== version) return "conflict";
    this.#put(handle, record);
    return "updated";
  }

  touch(handle: string, expiresAt: number, { now }: RepositoryContext): boolean {
    const stored = this.#live(handle, now);
    if (stored === undefined) return false;
    const end = Math.max(stored.expiresAt, Math.min(expiresAt, stored.endsAt));
    this.#put(handle, { ...stored, expiresAt: end });
    return true;
  }

  delete(handle: string): boolean {
    return this.#remove(handle);
  }

  findBySubject(subject: string, { now }: RepositoryContext): SessionRecord[] {
    return [...(this.#handlesOf.get(subject) ?? [])].flatMap(
      (handle) => this.#live(handle, now) ?? [],
    );
  }

  sweep(limit: number, { now }: RepositoryContext): number {
    let count = 0;
    for (const [handle, { expiresAt }] of this.#records) {
      if (count === limit) break;
      if (expiresAt <= now && this.#remove(handle)) count += 1;
    }
    return count;
  }

  #live(handle: string, now: number): SessionRecord | undefined {
    const record = this.#records.get(handle);
    return record !== undefined && now < record.expiresAt ? record : undefined;
  }

  #put(handle: string, record: SessionRecord): void {
    this.#remove(handle);
    // Its own, so that no caller can change what is stored; and what is frozen can be handed out as it is.
    const kept = Object.freeze({ ...record });
    this.#records.set(handle, kept);
    if (kept.subject === undefined) return;
    const handles = this.#handlesOf.get(kept.subject) ?? new Set();
    this.#handlesOf.set(kept.subject, handles.add(handle));
  }

  #remove(handle: string): boolean {
    const subject = this.#records.get(handle)?.subject;
    const handles = subject === undefined ? undefined : this.#handlesOf.get(subject);
    handles?.delete(handle);
    if (subject !== undefined && handles?.size === 0) this.#handlesOf.delete(subject);
    return this.#records.delete(handle);
  }

  #moveToEnd(handle: string, record: SessionRecord): void {
    this.#records.delete(handle);
    this.#records.set(handle, record);
  }

  #makeRoom(now: number): void {
    for (const [handle, { expiresAt }] of this.#records) {
      if (this.#records.size <= this.#maxSessions && now < expiresAt) return;
      this.#remove(handle);
    }
  }
}

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

  constructor({ maxSessions, ...options }: InMemorySessionStoreOptions = {}) {
    const repository = new MemorySessionRepository(
      maxSessions === undefined ? {} : { maxSessions },
    );
    super(repository, options);
    this.#repository = repository;
  }

  /** How many sessions are kept, expired ones that nothing has removed yet included. */
  get size(): number {
    return this.#repository.size;
  }
}
