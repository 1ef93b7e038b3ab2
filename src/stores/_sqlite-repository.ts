import { checkOptions } from "../core/options.ts";
import type {
  RepositoryCapabilities,
  RepositoryContext,
  SessionRecord,
  SessionRepository,
  UpdateContext,
} from "../core/repository.ts";
import {
  isRow,
  prepareConnection,
  type SqliteDatabase,
  type SqliteRow,
  type SqliteStatement,
  type SqliteValue,
} from "./_sqlite-client.ts";
import { checkTableName, makeTable } from "./_sqlite-schema.ts";

/** Which table of the SQLite database has the sessions. */
export interface SqliteSessionRepositoryOptions {
  /** The table, which is made where it is missing: a letter or `_`, then letters, digits and `_`. Default: `"keepsake_sessions"`. */
  readonly table?: string | undefined;
}

const OWNER = "SqliteSessionRepository";
const DEFAULT_TABLE = "keepsake_sessions";
/** How many records that are in use a statement of a sweep postpones. */
const POSTPONED_AT_ONCE = 100;
/** Some milliseconds, for which requests of this process wait: what is behind so many waits for the next sweep. */
const MOST_POSTPONED = 1500;

/**
 * Keeps records in a table of an SQLite database: on one machine, for as many processes as it has. Every verb but `sweep`
 * answers at once, without a promise.
 *
 * Give it a connection of its own: what it writes while the application has a transaction open on the same one is lost
 * where that is rolled back. It sets the connection to `journal_mode = WAL`, `synchronous = NORMAL` and
 * `busy_timeout = 1000`, and what the application sets afterwards holds. With NORMAL a power cut can take back the last
 * writes, a logout too; with `PRAGMA synchronous = FULL` it takes back none.
 *
 * The client makes the file, and the umask decides who may read it: make it, or its folder, your own (`chmod 600`).
 *
 * @throws `ERR_SESSION_CONFIG` for a database that cannot be used, a bad table name, and a table that holds something else.
 * What the database itself refuses, being read-only say, or locked for longer than a second, is thrown as the client has it.
 *
 * @example
 * ```ts
 * import { DatabaseSync } from "node:sqlite";
 *
 * const repository = new SqliteSessionRepository(new DatabaseSync("sessions.db"));
 * ```
 */
export class SqliteSessionRepository implements SessionRepository {
  /** Of a database in memory (`":memory:"`) it is not true that records outlive the process, or that others see them. */
  readonly capabilities: RepositoryCapabilities = {
    persistent: true,
    shared: true,
    atomic: true,
    expiry: "sweep",
  };
  readonly #statements: Statements;

  constructor(database: SqliteDatabase, options: SqliteSessionRepositoryOptions = {}) {
    checkOptions(OWNER, options, ["table"]);
    const { table = DEFAULT_TABLE } = options;
    checkTableName(OWNER, table);
    prepareConnection(OWNER, database);
    makeTable(OWNER, database, table);
    this.#statements = prepareStatements(database, table);
  }

