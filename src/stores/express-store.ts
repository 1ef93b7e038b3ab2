import { systemClock } from "../core/clock.ts";
import { isValues } from "../core/json.ts";
import { isThenable } from "../core/promises.ts";
import type { SessionRepository } from "../core/repository.ts";
import { type BridgeOptions, BridgeRepository, checkStore } from "./_bridge.ts";

export type { BridgeOptions };

/** A session store of express-session, as far as it is used: connect-redis, connect-pg-simple, connect-mongo and many more. */
export interface ExpressStore {
  get(sid: string, callback: (error: unknown, session?: unknown) => void): unknown;
  set(sid: string, session: object, callback: (error?: unknown) => void): unknown;
  destroy(sid: string, callback: (error?: unknown) => void): unknown;
}

const OWNER = "fromExpressStore";

/**
 * Keeps sessions in a store that was written for express-session. The record travels as one member of such a session,
 * `keepsake`; what express-session has stored in the same place is neither read nor changed.
 *
 * **One process alone may serve requests with it.** Such a store replaces a session whatever is there, so requests of two
 * processes that change one session at the same time undo each other, and one of them can bring back a session that the
 * other has ended: `capabilities.atomic` is `false`. Within a process they go one after another; so make one repository of
 * a store, not several. It cannot list the sessions of a subject. For several processes take the store of the database
 * itself, such as `keepsake/stores/postgres`.
 *
 * Where the store has a time to live of its own that overrules `cookie.expires`, set it to no less than `idleTimeout` and
 * the tenth that comes on top.
 *
 * @param store Anything with `get`, `set` and `destroy` that call back.
 * @throws `ERR_SESSION_CONFIG` for something that is no such store, and for options that there are not.
 *
 * @example
 * ```ts
 * const repository = fromExpressStore(new RedisStore({ client, prefix: "sess:" }));
 * ```
 */
export function fromExpressStore(
  store: ExpressStore,
  options: BridgeOptions = {},
): SessionRepository {
  checkStore(OWNER, store, "a store of express-session", ["get", "set", "destroy"]);
  const backend = {
    async get(handle: string): Promise<unknown> {
      const session = await answerOf<unknown>((callback) => store.get(handle, callback), isMissing);
      if (!session) return undefined;
      // A session without a record is passed on as it is, to be refused.
      return isValues(session) && isValues(session.keepsake) ? session.keepsake : session;
    },
    async set(handle: string, record: object, ttl: number): Promise<void> {
      const session = { cookie: new StoredCookie(ttl), keepsake: record };
      await answerOf((callback) => store.set(handle, session, callback));
    },
    async remove(handle: string): Promise<void> {
      await answerOf((callback) => store.destroy(handle, callback), isMissing);
    },
  };
  return new BridgeRepository(OWNER, backend, options, "database");
}

/**
 * What the stores ask for the time to live: connect-redis and connect-pg-simple `expires`, others `maxAge` or
 * `originalMaxAge`, and some call `toJSON` as express-session's own cookie has it.
 *
 * `expires` is by the clock of this machine, because the store compares it with that one: the library's clock is
 * injected and may stand anywhere. So the time left counts, and the library's clock cannot make it expire early.
 */
class StoredCookie {
  readonly originalMaxAge: number;
  readonly maxAge: number;
  readonly expires: Date;
  readonly httpOnly: boolean = true;
  readonly path: string = "/";

  constructor(ttl: number) {
    this.originalMaxAge = ttl;
    this.maxAge = ttl;
    this.expires = new Date(systemClock() + ttl);
  }

  toJSON(): object {
    return { ...this };
  }
}

/** express-session takes this error of a `get` for a session that is not there: a store of files answers so. */
function isMissing(error: unknown): boolean {
  return isValues(error) && error.code === "ENOENT";
}

/**
 * The first thing a store calls back with, or throws. Of a promise that it gives besides only a failure counts: it may be
 * kept before there is an answer.
 *
 * @param isNothing Whether an error says that there is nothing.
 */
function answerOf<Answer>(
  ask: (callback: (error?: unknown, answer?: Answer) => void) => unknown,
  isNothing: (error: unknown) => boolean = () => false,
): Promise<Answer | undefined> {
  return new Promise<Answer | undefined>((resolve, reject) => {
    const fail = (error: unknown) => (isNothing(error) ? resolve(undefined) : reject(error));
    try {
      const promise = ask((error, answer) => (error ? fail(error) : resolve(answer)));
      if (isThenable(promise)) promise.then(undefined, fail);
    } catch (error) {
      fail(error);
    }
  });
}
