import { toBase64url } from "#base64url";
import { checkOptions, describe, misconfigured } from "../core/options.ts";
import { systemRandom } from "../core/random.ts";
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
import { type Connection, connectionOf, type ValkeyClient } from "./_valkey-clients.ts";
import {
  decode,
  encode,
  FIELDS,
  LEEWAY,
  lifetime,
  metaOf,
  textsOf,
  wordOf,
} from "./_valkey-record.ts";
import { CREATE, DELETE, type Script, TOUCH, UPDATE } from "./_valkey-scripts.ts";
import { SubjectIndex } from "./_valkey-subject-index.ts";
import { type ValkeyWait, waiting } from "./_valkey-wait.ts";

export type {
  GlideClusterLike,
  GlideLike,
  IoredisLike,
  NodeRedisClusterLike,
  NodeRedisLike,
  NodeRedisSendOptions,
  NodeRedisSentinelLike,
  ValkeyClient,
} from "./_valkey-clients.ts";
export type { ValkeyWait };

/** Under which keys sessions are, and when a write counts. */
export interface ValkeySessionRepositoryOptions {
  /** What every key begins with. Default: `"session:"`. */
  readonly prefix?: string | undefined;
  /**
   * Has writes wait until replicas have them as well, and fail where too few do in time. While it waits, a connection does
   * nothing else: give the store a client of its own, or a pool. Not with GLIDE. Default: they do not wait.
   */
  readonly wait?: ValkeyWait | undefined;
}

const OWNER = "ValkeySessionRepository";
const WRITE_BYTES = 9;

/**
 * Keeps sessions in Valkey, or in Redis 5 or newer: a single server, Sentinel or Cluster, over `iovalkey`, `ioredis`,
 * `redis` (node-redis) or Valkey GLIDE. A session is one hash, `session:HANDLE`; which ones a subject has is a sorted set,
 * `session:subject:SUBJECT`. A read is one command, and so is a write; login and logout are two.
 *
 * - Let the server evict nothing (`maxmemory-policy noeviction`): an evicted session is over, and an evicted index hides
 *   sessions from `findBySubject`.
 * - Replication is asynchronous: a failover loses the writes of the last moments, a logout included, unless `wait` is set.
 * - A client that keeps commands while it is disconnected may execute one whose request has failed by then. Those in the
 *   queue of `redis` are taken back, by the store's time limit and not by the client's; with `iovalkey` and `ioredis` set `enableOfflineQueue: false`, or a small
 *   `maxRetriesPerRequest`.
 *
 * @param client Stays the application's: it connects and closes it. One that reads from replicas is refused.
 * @throws `ERR_SESSION_CONFIG` for bad options, and for a client that is none or cannot do what they ask for.
 */
export class ValkeySessionRepository implements SessionRepository {
  readonly capabilities: RepositoryCapabilities = {
    persistent: true,
    shared: true,
    atomic: true,
    expiry: "database",
  };
  readonly #prefix: string;
  readonly #connection: Connection;
  readonly #sendWrite: Connection["send"];
  readonly #index: SubjectIndex;

  constructor(client: ValkeyClient, options: ValkeySessionRepositoryOptions = {}) {
    checkOptions(OWNER, options, ["prefix", "wait"]);
    const { prefix = "session:", wait } = options;
    if (typeof prefix !== "string" || prefix === "" || !prefix.isWellFormed()) {
      throw misconfigured(
        `${OWNER}: prefix must be text, such as "session:", not ${describe(prefix)}.`,
      );
    }
    this.#prefix = prefix;
    this.#connection = connectionOf(OWNER, client);
    this.#sendWrite =
      wait === undefined ? this.#connection.send : waiting(OWNER, this.#connection, wait);
    this.#index = new SubjectIndex(this.#connection, prefix, this.#write.bind(this));
  }

  async create(
    handle: string,
    record: SessionRecord,
    context: RepositoryContext,
  ): Promise<boolean> {
    if (record.subject !== undefined) await this.#announce(record.subject, record, context);
    const reply = await this.#store(CREATE, handle, record, context);
    return wordOf(reply, ["created", "taken"]) === "created";
  }

  async read(handle: string, context: RepositoryContext): Promise<SessionRecord | undefined> {
    const record = await this.#fetch(handle, context);
    return record !== undefined && record.expiresAt > context.now ? record : undefined;
  }

