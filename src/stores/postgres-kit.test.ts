import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";
import postgres from "postgres";
import { serviceUrl } from "../../scripts/services/index.ts";
import type { SessionRecord } from "../core/repository.ts";
import {
  type PostgresClient,
  PostgresSessionRepository,
  type PostgresSessionRepositoryOptions,
} from "./postgres.ts";

// Shared by tests of the PostgreSQL repository; it has none of its own.

export const DATABASE_URL: string = await serviceUrl("postgres");

export const NOW: number = Date.UTC(2026, 0, 1);
export const HOUR: number = 60 * 60 * 1000;

export const context = (now: number = NOW) => ({ now, signal: new AbortController().signal });

export const contextAfter = (record: SessionRecord, now?: number) => ({
  ...context(now),
  before: record,
});

export const newHandle = () => randomBytes(16).toString("base64url");

export function newRecord(changes: Partial<SessionRecord> = {}): SessionRecord {
  return {
    handle: newHandle(),
    version: 1,
    subject: undefined,
    label: undefined,
    createdAt: NOW,
    authenticatedAt: undefined,
    expiresAt: NOW + 24 * HOUR,
    endsAt: NOW + 30 * 24 * HOUR,
    credentials: `{"current":{"hash":"${randomBytes(32).toString("base64url")}"}}`,
    data: JSON.stringify({ cart: randomBytes(150).toString("hex") }),
    flash: "",
    ...changes,
  };
}

export const nextOf = (before: SessionRecord, changes: Partial<SessionRecord> = {}) => ({
  ...before,
  version: before.version + 1,
  ...changes,
});

/** Every verb with every answer, in an order in which each finds what it needs. */
export function verbs(repository: PostgresSessionRepository): [string, () => Promise<unknown>][] {
  let record: SessionRecord = newRecord({ subject: "ada" });
  return [
    ["create", () => repository.create(record.handle, record, context())],
    ["create, taken", () => repository.create(record.handle, record, context())],
    ["read", () => repository.read(record.handle, context())],
    ["read, none", () => repository.read("none", context())],
    [
      "read, several at the same moment",
      () =>
        Promise.all([record.handle, "none"].map((handle) => repository.read(handle, context()))),
    ],
    [
      "update",
      () => {
        const before = record;
        record = nextOf(record);
        return repository.update(before.handle, before.version, record, contextAfter(before));
      },
    ],
    ["update, conflict", () => repository.update(record.handle, 0, record, contextAfter(record))],
    ["update, gone", () => repository.update("none", 1, record, contextAfter(record))],
    ["touch", () => repository.touch(record.handle, NOW + 48 * HOUR, context())],
    ["findBySubject", () => repository.findBySubject("ada", context())],
    ["sweep", () => repository.sweep(10, context())],
    ["delete", () => repository.delete(record.handle, context())],
  ];
}

/** Everything that a repository gives back of a record. */
export async function roundTrip(repository: PostgresSessionRepository): Promise<void> {
  const record = newRecord({
    subject: newHandle(),
    label: "42",
    authenticatedAt: NOW,
    data: "\ufeffdata",
    flash: "t",
  });
  assert.equal(await repository.create(record.handle, record, context()), true);
  assert.equal(await repository.create(record.handle, record, context()), false);
  assert.deepEqual(await repository.read(record.handle, context()), record);
  const next = nextOf(record, { label: undefined, authenticatedAt: undefined, data: "" });
  const update = () => repository.update(record.handle, 1, next, contextAfter(record));
  assert.deepEqual([await update(), await update()], ["updated", "conflict"]);
  assert.deepEqual(await repository.findBySubject(record.subject ?? "", context()), [next]);
  assert.equal(await repository.touch(record.handle, record.endsAt, context()), true);
  assert.equal(await repository.delete(record.handle, context()), true);
  assert.equal(await update(), "gone");
}

/** Runs what cannot be run in a transaction, such as the making of a database. */
export async function administer(statement: string): Promise<void> {
  const client = new pg.Client(DATABASE_URL);
  await client.connect();
  await client.query(statement);
  await client.end();
}

