import { utf8 } from "../core/bytes.ts";
import { toHex } from "../core/hex.ts";
import { misconfigured } from "../core/options.ts";
import type { SessionRepository } from "../core/repository.ts";
import { type BridgeOptions, BridgeRepository, checkStore } from "./_bridge.ts";

export type { BridgeOptions };

/** A storage of unstorage, as far as it is used. */
export interface UnstorageLike {
  getItem(key: string): Promise<unknown>;
  setItem(key: string, value: object, options: { readonly ttl: number }): Promise<unknown>;
  removeItem(key: string): Promise<unknown>;
}

/** A Keyv, of version 4 and newer, as far as it is used. */
export interface KeyvLike {
  get(key: string): Promise<unknown>;
  set(key: string, value: object, ttl: number): Promise<unknown>;
  delete(key: string): Promise<unknown>;
  on?(event: string, listener: (event: unknown) => void): unknown;
  /** Whether a failure rejects. Only version 5 has this. */
  readonly throwOnErrors?: boolean;
}

/**
 * Keeps sessions in a storage of [unstorage](https://unstorage.unjs.io), whatever its driver.
 *
 * **One process alone may serve requests with it.** A storage replaces a value whatever is there, so requests of two
 * processes that change one session at the same time undo each other, and one of them can bring back a session that the
 * other has ended: `capabilities.atomic` is `false`. Within a process they go one after another; so make one repository of
 * a storage, not several. It cannot list the sessions of a subject.
 *
 * Keys are the handle's bytes in hexadecimal, 44 characters. Give the sessions a place of their own with `prefixStorage` or
 * a mount. The driver has to give back at once what was put into it: a cache, or a network of places that learn from
 * each other within a minute, will not do.
 *
 * @param storage Anything with `getItem`, `setItem` and `removeItem`.
 * @param options `expiry` is `"nothing"` by default, because most drivers ignore a time to live, the memory's and the file
 *   system's among them. Say `"database"` for one that does not, such as that for Redis.
 * @throws `ERR_SESSION_CONFIG` for something that is no such storage, and for options that there are not.
 *
 * @example
 * ```ts
 * const storage = prefixStorage(createStorage({ driver: redisDriver({ url }) }), "sessions");
 * const repository = fromUnstorage(storage, { expiry: "database" });
 * ```
 */
export function fromUnstorage(
  storage: UnstorageLike,
  options: BridgeOptions = {},
): SessionRepository {
  const owner = "fromUnstorage";
  checkStore(owner, storage, "a storage of unstorage", ["getItem", "setItem", "removeItem"]);
  const get = async (handle: string): Promise<unknown> => {
    const value = await storage.getItem(keyOf(handle));
    // The driver for files gives an error that it has caught as the value.
    if (value instanceof Error) throw value;
    return value || undefined;
  };
  const backend = {
    get,
    async set(handle: string, record: object, ttl: number): Promise<void> {
      await storage.setItem(keyOf(handle), record, { ttl: Math.ceil(ttl / 1000) });
    },
    async remove(handle: string): Promise<void> {
      await storage.removeItem(keyOf(handle));
      // The same driver says nothing where it cannot remove a file, and a logout must not only seem to have worked.
      if ((await get(handle)) === undefined) return;
      throw new Error(
        `${owner}: nothing was removed. Is the storage read-only, or may the process not delete its files?`,
      );
    },
  };
  return new BridgeRepository(owner, backend, options, "nothing");
}

/**
 * Keeps sessions in a [Keyv](https://keyv.org), whatever its adapter. Give them a `namespace` of their own.
 *
 * **One process alone may serve requests with it,** through one repository: what {@link fromUnstorage} says of that, and of
 * keys, holds here too.
 *
 * A Keyv that has a listener for `error` answers a failure as if nothing were stored. The bridge tells the two apart.
 *
 * @param options Say `persistent: false` and `expiry: "nothing"` for a Keyv over a Map.
 * @throws `ERR_SESSION_CONFIG` for something that is no Keyv, for options that there are not, and for a Keyv of version 5
 *   without `throwOnErrors: true`, which keeps failures to itself.
 *
 * @example
 * ```ts
 * const keyv = new Keyv({ store: new KeyvRedis(url), namespace: "sessions" });
 * const repository = fromKeyv(keyv);
 * ```
 */
export function fromKeyv(keyv: KeyvLike, options: BridgeOptions = {}): SessionRepository {
  const owner = "fromKeyv";
  checkStore(owner, keyv, "a Keyv", ["get", "set", "delete"]);
  if (keyv.throwOnErrors === false) {
    throw misconfigured(
      `${owner}: this Keyv answers a failure as if nothing were stored, so every visitor would be a stranger while the ` +
        "database is down. Write: new Keyv({ …, throwOnErrors: true }).",
    );
  }
  const call = failuresOf(keyv, owner);
  const backend = {
    async get(handle: string): Promise<unknown> {
      return (await call(keyOf(handle), (key) => keyv.get(key))) || undefined;
    },
    async set(handle: string, record: object, ttl: number): Promise<void> {
      const isSet = await call(keyOf(handle), (key) => keyv.set(key, record, ttl));
      if (isSet !== false) return;
      throw new Error(
        `${owner}: nothing was stored. The Keyv's "error" event may say why. Is its database read-only, or full?`,
      );
    },
    async remove(handle: string): Promise<void> {
      await call(keyOf(handle), (key) => keyv.delete(key));
    },
  };
  return new BridgeRepository(owner, backend, options, "database");
}

type Call = (key: string, ask: (key: string) => Promise<unknown>) => Promise<unknown>;

/** Version 6 says of each call that failed, whatever it answers, that it did: by an event with the key. */
function failuresOf(keyv: KeyvLike, owner: string): Call {
  const calls = new Set<{ readonly key: string; failed: boolean }>();
  keyv.on?.("stat:error", (event) => {
    for (const call of calls) {
      if (isAbout(event, call.key)) call.failed = true;
    }
  });
  return async (key, ask) => {
    const call = { key, failed: false };
    calls.add(call);
    try {
      const answer = await ask(key);
      if (!call.failed) return answer;
    } finally {
      calls.delete(call);
    }
    throw new Error(`${owner}: the Keyv failed. Its "error" event says why.`);
  };
}

function isAbout(event: unknown, key: string): boolean {
  return typeof event === "object" && event !== null && "key" in event && event.key === key;
}

/**
 * A handle is told from another by the case of its letters, which file systems and databases may ignore, and has
 * characters that Keyv may be set to strip from keys.
 */
function keyOf(handle: string): string {
  return toHex(utf8(handle));
}
