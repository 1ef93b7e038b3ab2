import { misconfigured } from "../core/options.ts";
import { isRow, type SqliteDatabase } from "./_sqlite-client.ts";

/** Says which version of the schema a table has, one row a table: `PRAGMA user_version` belongs to the application. */
const VERSIONS = "keepsake_schema";

const TABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;
/** SQLite keeps names that begin like this for itself. */
const RESERVED = /^sqlite_/i;

/**
 * Every version of a table, the oldest first. What has been released never changes: a new version is a new entry.
 *
 * - Version 1. With a rowid, because a record without one is kept in the index itself, which has room for a quarter of a
 *   page in each entry: measured with 2 kB of data, reading takes three times as long, and writing twice. `sweep_after` is
 *   at or before `expires_at`, and nothing but a sweep moves it later: so a touch and most updates write no index, which
 *   halves what they take, and writes a third of the pages. What is short comes first, so that a touch need not look for it
 *   behind the data.
 */
const MIGRATIONS: readonly ((table: string) => string)[] = [
  (table) => `
    CREATE TABLE "${table}" (
      handle TEXT NOT NULL PRIMARY KEY,
      version INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      ends_at INTEGER NOT NULL,
      sweep_after INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      authenticated_at INTEGER,
      subject TEXT,
      label TEXT,
      credentials TEXT NOT NULL,
      flash TEXT NOT NULL,
      data TEXT NOT NULL
    ) STRICT;
    CREATE INDEX "${table}_subject" ON "${table}" (subject) WHERE subject IS NOT NULL;
    CREATE INDEX "${table}_sweep_after" ON "${table}" (sweep_after);`,
];
const NEWEST = MIGRATIONS.length;

/** @throws `ERR_SESSION_CONFIG` for a name that needs quoting, or that is taken. */
export function checkTableName(owner: string, table: unknown): asserts table is string {
  if (typeof table !== "string" || !TABLE_NAME.test(table)) {
    throw misconfigured(
      `${owner}: table must be a letter or _ and then up to 62 letters, digits and _, such as "keepsake_sessions".`,
    );
  }
  if (RESERVED.test(table) || table.toLowerCase() === VERSIONS) {
    throw misconfigured(
      `${owner}: the table name "${table}" is reserved. Choose another, such as "keepsake_sessions".`,
    );
  }
}

/** Makes the table, or brings it to the newest version. Several processes may do it at the same time. */
export function makeTable(owner: string, database: SqliteDatabase, table: string): void {
  if (versionOf(owner, database, table) === NEWEST) return;
  inTransaction(database, () => {
    const version = versionOf(owner, database, table);
    database.exec(
      `CREATE TABLE IF NOT EXISTS ${VERSIONS} (name TEXT NOT NULL PRIMARY KEY COLLATE NOCASE, version INTEGER NOT NULL) STRICT`,
    );
    for (const migration of MIGRATIONS.slice(version)) database.exec(migration(table));
    database.prepare(`INSERT OR REPLACE INTO ${VERSIONS} VALUES (?, ?)`).run(table, NEWEST);
  });
}

/** 0 where there is no table. */
function versionOf(owner: string, database: SqliteDatabase, table: string): number {
  // The table is looked for before its version: another process may be making both, and they appear together.
  if (!exists(database, table)) return 0;
  const version = recordedVersion(database, table);
  if (version === undefined) {
    throw misconfigured(
      `${owner}: the database has a table "${table}" already, which holds something else. Choose another name: { table: "…" }.`,
    );
  }
  if (version > NEWEST) {
    throw misconfigured(
      `${owner}: the table "${table}" was made by a newer release of keepsake (schema ${version}; this one knows ${NEWEST}). Install that release, or choose another name: { table: "…" }.`,
    );
  }
  return version;
}

function recordedVersion(database: SqliteDatabase, table: string): number | undefined {
  if (!exists(database, VERSIONS)) return undefined;
  const row = database.prepare(`SELECT version FROM ${VERSIONS} WHERE name = ?`).get(table);
  return isRow(row) ? Number(row.version) : undefined;
}

function exists(database: SqliteDatabase, name: string): boolean {
  const find = `SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name = ? COLLATE NOCASE`;
  return isRow(database.prepare(find).get(name));
}

function inTransaction(database: SqliteDatabase, act: () => void): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    act();
    database.exec("COMMIT");
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

/** After some errors, a full disk say, SQLite has ended the transaction by itself, and there is none to roll back. */
function rollBack(database: SqliteDatabase): void {
  try {
    database.exec("ROLLBACK");
  } catch {}
}
