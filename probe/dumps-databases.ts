import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { MemorySessionRepository, type SessionRepository } from "keepsake";
import { PostgresSessionRepository } from "keepsake/stores/postgres";
import { SqliteSessionRepository } from "keepsake/stores/sqlite";
import { ValkeySessionRepository } from "keepsake/stores/valkey";
import { run } from "../scripts/processes.ts";
import { serviceUrl } from "../scripts/services/index.ts";
import { pathFolders } from "../scripts/services/ways.ts";
import { openPostgres, openSqlite, openValkey } from "./clients.ts";
import type { ServerStoreName } from "./options.ts";
import { newPlace, postgresTable, sqliteFile, valkeyPrefix } from "./test-databases.ts";

/** A user whose logins the database itself refuses, so that its client's errors are seen as well. */
export const REFUSED = "refused";

/** A database that can be read as whoever steals it would. */
export interface Dumped {
  readonly repository: SessionRepository;
  /** Everything that it holds. */
  dump(): Promise<Buffer>;
  close(): Promise<void>;
}

export const openDumped: Readonly<Record<ServerStoreName, () => Promise<Dumped>>> = {
  /** It keeps what it holds to itself. So what is dumped is everything that it was ever told. */
  memory: async () => {
    const memory = new MemorySessionRepository();
    const told: string[] = [];
    const all = { depth: null, maxArrayLength: null, maxStringLength: null, showHidden: true };
    return {
      repository: {
        capabilities: memory.capabilities,
        create(handle, record, context) {
          told.push(JSON.stringify([handle, record]));
          if (record.subject === REFUSED) throw new Error(`it refuses ${inspect(record)}`);
          return memory.create(handle, record, context);
        },
        read: (...args) => memory.read(...args),
        update(handle, version, record, context) {
          told.push(JSON.stringify([handle, version, record, context]));
          return memory.update(handle, version, record, context);
        },
        touch(handle, expiresAt, context) {
          told.push(JSON.stringify([handle, expiresAt, context]));
          return memory.touch(handle, expiresAt, context);
        },
        delete: (handle) => memory.delete(handle),
        findBySubject: (...args) => memory.findBySubject(...args),
      },
      dump: async () => Buffer.from([...told, inspect(memory, all)].join("\n")),
      close: async () => undefined,
    };
  },

  /** The files, with what SQLite has not overwritten yet of what was there before. */
  sqlite: async () => {
    const place = newPlace("sqlite");
    const file = sqliteFile(place.name);
    const { client, close } = await openSqlite(file);
    const repository = new SqliteSessionRepository(client);
    client.exec(
      `CREATE TRIGGER refuses BEFORE INSERT ON keepsake_sessions WHEN NEW.subject = '${REFUSED}'
       BEGIN SELECT RAISE(ABORT, 'it refuses'); END`,
    );
    return {
      repository,
      dump: async () => {
        const files = ["", "-wal", "-shm"].map((suffix) => `${file}${suffix}`);
        return Buffer.concat(
          files.filter((each) => existsSync(each)).map((each) => readFileSync(each)),
        );
      },
      close: async () => {
        await close();
        await place.remove();
      },
    };
  },

  /** Every row of every table in the schema, and what `pg_dump` makes of it where that is installed. */
  postgres: async () => {
    const place = newPlace("postgres");
    const { name } = place;
    const { client, close } = await openPostgres();
    await client.query(`CREATE SCHEMA ${name}`);
    const table = postgresTable(name);
    const repository = new PostgresSessionRepository(client, { table });
    await repository.setup();
    await client.query(`ALTER TABLE ${table} ADD CHECK (subject <> '${REFUSED}')`);
    return {
      repository,
      dump: async () => {
        const tables = await client.query<{ name: string }>(
          "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = $1",
          [name],
        );
        const parts: string[] = [];
        for (const each of tables.rows) {
          const { rows } = await client.query<{ row: string }>(
            `SELECT each::text AS row FROM ${name}."${each.name}" AS each`,
          );
          parts.push(...rows.map(({ row }) => row));
        }
        const program = pathFolders()
          .map((folder) => join(folder, "pg_dump"))
          .find((path) => existsSync(path));
        if (program !== undefined) {
          const url = await serviceUrl("postgres");
          const { code, output } = await run(program, [`--schema=${name}`, url]);
          // One that is older than the server does not work.
          if (code === 0) parts.push(output);
        }
        return Buffer.from(parts.join("\n"));
      },
      close: async () => {
        await close();
        await place.remove();
      },
    };
  },

  /** Every key and every value. */
  valkey: async () => {
    const place = newPlace("valkey");
    const prefix = valkeyPrefix(place.name);
    const { client, close } = await openValkey();
    await client.set(`${prefix}subject:${REFUSED}`, "no list of sessions");
    return {
      repository: new ValkeySessionRepository(client, { prefix }),
      dump: async () => {
        const parts: Buffer[] = [];
        const read: Readonly<Record<string, (key: string) => Promise<Buffer[]>>> = {
          hash: async (key) =>
            Object.entries(await client.hgetallBuffer(key)).flatMap(([field, value]) => [
              Buffer.from(field),
              value,
            ]),
          zset: (key) => client.zrangeBuffer(key, 0, -1, "WITHSCORES"),
          string: async (key) => [(await client.getBuffer(key)) ?? Buffer.alloc(0)],
        };
        for await (const keys of client.scanStream({ match: `${prefix}*`, count: 1000 })) {
          for (const key of keys) {
            const type = await client.type(key);
            const values = read[type];
            if (values === undefined) throw new Error(`${key} is a ${type}`);
            parts.push(Buffer.from(key), ...(await values(key)));
          }
        }
        return Buffer.concat(parts.flatMap((part) => [part, Buffer.from("\n")]));
      },
      close: async () => {
        await close();
        await place.remove();
      },
    };
  },
};
