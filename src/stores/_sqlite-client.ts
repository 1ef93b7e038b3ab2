import { misconfigured } from "../core/options.ts";

/** What is bound to the parameters of a statement. */
export type SqliteValue = string | number | null;

/** A prepared statement of a synchronous client. */
export interface SqliteStatement {
  run(...values: SqliteValue[]): { readonly changes: number | bigint };
  get(...values: SqliteValue[]): unknown;
  all(...values: SqliteValue[]): unknown[];
}

/**
 * An open database of a synchronous client, as it is: `DatabaseSync` of `node:sqlite`, `Database` of `better-sqlite3` or of
 * `bun:sqlite`.
 */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
}

export type SqliteRow = Readonly<Record<string, unknown>>;

/** A row that was found. Where there is none, some clients give `undefined` and others `null`. */
export function isRow(row: unknown): row is SqliteRow {
  return typeof row === "object" && row !== null;
}

/** The first that has STRICT tables. */
const OLDEST = [3, 37] as const;

/**
 * Milliseconds. The wait for another writer blocks the whole process, and a request has 2 s for its calls by default. A
 * write here holds the lock for well under a millisecond, so whoever has it for a second is no request.
 */
const BUSY_TIMEOUT = 1000;
const MOST_ATTEMPTS = 10;

/**
 * Checks the client, and makes the settings of its connection. Where there can be no WAL, in memory say, all holds as well.
 *
 * @throws `ERR_SESSION_CONFIG` for what is no open database of a client that answers at once.
 */
export function prepareConnection(owner: string, database: SqliteDatabase): void {
  if (typeof database?.prepare !== "function" || typeof database.exec !== "function") {
    throw misconfigured(
      `${owner}: the database must have the functions prepare and exec. Pass an open one, such as new DatabaseSync("sessions.db") of "node:sqlite".`,
    );
  }
  // Before everything else: even to prepare a statement SQLite may have to wait for another process.
  database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
  checkVersion(owner, versionOf(database));
  enterWal(database);
  database.exec("PRAGMA synchronous = NORMAL");
}

function checkVersion(owner: string, version: string | undefined): void {
  if (version === undefined) {
    throw misconfigured(
      `${owner}: the database does not answer a query at once with a row as an object. Use node:sqlite, better-sqlite3 or bun:sqlite, without returnArrays.`,
    );
  }
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw misconfigured(
      `${owner}: this is SQLite ${version}. Use a client with SQLite ${OLDEST.join(".")} or newer.`,
    );
  }
}

/** `undefined` where the client answers with a promise, to a callback, or with rows as arrays. */
function versionOf(database: SqliteDatabase): string | undefined {
  const statement = database.prepare("SELECT sqlite_version() AS version");
  const verbs = [statement?.run, statement?.get, statement?.all];
  if (verbs.some((verb) => typeof verb !== "function")) return undefined;
  const row = statement.get();
  return isRow(row) && typeof row.version === "string" ? row.version : undefined;
}

/**
 * To change the journal mode fails at once where another process is writing, whatever the busy timeout, or changing it too:
 * each has a lock that the other needs. To begin to write does wait.
 */
function enterWal(database: SqliteDatabase): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      database.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      if (attempt === MOST_ATTEMPTS) throw error;
    }
    database.exec("BEGIN IMMEDIATE; COMMIT");
  }
}
