import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import {
  InMemorySessionStore,
  type ServerSessionStore,
  type ServerSessionStoreOptions,
} from "keepsake";
import { PostgresSessionStore } from "keepsake/stores/postgres";
import { SqliteSessionStore } from "keepsake/stores/sqlite";
import { ValkeySessionStore } from "keepsake/stores/valkey";
import { serviceUrl } from "../../scripts/services/index.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** A store that keeps sessions on the server, and its database. */
export interface OpenStore {
  readonly store: ServerSessionStore;
  /** Where its sessions are, as an operator is told. */
  readonly place: string;
  close(): Promise<void>;
}

type Open = (env: Environment, options: ServerSessionStoreOptions) => Promise<OpenStore>;

/** What `STORE` may say, beside the cookie. A server that no variable names is found or started. */
export const databases: Readonly<Record<string, Open>> = {
  sqlite: async (env, options) => {
    const file = env.SHOP_DB || fileURLToPath(new URL(".data/sessions.sqlite", import.meta.url));
    // Nobody else on this machine has any business in it.
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    closeSync(openSync(file, "a", 0o600));
    const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(file);
    return {
      store: new SqliteSessionStore(database, options),
      place: `in ${relative("", file)}`,
      close: async () => database.close(),
    };
  },

  memory: async (_env, options) => ({
    store: new InMemorySessionStore(options),
    place: "in memory, until the shop closes",
    close: async () => undefined,
  }),

  postgres: async (env, options) => {
    const { default: pg } = await import("pg");
    const connectionString = env.DATABASE_URL || (await serviceUrl("postgres"));
    const pool = new pg.Pool({ connectionString });
    // One that breaks while nobody uses it is replaced.
    pool.on("error", (error) =>
      console.error(`A connection to PostgreSQL broke: ${error.message}`),
    );
    const store = new PostgresSessionStore(pool, { ...options, table: "shop_sessions" });
    await store.setup();
    return {
      store,
      place: "in PostgreSQL, in the table shop_sessions",
      close: () => pool.end(),
    };
  },

  valkey: async (env, options) => {
    const { Redis } = await import("iovalkey");
    const url = env.VALKEY_URL || (await serviceUrl("valkey"));
    const client = new Redis(url, {
      // What a visitor gave up waiting for must not be done later.
      enableOfflineQueue: false,
      lazyConnect: true,
    });
    // It connects again by itself, and until then every request fails, and says so.
    client.on("error", () => undefined);
    await client.connect().catch(() => {
      client.disconnect();
      throw new Error(`nothing that is Valkey or Redis answers at ${new URL(url).host}`);
    });
    return {
      store: new ValkeySessionStore(client, { ...options, prefix: "shop:" }),
      place: "in Valkey, under keys that begin with shop:",
      close: async () => client.disconnect(),
    };
  },
};
