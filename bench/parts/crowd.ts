import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { ServerSessionStore, SessionRecord, SessionRepository } from "../../src/index.ts";
import { keepsake } from "../harness/keepsake.ts";
import { openPostgres, openValkey } from "../subjects/databases.ts";
import type { Sample } from "../subjects/sample.ts";

export const CROWDED = ["memory", "sqlite", "postgres", "valkey"] as const;
export type Crowded = (typeof CROWDED)[number];

/** A store that can be filled faster than by requests. */
export interface Crowd {
  readonly store: ServerSessionStore<Sample>;
  /**
   * Adds copies of a session, each under a handle of its own. No token opens them.
   *
   * @param now A moment at which the session was alive.
   */
  copy(handle: string, count: number, now: number): Promise<void>;
  /** Does what a database does by itself when it has time, so that nobody is measured beside that. */
  settle(): Promise<void>;
  /** Leaves nothing in the database. */
  close(): Promise<void>;
}

export interface CrowdOptions {
  /** Tells stores in one database apart: letters. */
  readonly name: string;
  /** A database of Valkey's by its number, so that keys are apart, too. */
  readonly database: number;
  readonly clock: () => number;
}

const MOST = 20_000_000;
const BATCH = 20_000;

export function openCrowd(storage: Crowded, options: CrowdOptions): Promise<Crowd> {
  return OPEN[storage](options);
}

const OPEN: Record<Crowded, (options: CrowdOptions) => Promise<Crowd>> = {
  async memory({ clock }) {
    const { MemorySessionRepository, ServerSessionStore } = await keepsake.core();
    const repository = new MemorySessionRepository({ maxSessions: MOST });
    const store = new ServerSessionStore<Sample>(repository, { clock, sweepInterval: false });
    return {
      store,
      copy: (handle, count, now) => copyRecords(repository, handle, count, now),
      settle: async () => globalThis.gc?.(),
      close: async () => undefined,
    };
  },

  async sqlite({ clock }) {
    const { SqliteSessionRepository } = await keepsake.sqlite();
    const { ServerSessionStore } = await keepsake.core();
    const folder = mkdtempSync(join(tmpdir(), "keepsake-bench-"));
    // The process that started this one ends it at any moment.
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    const database = new DatabaseSync(join(folder, "sessions.sqlite"));
    const repository = new SqliteSessionRepository(database, { table: "crowd" });
    const store = new ServerSessionStore<Sample>(repository, { clock, sweepInterval: false });
    return {
      store,
      async copy(handle, count) {
        const columns = database
          .prepare("SELECT name FROM pragma_table_info('crowd') WHERE name <> 'handle'")
          .all()
          .map(({ name }) => name)
          .join(", ");
        database
          .prepare(
            `WITH RECURSIVE places(place) AS (SELECT 1 UNION ALL SELECT place + 1 FROM places WHERE place < ?)
             INSERT INTO crowd (handle, ${columns})
             SELECT hex(randomblob(11)), ${columns} FROM places, crowd WHERE handle = ?`,
          )
          .run(count, handle);
      },
      settle: async () => database.exec("PRAGMA wal_checkpoint(TRUNCATE)"),
      close: async () => database.close(),
    };
  },

  async postgres({ name, clock }) {
    const { PostgresSessionStore } = await keepsake.postgres();
    const { client, close } = await openPostgres();
    const table = `crowd_${name}`;
    const store = new PostgresSessionStore<Sample>(client, { table, clock, sweepInterval: false });
    await store.setup();
    const copy = async (handle: string, count: number): Promise<void> => {
      const { rows } = await client.query<{ name: string }>(
        `SELECT column_name AS name FROM information_schema.columns
          WHERE table_name = $1 AND column_name <> 'handle' ORDER BY ordinal_position`,
        [table],
      );
      const columns = rows.map((row) => row.name).join(", ");
      for (let left = count; left > 0; left -= BATCH * 10) {
        await client.query(
          `INSERT INTO ${table} (handle, ${columns})
           SELECT translate(left(encode(sha256(($1 || place)::bytea), 'base64'), 22), '+/', '-_'), ${columns}
             FROM ${table}, generate_series(1, $2::int) AS place WHERE handle = $3`,
          [randomBytes(8).toString("hex"), Math.min(left, BATCH * 10), handle],
        );
      }
    };
    const settle = async () => {
      await client.query(`VACUUM ANALYZE ${table}`);
      await client.query("CHECKPOINT");
    };
    const leave = async () => {
      await client.query(`DROP TABLE ${table}`);
      await close();
    };
    return { store, copy, settle, close: leave };
  },

  async valkey({ clock, database }) {
    const { ValkeySessionStore } = await keepsake.valkey();
    const { client, close } = await openValkey(database);
    const store = new ValkeySessionStore<Sample>(client, { clock });
    const copy = async (handle: string, count: number): Promise<void> => {
      const script =
        "for place = 1, tonumber(ARGV[2]) do " +
        "redis.call('COPY', KEYS[1], 'session:' .. string.sub(redis.sha1hex(ARGV[1] .. place), 1, 22)) end";
      for (let left = count; left > 0; left -= BATCH) {
        const salt = randomBytes(8).toString("hex");
        const size = String(Math.min(left, BATCH));
        await client.sendCommand(["EVAL", script, "1", `session:${handle}`, salt, size]);
      }
    };
    const leave = async () => {
      await client.flushDb();
      await close();
    };
    return { store, copy, settle: async () => undefined, close: leave };
  },
};

async function copyRecords(
  repository: SessionRepository,
  handle: string,
  count: number,
  now: number,
): Promise<void> {
  const context = { now, signal: new AbortController().signal };
  const template = await repository.read(handle, context);
  if (template === undefined) throw new Error(`There is no session ${handle}.`);
  for (let made = 0; made < count; made += 1) {
    const record = copyOf(template);
    await repository.create(record.handle, record, context);
  }
}

/** Its texts are copies, too, as if a request had made them. */
function copyOf(record: SessionRecord): SessionRecord {
  return {
    ...record,
    handle: randomBytes(16).toString("base64url"),
    credentials: Buffer.from(record.credentials).toString(),
    data: Buffer.from(record.data).toString(),
  };
}