  async update(
    handle: string,
    version: number,
    record: SessionRecord,
    context: UpdateContext,
  ): Promise<"updated" | "conflict" | "gone"> {
    const { before } = context;
    const { subject, endsAt } = record;
    const isIndexed = subject === before.subject && endsAt === before.endsAt;
    if (subject !== undefined && !isIndexed) await this.#announce(subject, record, context);
    const reply = await this.#store(UPDATE, handle, record, context, [String(version)]);
    const outcome = wordOf(reply, ["updated", "conflict", "gone"]);
    if (outcome === "updated" && before.subject !== undefined && before.subject !== subject) {
      await this.#index.remove(before.subject, handle, before.endsAt, context);
    }
    return outcome;
  }

  async touch(handle: string, expiresAt: number, context: RepositoryContext): Promise<boolean> {
    const key = this.#key(handle);
    const args = [String(context.now), String(expiresAt), String(LEEWAY)];
    // A touch that is lost in a failover ends a session early by a tenth of its idle timeout, and need not wait.
    const send = this.#connection.send;
    const reply = await TOUCH.run((command) => send(key, command, context), key, args);
    return wordOf(reply, ["touched", "gone"]) === "touched";
  }

  async delete(handle: string, context: RepositoryContext): Promise<boolean> {
    const reply = await this.#write(DELETE, this.#key(handle), [String(context.now)], context);
    const [endsAt, meta] = textsOf(reply);
    if (meta === undefined) return false;
    const { subject } = metaOf(meta);
    if (subject !== undefined) await this.#index.remove(subject, handle, Number(endsAt), context);
    return true;
  }

  async findBySubject(subject: string, context: RepositoryContext): Promise<SessionRecord[]> {
    const records = await this.#index.find(subject, context, (handle) =>
      this.#fetch(handle, context),
    );
    return records.filter(({ expiresAt }) => expiresAt > context.now);
  }

  async #announce(
    subject: string,
    record: SessionRecord,
    context: RepositoryContext,
  ): Promise<void> {
    await this.#index.add(subject, record, context);
    // The request may have failed meanwhile, and its login must not happen after that.
    context.signal.throwIfAborted();
  }

  /** What the server holds, expired or not. */
  async #fetch(handle: string, context: RepositoryContext): Promise<SessionRecord | undefined> {
    const key = this.#key(handle);
    const reply = await this.#connection.send(key, ["hmget", key, ...FIELDS], context);
    return decode(handle, reply);
  }

  async #store(
    script: Script,
    handle: string,
    record: SessionRecord,
    context: RepositoryContext,
    rest: readonly string[] = [],
  ): Promise<unknown> {
    const { now } = context;
    // A client that loses its connection may send a command again that was executed before. By this it is known again.
    const write = toBase64url(systemRandom(WRITE_BYTES));
    const life = lifetime(record.expiresAt, now);
    const args = [String(now), life, write, ...encode(record), ...rest];
    return this.#write(script, this.#key(handle), args, context);
  }

  #write(
    script: Script,
    key: string,
    args: readonly string[],
    context: RepositoryContext,
  ): Promise<unknown> {
    return script.run((command) => this.#sendWrite(key, command, context), key, args);
  }

  #key(handle: string): string {
    return `${this.#prefix}${handle}`;
  }
}

/** What every store on the server takes, and what its repository in Valkey does. */
export interface ValkeySessionStoreOptions
  extends ServerSessionStoreOptions,
    ValkeySessionRepositoryOptions {}

/**
 * Keeps sessions in Valkey or Redis, by a {@link ValkeySessionRepository}.
 *
 * @param client Stays the application's: it connects and closes it.
 * @throws `ERR_SESSION_CONFIG`, `ERR_SESSION_SECRET` for bad options, or for a client that is none.
 *
 * @example
 * ```ts
 * import { Redis } from "iovalkey";
 * import { ValkeySessionStore } from "keepsake/stores/valkey";
 *
 * const client = new Redis("redis://127.0.0.1:6379", { maxRetriesPerRequest: 1 });
 * app.use(sessions(new ValkeySessionStore(client)));
 * ```
 */
export class ValkeySessionStore<
  Data extends object = DefaultData,
> extends ServerSessionStore<Data> {
  constructor(client: ValkeyClient, { prefix, wait, ...options }: ValkeySessionStoreOptions = {}) {
    super(new ValkeySessionRepository(client, { prefix, wait }), options);
  }
}