/** A schema of its own for a test file, and clients of all kinds: all of it goes when the file is done. */
export class Scene {
  readonly schema: string = `keepsake_${randomBytes(6).toString("hex")}`;
  readonly table: string = `${this.schema}.sessions`;
  readonly #url: string;
  readonly #opened: (() => Promise<unknown>)[] = [];
  pool: pg.Pool;

  private constructor({ database, ...config }: pg.PoolConfig) {
    const url = new URL(DATABASE_URL);
    if (database !== undefined) url.pathname = database;
    this.#url = url.href;
    this.pool = this.newPool(config);
  }

  /** With the table made. */
  static async open(config: pg.PoolConfig = {}): Promise<Scene> {
    const scene = await Scene.openEmpty(config);
    await scene.repository().setup();
    return scene;
  }

  static async openEmpty(config: pg.PoolConfig = {}): Promise<Scene> {
    const scene = new Scene(config);
    await scene.pool.query(`CREATE SCHEMA ${scene.schema}`);
    return scene;
  }

  newPool(config: pg.PoolConfig = {}): pg.Pool {
    const pool = new pg.Pool({ connectionString: this.#url, ...config });
    // A backend that is terminated between two queries.
    pool.on("error", () => undefined);
    this.#opened.push(async () => pool.ended || (await pool.end()));
    return pool;
  }

  async newClient(config: pg.ClientConfig = {}): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.#url, ...config });
    await client.connect();
    this.#opened.push(() => client.end());
    return client;
  }

  newPostgresJs(
    options: Parameters<typeof postgres>[1] = {},
    url: string = this.#url,
  ): postgres.Sql {
    const sql = postgres(url, options);
    this.#opened.push(() => sql.end());
    return sql;
  }

  repository(client: PostgresClient = this.pool, options: PostgresSessionRepositoryOptions = {}) {
    return new PostgresSessionRepository(client, { table: this.table, ...options });
  }

  /** The rows of a statement, as `pg` gives them. */
  async query(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    const { rows } = await this.pool.query(text, values);
    return rows;
  }

  /** Runs a statement in a transaction, and commits it as soon as what `act` does waits for it. */
  async behind<Result>(
    statement: string,
    act: () => Promise<Result>,
    beforeCommit: (pid: number) => Promise<unknown> = async () => undefined,
  ): Promise<Result> {
    const first = await this.newClient();
    await first.query("BEGIN");
    await first.query(statement);
    let isOver = false;
    const result = act().finally(() => {
      isOver = true;
    });
    // Whatever becomes of it is for the caller.
    result.catch(() => undefined);
    let waiting = await this.waiting();
    while (waiting.length === 0 && !isOver) waiting = await this.waiting();
    const [pid] = waiting;
    if (pid !== undefined) await beforeCommit(pid);
    await first.query("COMMIT");
    return result;
  }

  /** The backends that wait for a lock on the table. */
  async waiting(): Promise<number[]> {
    const text = `
      SELECT pid FROM pg_stat_activity
      WHERE wait_event_type = 'Lock' AND query LIKE $1 AND pid <> pg_backend_pid()`;
    return (await this.query(text, [`%${this.schema}%`])).map(({ pid }) => Number(pid));
  }

  /** How many rows were updated, once all these updates are counted, and how many of them heap-only. */
  async statistics(updates: number): Promise<{ updated: number; hot: number }> {
    // A backend reports what it did when it ends, and otherwise some seconds later.
    await this.pool.end();
    this.pool = this.newPool();
    const text =
      "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relid = $1::regclass";
    for (;;) {
      const [row] = await this.query(text, [this.table]);
      const updated = Number(row?.n_tup_upd);
      if (updated >= updates) return { updated, hot: Number(row?.n_tup_hot_upd) };
      await wait(20);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.map((close) => close()));
    const client = new pg.Client(this.#url);
    await client.connect();
    await client.query(`DROP SCHEMA ${this.schema} CASCADE`);
    await client.end();
  }
}
