import type { SessionStore } from "../../src/index.ts";
import { keepsake } from "../harness/keepsake.ts";
import { openPostgres, openValkey } from "./databases.ts";
import type { Sample } from "./sample.ts";
import { SECRET } from "./secrets.ts";
import type { Storage } from "./subject.ts";

export interface OpenStore {
  readonly store: SessionStore<Sample>;
  close(): Promise<void>;
}

export interface OurStoreOptions {
  /** Default: the system's. */
  readonly clock?: () => number;
  /** `false`: no sweeps beside requests. Default: as the store has it. */
  readonly sweepInterval?: false;
}

/** One of keepsake's stores as its documentation sets it up. */
export async function openOurStore(
  storage: Storage,
  options: OurStoreOptions = {},
): Promise<OpenStore> {
  const { CookieSessionStore, InMemorySessionStore } = await keepsake.core();
  switch (storage) {
    case "cookie":
      return {
        store: new CookieSessionStore<Sample>({ secret: SECRET }),
        close: async () => undefined,
      };
    case "memory":
      return {
        store: new InMemorySessionStore<Sample>({ maxSessions: 10_000_000, ...options }),
        close: async () => undefined,
      };
    case "valkey": {
      const { ValkeySessionStore } = await keepsake.valkey();
      const { client, close } = await openValkey();
      return { store: new ValkeySessionStore<Sample>(client, options), close };
    }
    case "postgres": {
      const { PostgresSessionStore } = await keepsake.postgres();
      const { client, close } = await openPostgres();
      const store = new PostgresSessionStore<Sample>(client, options);
      await store.setup();
      return { store, close };
    }
  }
}
