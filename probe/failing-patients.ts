import { Redis as Valkey } from "iovalkey";
import { MemorySessionRepository, type SessionRepository } from "keepsake";
import { PostgresSessionRepository } from "keepsake/stores/postgres";
import { ValkeySessionRepository } from "keepsake/stores/valkey";
import pg from "pg";
import { createClient } from "redis";
import { serviceUrl } from "../scripts/services/index.ts";
import { openValkey } from "./clients.ts";
import { TIME_LIMIT } from "./failing-client.ts";
import { FailingProxy, type LastingFailure, PROXY_FAILURES } from "./failing-proxy.ts";
import {
  failing,
  failureNamed,
  intercepted,
  REPOSITORY_FAILURES,
  type RepositoryFailure,
} from "./failing-repository.ts";
import { openSqlitePatient } from "./failing-sqlite.ts";
import { newPlace, postgresTable, valkeyPrefix } from "./test-databases.ts";

/** A database that can be made to fail, and the way to it. */
export interface Patient {
  readonly name: PatientName;
  /** What a store is given. */
  readonly repository: SessionRepository;
  /** The same records, by a way that does not fail. */
  readonly sound: SessionRepository;
  fail(failure: string): void | Promise<void>;
  heal(): Promise<void>;
  close(): Promise<void>;
}

export type PatientName = "memory" | "sqlite" | "postgres" | "valkey" | "redis";

/** What becomes of a write that was under way. The visitor is told of a failure in any case. */
export type Fate = "made" | "lost" | "either";

/** The ways in which each can fail as a whole, and what they make of a write. */
export const FAILURES: Readonly<Record<PatientName, Readonly<Record<string, Fate>>>> = {
  memory: {
    throws: "lost",
    rejects: "lost",
    hangs: "lost",
    "answers nonsense": "lost",
    "answers late": "made",
  } satisfies Record<RepositoryFailure, Fate>,
  sqlite: { "is damaged": "lost" },
  postgres: {
    refuses: "lost",
    "is silent": "lost",
    "is slow": "either",
    "cuts answers off": "made",
    "garbles answers": "lost",
  } satisfies Partial<Record<LastingFailure, Fate>>,
  valkey: {
    refuses: "either",
    "is silent": "either",
    "is slow": "either",
    "cuts answers off": "made",
    "garbles answers": "either",
    "answers OK": "lost",
  } satisfies Record<LastingFailure, Fate>,
  redis: {
    refuses: "lost",
    "is silent": "lost",
    "is slow": "either",
    "cuts answers off": "made",
    "garbles answers": "lost",
    "answers OK": "lost",
  } satisfies Record<LastingFailure, Fate>,
};

/** Those in which it can still be read. */
export const WRITE_FAILURES: Partial<Record<PatientName, Readonly<Record<string, Fate>>>> = {
  sqlite: { "is locked": "lost", "is read-only": "lost" },
};

export const PATIENTS: readonly PatientName[] = ["memory", "sqlite", "postgres", "valkey", "redis"];

/** Milliseconds: a little longer than a store waits. */
const CLIENT_TIMEOUT = 1300 * TIME_LIMIT;
const RECONNECT_AFTER = 50;

/**
 * Opens one, with records of its own. Behind the proxies the clients have the settings that the manual asks for
 * (`docs/operations.md`), and give up a little later than the store does.
 *
 * @param clientTimeout Milliseconds.
 */
export function openPatient(
  name: PatientName,
  clientTimeout: number = CLIENT_TIMEOUT,
): Promise<Patient> {
  return OPEN[name](clientTimeout);
}

const OPEN: Readonly<Record<PatientName, (clientTimeout: number) => Promise<Patient>>> = {
  memory: async () => {
    const sound = new MemorySessionRepository();
    let current: RepositoryFailure | undefined;
    return {
      name: "memory",
      repository: intercepted(sound, (_, perform) =>
        current === undefined ? perform() : failing(current, perform),
      ),
      sound,
      fail(failure) {
        current = failureNamed(REPOSITORY_FAILURES, failure);
      },
      heal: async () => {
        current = undefined;
      },
      close: async () => undefined,
    };
  },

  sqlite: openSqlitePatient,

  postgres: async (clientTimeout) => {
    const place = newPlace("postgres");
    const sound = await place.open();
    const proxy = await FailingProxy.before(await serviceUrl("postgres"));
    const pool = newPool(proxy.url, clientTimeout);
    const repository = new PostgresSessionRepository(pool, { table: postgresTable(place.name) });
    return behindProxy("postgres", proxy, repository, sound.repository, async () => {
      await pool.end();
      await sound.close();
      await place.remove();
    });
  },

  valkey: async (clientTimeout) => {
    const { url, prefix, sound, remove } = await valkeyPlace("valkey");
    const proxy = await FailingProxy.before(url);
    const client = await newValkey(proxy.url, clientTimeout);
    const repository = new ValkeySessionRepository(client, { prefix });
    return behindProxy("valkey", proxy, repository, sound, async () => {
      client.disconnect();
      await remove();
    });
  },

  redis: async (clientTimeout) => {
    const { url, prefix, sound, remove } = await valkeyPlace("redis");
    const proxy = await FailingProxy.before(url);
    const client = createClient({
      url: proxy.url,
      disableOfflineQueue: true,
      // It counts silence, also where nothing was asked: so it has to ask now and then.
      pingInterval: clientTimeout / 2,
      socket: {
        connectTimeout: clientTimeout,
        socketTimeout: clientTimeout,
        // Its own one gives up for good after such a timeout.
        reconnectStrategy: () => RECONNECT_AFTER,
      },
    });
    client.on("error", () => undefined);
    await client.connect();
    const repository = new ValkeySessionRepository(client, { prefix });
    return behindProxy("redis", proxy, repository, sound, async () => {
      client.destroy();
      await remove();
    });
  },
};

/** As the manual asks for, with a connection for every few requests. */
export function newPool(connectionString: string, timeout: number = CLIENT_TIMEOUT): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max: 4,
    connectionTimeoutMillis: timeout,
    query_timeout: timeout,
  });
  pool.on("error", () => undefined);
  return pool;
}

export async function newValkey(url: string, timeout: number = CLIENT_TIMEOUT): Promise<Valkey> {
  const client = new Valkey(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    retryStrategy: () => RECONNECT_AFTER,
    connectTimeout: timeout,
    commandTimeout: timeout,
    socketTimeout: timeout,
  });
  client.on("error", () => undefined);
  // On a busy machine the first connection may take too long.
  await new Promise((resolve) => client.once("ready", resolve));
  return client;
}

function behindProxy(
  name: PatientName,
  proxy: FailingProxy,
  repository: SessionRepository,
  sound: SessionRepository,
  end: () => Promise<void>,
): Patient {
  return {
    name,
    repository,
    sound,
    fail: (failure) => proxy.fail(failureNamed(PROXY_FAILURES, failure)),
    heal: () => proxy.heal(),
    close: async () => {
      proxy.close();
      await end();
    },
  };
}

/** Keys of one's own on either server. */
async function valkeyPlace(service: "valkey" | "redis") {
  const url = await serviceUrl(service);
  const prefix = valkeyPrefix(newPlace("memory").name);
  const { client, close } = await openValkey(url);
  return {
    url,
    prefix,
    sound: new ValkeySessionRepository(client, { prefix }),
    remove: async () => {
      for await (const keys of client.scanStream({ match: `${prefix}*`, count: 1000 })) {
        if (keys.length > 0) await client.unlink(keys);
      }
      await close();
    },
  };
}
