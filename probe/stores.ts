import { randomBytes } from "node:crypto";
import {
  CookieSessionStore,
  type CookieSessionStoreOptions,
  cookieTransport,
  headerTransport,
  InMemorySessionStore,
  type ServerSessionStoreOptions,
  type SessionStore,
} from "keepsake";
import {
  blacksheepSealer,
  flaskSealer,
  starletteSealer,
  taggedJson,
} from "keepsake/interop/itsdangerous";
import { PostgresSessionStore } from "keepsake/stores/postgres";
import { SqliteSessionStore } from "keepsake/stores/sqlite";
import { ValkeySessionStore } from "keepsake/stores/valkey";
import type { ProbeData } from "./app.ts";
import { openPostgres, openSqlite, openValkey } from "./clients.ts";
import type { ProbeOptions, SealerName } from "./options.ts";

const sealers = {
  blacksheep: (secret: string) => ({ sealer: blacksheepSealer(secret) }),
  starlette: (secret: string) => ({ sealer: starletteSealer(secret) }),
  flask: (secret: string) => ({ sealer: flaskSealer(secret), serializer: taggedJson }),
} satisfies Record<SealerName, (secret: string) => CookieSessionStoreOptions>;

/** A store, and what is to be done when nobody uses it any more. */
export interface OpenStore {
  readonly store: SessionStore<ProbeData>;
  close(): Promise<void>;
}

/** Opens the store that the command line asks for, and its database. */
export async function openStore(options: ProbeOptions): Promise<OpenStore> {
  switch (options.store) {
    case "cookie": {
      const { secret = randomBytes(32).toString("base64url"), sealer } = options;
      const seal = sealer === undefined ? { secret } : sealers[sealer](secret);
      return {
        store: new CookieSessionStore({ ...seal, ...commonOptions(options) }),
        close: async () => undefined,
      };
    }
    case "memory":
      return {
        store: new InMemorySessionStore(serverOptions(options)),
        close: async () => undefined,
      };
    case "sqlite": {
      const { client, close } = await openSqlite();
      return { store: new SqliteSessionStore(client, serverOptions(options)), close };
    }
    case "postgres": {
      const { client, close } = await openPostgres();
      const store = new PostgresSessionStore<ProbeData>(client, serverOptions(options));
      await store.setup();
      return { store, close };
    }
    case "valkey": {
      const { client, close } = await openValkey();
      return { store: new ValkeySessionStore(client, serverOptions(options)), close };
    }
  }
}

function commonOptions({ idleTimeout, absoluteTimeout, ...options }: ProbeOptions) {
  const clock = clockFrom(options.now);
  const transport =
    options.transport === "header"
      ? headerTransport()
      : cookieTransport({ prefix: options.cookiePrefix }, { clock });
  return {
    transport,
    clock,
    ...(idleTimeout === undefined ? {} : { idleTimeout }),
    ...(absoluteTimeout === undefined ? {} : { absoluteTimeout }),
  };
}

function serverOptions(options: ProbeOptions): ServerSessionStoreOptions {
  const { secret, renewAfter, timeout, encrypt, onConflict, subjectLimit, beyondLimit } = options;
  return {
    ...commonOptions(options),
    encrypt,
    onConflict,
    label: ({ headers }) => headers.get("user-agent") ?? undefined,
    // Not a random one: sessions in a database outlive the probe, and have to be known to the next one.
    ...(secret === undefined ? {} : { secret }),
    ...(renewAfter === undefined ? {} : { renewAfter }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(subjectLimit === undefined
      ? {}
      : { subjectLimit: { sessions: subjectLimit, beyond: beyondLimit } }),
  };
}

/** A clock that begins at another time, and goes on from there. */
function clockFrom(seconds: number | undefined): () => number {
  const ahead = seconds === undefined ? 0 : seconds * 1000 - Date.now();
  return () => Date.now() + ahead;
}
