import { isValues } from "../core/json.ts";
import { checkBoolean, checkOptions, describe, misconfigured } from "../core/options.ts";
import type {
  RepositoryCapabilities,
  RepositoryContext,
  SessionRecord,
  SessionRepository,
} from "../core/repository.ts";
import { Lines, type Turn } from "./_bridge-lines.ts";
import { fromStored, type StoredRecord, toStored } from "./_bridge-record.ts";

/** What a bridge has to be told of the store behind it. */
export interface BridgeOptions {
  /** Whether what is stored outlives the process. Default: true. `false` for a store in memory. */
  readonly persistent?: boolean;
  /**
   * What removes records that have expired: `"database"` where the store obeys the time to live it is given, `"nothing"`
   * where it does not, so that it grows. An expired record is no session either way.
   */
  readonly expiry?: "database" | "nothing";
}

/** A store that keeps one value a key. Each function throws, or rejects, where it cannot tell or has not done it. */
interface Backend {
  /** What was set last; `undefined` where there is nothing. */
  get(handle: string): Promise<unknown>;
  /** @param ttl Milliseconds for which it has to be kept. After that the store may remove it. */
  set(handle: string, record: StoredRecord, ttl: number): Promise<void>;
  remove(handle: string): Promise<void>;
}

/**
 * The store removes by its own clock, and by seconds; what has expired is decided here, by the clock that is handed in.
 * That the two differ must never end a session early, and what is kept for longer costs a little room.
 */
const SLACK = 600_000;

const EXPIRIES: readonly unknown[] = ["database", "nothing"];

/**
 * A repository over a store that can only get, set and remove. It makes `create`, `update` and `touch` one step for the
 * requests of this process, by letting them go one after another; it cannot for those of other processes.
 */
export class BridgeRepository implements SessionRepository {
  readonly capabilities: RepositoryCapabilities;
  readonly #owner: string;
  readonly #backend: Backend;
  readonly #lines = new Lines();
  /** Whether the store has once given back what was put into it. */
  #isProven = false;

  /** @throws `ERR_SESSION_CONFIG` for options that there are not, or with other values. */
  constructor(
    owner: string,
    backend: Backend,
    options: BridgeOptions,
    defaultExpiry: "database" | "nothing",
  ) {
    checkOptions(owner, options, ["persistent", "expiry"]);
    const { persistent = true, expiry = defaultExpiry } = options;
    checkBoolean(owner, "persistent", persistent);
    if (!EXPIRIES.includes(expiry)) {
      throw misconfigured(
        `${owner}: expiry must be "database" or "nothing", not ${describe(expiry)}.`,
      );
    }
    this.#owner = owner;
    this.#backend = backend;
    // Every process that serves requests writes, so without atomic writes the records are for one process alone.
    this.capabilities = { persistent, shared: false, atomic: false, expiry };
  }

  create(handle: string, record: SessionRecord, context: RepositoryContext): Promise<boolean> {
    return this.#lines.run(handle, true, context.signal, async (turn) => {
      const found = await this.#find(handle);
      if (found !== undefined && context.now < found.expiresAt) return false;
      await this.#write(turn, record, context);
      if (!this.#isProven) await this.#prove(record);
      return true;
    });
  }

  read(handle: string, context: RepositoryContext): Promise<SessionRecord | undefined> {
    return this.#lines.run(handle, false, context.signal, () => this.#live(handle, context));
  }

  update(
    handle: string,
    version: number,
    record: SessionRecord,
    context: RepositoryContext,
  ): Promise<"updated" | "conflict" | "gone"> {
    return this.#lines.run(handle, true, context.signal, async (turn) => {
      const live = await this.#live(handle, context);
      if (live === undefined) return "gone";
      if (live.version !== version) return "conflict";
      await this.#write(turn, record, context);
      return "updated";
    });
  }

  /** Writes the whole record, because `expiresAt` is inside: where a store can touch, that moves its own time to live alone. */
  touch(handle: string, expiresAt: number, context: RepositoryContext): Promise<boolean> {
    return this.#lines.run(handle, true, context.signal, async (turn) => {
      const live = await this.#live(handle, context);
      if (live === undefined) return false;
      const moved = Math.min(expiresAt, live.endsAt);
      if (moved > live.expiresAt) {
        await this.#write(turn, { ...live, expiresAt: moved }, context);
      }
      return true;
    });
  }

  delete(handle: string, context: RepositoryContext): Promise<boolean> {
    return this.#lines.run(handle, true, context.signal, async (turn) => {
      const found = await this.#backend.get(handle);
      const record = fromStored(found);
      if (found === undefined || (record !== undefined && record.handle !== handle)) return false;
      turn.commit();
      await this.#backend.remove(handle);
      return true;
    });
  }

  async #live(handle: string, { now }: RepositoryContext): Promise<SessionRecord | undefined> {
    const found = await this.#find(handle);
    // Keys that differ in case alone are one key to some databases: then it is the record of another session.
    return found?.handle === handle && now < found.expiresAt ? found : undefined;
  }

  async #find(handle: string): Promise<SessionRecord | undefined> {
    const value = await this.#backend.get(handle);
    const record = fromStored(value);
    if (value !== undefined && record === undefined) {
      throw new Error(
        `${this.#owner}: what is stored for ${handle} is not a session record. ` +
          "Something else uses the same key, or the store does not keep what it is given.",
      );
    }
    return record;
  }

  async #write(turn: Turn, record: SessionRecord, { now }: RepositoryContext): Promise<void> {
    turn.commit();
    const ttl = Math.max(0, record.expiresAt - now) + SLACK;
    await this.#backend.set(record.handle, toStored(record), ttl);
  }

  /** A store that is read-only, or keeps only what it knows, often does not say so: every session would be lost in silence. */
  async #prove(record: SessionRecord): Promise<void> {
    const found = await this.#find(record.handle);
    const isSame =
      found !== undefined && JSON.stringify(toStored(found)) === JSON.stringify(toStored(record));
    if (!isSame) {
      throw new Error(
        `${this.#owner}: the store did not give back what was put into it. ` +
          "Is it read-only, or does it change or drop what it does not know?",
      );
    }
    this.#isProven = true;
  }
}

/** @throws `ERR_SESSION_CONFIG` where the store lacks one of the functions. */
export function checkStore(
  owner: string,
  store: unknown,
  kind: string,
  names: readonly string[],
): void {
  if (isValues(store) && names.every((name) => typeof store[name] === "function")) return;
  throw misconfigured(`${owner}: ${kind} must have the functions ${names.join(", ")}.`);
}
