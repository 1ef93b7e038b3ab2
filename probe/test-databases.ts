import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemorySessionRepository, type SessionRepository } from "keepsake";
import { PostgresSessionRepository } from "keepsake/stores/postgres";
import { SqliteSessionRepository } from "keepsake/stores/sqlite";
import { ValkeySessionRepository } from "keepsake/stores/valkey";
import { openPostgres, openSqlite, openValkey } from "./clients.ts";
import type { ServerStoreName } from "./options.ts";

/** The stores whose sessions outlive the process. */
export type DatabaseName = Exclude<ServerStoreName, "memory">;

export const DATABASES = ["sqlite", "postgres", "valkey"] as const satisfies DatabaseName[];
export const SERVER_STORES = ["memory", ...DATABASES] as const satisfies ServerStoreName[];

/** A repository on a database, for as long as it is open. */
export interface OpenRepository {
  readonly repository: SessionRepository;
  close(): Promise<void>;
}

/** The part of a database that a test has for itself: a file, a schema, or a prefix of keys. */
export interface Place {
  readonly name: string;
  /** Opens it, once more than before. */
  open(): Promise<OpenRepository>;
  /** Removes it with everything in it. */
  remove(): Promise<void>;
}

export function newPlace(store: ServerStoreName): Place {
  const name = `keepsake_${randomBytes(6).toString("hex")}`;
  switch (store) {
    case "memory":
      return memoryPlace(name);
    case "sqlite":
      return sqlitePlace();
    case "postgres":
      return postgresPlace(name);
    case "valkey":
      return valkeyPlace(name);
  }
}

export const sqliteFile = (place: string): string => join(place, "sessions.sqlite");
export const postgresTable = (place: string): string => `${place}.sessions`;
export const valkeyPrefix = (place: string): string => `${place}:`;

function memoryPlace(name: string): Place {
  const repository = new MemorySessionRepository();
  const close = async () => undefined;
  return { name, open: async () => ({ repository, close }), remove: close };
}

function sqlitePlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), "keepsake-probe-"));
  return {
    name: folder,
    open: async () => {
      const { client, close } = await openSqlite(sqliteFile(folder));
      return { repository: new SqliteSessionRepository(client), close };
    },
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

function postgresPlace(name: string): Place {
  return {
    name,
    open: async () => {
      const { client, close } = await openPostgres();
      await client.query(`CREATE SCHEMA IF NOT EXISTS ${name}`);
      const repository = new PostgresSessionRepository(client, { table: postgresTable(name) });
      await repository.setup();
      return { repository, close };
    },
    remove: async () => {
      const { client, close } = await openPostgres();
      await client.query(`DROP SCHEMA IF EXISTS ${name} CASCADE`);
      await close();
    },
  };
}

function valkeyPlace(name: string): Place {
  const prefix = valkeyPrefix(name);
  return {
    name,
    open: async () => {
      const { client, close } = await openValkey();
      return { repository: new ValkeySessionRepository(client, { prefix }), close };
    },
    remove: async () => {
      const { client, close } = await openValkey();
      for await (const keys of client.scanStream({ match: `${prefix}*`, count: 1000 })) {
        if (keys.length > 0) await client.unlink(keys);
      }
      await close();
    },
  };
}