  create(handle: string, record: SessionRecord, _context: RepositoryContext): boolean {
    const { expiresAt, subject = null } = record;
    const values = [...contentOf(record), subject, expiresAt, handle];
    return changes(this.#statements.create, ...values) > 0;
  }

  read(handle: string, { now }: RepositoryContext): SessionRecord | undefined {
    const row = this.#statements.read.get(handle, now);
    return isRow(row) ? recordOf(row) : undefined;
  }

  update(
    handle: string,
    version: number,
    record: SessionRecord,
    { now }: UpdateContext,
  ): "updated" | "conflict" | "gone" {
    const { update, updateIndexed, read } = this.#statements;
    const { expiresAt, subject = null } = record;
    const content = contentOf(record);
    const at = [handle, version, now];
    if (changes(update, ...content, ...at, subject, expiresAt) > 0) return "updated";
    if (changes(updateIndexed, ...content, subject, expiresAt, ...at) > 0) return "updated";
    // Others may have written since, but nothing of this update is: the answer is right for the time of this look.
    return isRow(read.get(handle, now)) ? "conflict" : "gone";
  }

  touch(handle: string, expiresAt: number, { now }: RepositoryContext): boolean {
    return changes(this.#statements.touch, expiresAt, handle, now) > 0;
  }

  delete(handle: string, _context: RepositoryContext): boolean {
    return changes(this.#statements.delete, handle) > 0;
  }

  findBySubject(subject: string, { now }: RepositoryContext): SessionRecord[] {
    return this.#statements.findBySubject.all(subject, now).filter(isRow).map(recordOf);
  }

  /** The one verb that may be more than one statement: where records that are in use stand before those that have expired. */
  async sweep(limit: number, { now }: RepositoryContext): Promise<number> {
    const { removeExpired, postpone } = this.#statements;
    let removed = 0;
    for (let postponed = 0; removed < limit && postponed < MOST_POSTPONED; ) {
      removed += changes(removeExpired, now, now, limit - removed);
      if (removed === limit) break;
      const living = changes(postpone, now, now, POSTPONED_AT_ONCE);
      if (living === 0) break;
      postponed += living;
    }
    return removed;
  }
}

type Statements = ReturnType<typeof prepareStatements>;

/** The columns that no index holds, in the order in which `contentOf` gives their values. */
const CONTENT = [
  "version",
  "expires_at",
  "ends_at",
  "created_at",
  "authenticated_at",
  "label",
  "credentials",
  "flash",
  "data",
];

function contentOf(record: SessionRecord): SqliteValue[] {
  const { version, expiresAt, endsAt, createdAt, authenticatedAt, label, credentials } = record;
  const times = [expiresAt, endsAt, createdAt, authenticatedAt ?? null];
  return [version, ...times, label ?? null, credentials, record.flash, record.data];
}

function prepareStatements(database: SqliteDatabase, table: string) {
  const content = CONTENT.map((column) => `${column} = ?`).join(", ");
  const columns = [...CONTENT, "subject", "sweep_after", "handle"];
  const due = `SELECT rowid FROM "${table}" WHERE sweep_after <= ? ORDER BY sweep_after LIMIT ?`;
  const prepare = (sql: string) => database.prepare(sql);
  return {
    create: prepare(
      `INSERT INTO "${table}" (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})
       ON CONFLICT (handle) DO NOTHING`,
    ),
    read: prepare(`SELECT * FROM "${table}" WHERE handle = ? AND expires_at > ?`),
    // SQLite writes the index of a column that an UPDATE names, changed or not: so this one names none.
    update: prepare(
      `UPDATE "${table}" SET ${content}
       WHERE handle = ? AND version = ? AND expires_at > ? AND subject IS ? AND sweep_after <= ?`,
    ),
    updateIndexed: prepare(
      `UPDATE "${table}" SET ${content}, subject = ?, sweep_after = ?
       WHERE handle = ? AND version = ? AND expires_at > ?`,
    ),
    touch: prepare(
      `UPDATE "${table}" SET expires_at = max(expires_at, min(?, ends_at))
       WHERE handle = ? AND expires_at > ?`,
    ),
    delete: prepare(`DELETE FROM "${table}" WHERE handle = ?`),
    findBySubject: prepare(`SELECT * FROM "${table}" WHERE subject = ? AND expires_at > ?`),
    removeExpired: prepare(`DELETE FROM "${table}" WHERE expires_at <= ? AND rowid IN (${due})`),
    // Living records leave the front of the index, so that the next sweep does not meet them again.
    postpone: prepare(
      `UPDATE "${table}" SET sweep_after = expires_at WHERE expires_at > ? AND rowid IN (${due})`,
    ),
  };
}

function changes(statement: SqliteStatement, ...values: SqliteValue[]): number {
  return Number(statement.run(...values).changes);
}

/** STRICT has seen to the types, but that whole numbers may be of type bigint, where the application has asked for that. */
function recordOf(row: SqliteRow): SessionRecord {
  return {
    handle: String(row.handle),
    version: Number(row.version),
    subject: textOf(row.subject),
    label: textOf(row.label),
    createdAt: Number(row.created_at),
    authenticatedAt: row.authenticated_at === null ? undefined : Number(row.authenticated_at),
    expiresAt: Number(row.expires_at),
    endsAt: Number(row.ends_at),
    credentials: String(row.credentials),
    data: String(row.data),
    flash: String(row.flash),
  };
}

function textOf(value: unknown): string | undefined {
  return value === null ? undefined : String(value);
}
