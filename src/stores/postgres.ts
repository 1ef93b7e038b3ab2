import type { ServerSessionStoreOptions } from "../core/server/options.ts";
import { ServerSessionStore } from "../core/server-session-store.ts";
import type { DefaultData } from "../core/session-data.ts";
import type { PostgresClient } from "./_postgres-client.ts";
import {
  PostgresSessionRepository,
  type PostgresSessionRepositoryOptions,
} from "./_postgres-repository.ts";

export type {
  PGliteClient,
  PgClient,
  PgQuery,
  PostgresClient,
  PostgresJsClient,
  PostgresJsQuery,
} from "./_postgres-client.ts";
export {
  PostgresSessionRepository,
  type PostgresSessionRepositoryOptions,
} from "./_postgres-repository.ts";

/** What every store on the server takes, and what its repository in PostgreSQL does. */
export interface PostgresSessionStoreOptions
  extends ServerSessionStoreOptions,
    PostgresSessionRepositoryOptions {}

/**
 * Keeps sessions in a table of PostgreSQL, by a {@link PostgresSessionRepository}: that says what is asked of the client.
 *
 * @param client A Pool or a Client of `pg`, `postgres(url)` of postgres.js, or a PGlite. It stays the application's to close.
 * @throws `ERR_SESSION_CONFIG`, `ERR_SESSION_SECRET` for bad options, or for something that is no client.
 *
 * @example
 * ```ts
 * import { Pool } from "pg";
 * import { PostgresSessionStore } from "keepsake/stores/postgres";
 *
 * const store = new PostgresSessionStore(new Pool({ connectionString: process.env.DATABASE_URL }));
 * await store.setup();
 * app.use(sessions(store));
 * ```
 */
export class PostgresSessionStore<
  Data extends object = DefaultData,
> extends ServerSessionStore<Data> {
  readonly #repository: PostgresSessionRepository;

  constructor(
    client: PostgresClient,
    { table, namedStatements, sharedReads, ...options }: PostgresSessionStoreOptions = {},
  ) {
    const repository = new PostgresSessionRepository(client, {
      table,
      namedStatements,
      sharedReads,
    });
    super(repository, options);
    this.#repository = repository;
  }

  /**
   * Makes the table, or brings it to the version that this release needs: to be called at every start, by any number of
   * processes at once. Or run what `npx keepsake ddl postgres` prints, once.
   *
   * @throws `ERR_SESSION_CONFIG` for a table that a newer release made, or something else; an `Error` with a `cause`
   * where PostgreSQL refuses.
   */
  async setup(): Promise<void> {
    await this.#repository.setup();
  }
}
