import type { ServerSessionStoreOptions } from "../core/server/options.ts";
import { ServerSessionStore } from "../core/server-session-store.ts";
import type { DefaultData } from "../core/session-data.ts";
import type { SqliteDatabase } from "./_sqlite-client.ts";
import {
  SqliteSessionRepository,
  type SqliteSessionRepositoryOptions,
} from "./_sqlite-repository.ts";

export type { SqliteDatabase, SqliteStatement, SqliteValue } from "./_sqlite-client.ts";
export {
  SqliteSessionRepository,
  type SqliteSessionRepositoryOptions,
} from "./_sqlite-repository.ts";

/** What every store on the server takes, and what its repository in SQLite does. */
export interface SqliteSessionStoreOptions
  extends ServerSessionStoreOptions,
    SqliteSessionRepositoryOptions {}

/**
 * Keeps sessions in an SQLite database, by a {@link SqliteSessionRepository}: that says what it does with the connection,
 * and why sessions should have one of their own.
 *
 * @param database An open database of `node:sqlite`, `better-sqlite3` or `bun:sqlite`. It stays the application's to close.
 * @throws `ERR_SESSION_CONFIG`, `ERR_SESSION_SECRET` for bad options, or for a database that cannot be used.
 *
 * @example
 * ```ts
 * import { DatabaseSync } from "node:sqlite";
 * import { SqliteSessionStore } from "keepsake/stores/sqlite";
 *
 * app.use(sessions(new SqliteSessionStore(new DatabaseSync("sessions.db"))));
 * ```
 */
export class SqliteSessionStore<
  Data extends object = DefaultData,
> extends ServerSessionStore<Data> {
  constructor(database: SqliteDatabase, { table, ...options }: SqliteSessionStoreOptions = {}) {
    super(new SqliteSessionRepository(database, { table }), options);
  }
}
