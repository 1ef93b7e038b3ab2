import { checkBoolean, checkOptions, misconfigured } from "../core/options.ts";
import type {
  RepositoryCapabilities,
  RepositoryContext,
  SessionRecord,
  SessionRepository,
  UpdateContext,
} from "../core/repository.ts";
import {
  asksAlikeForAll,
  type Cell,
  type PostgresClient,
  type Row,
  type Run,
  runOn,
  type Statement,
} from "./_postgres-client.ts";
import { helpWith, isSerializationFailure } from "./_postgres-errors.ts";
import { type Reads, SharedReads } from "./_postgres-reads.ts";
import { DEFAULT_TABLE, namesOf, type TableNames } from "./_postgres-schema.ts";
import { setUp } from "./_postgres-setup.ts";
import { type Statements, statementsOn, toCells, toRecord } from "./_postgres-statements.ts";

/** Which table of PostgreSQL has the sessions, and how it is asked. */
export interface PostgresSessionRepositoryOptions {
  /**
   * The table: `"name"`, found by the connection's `search_path`, or `"schema.name"`. Default: `"keepsake_sessions"`.
   * Capitals count, as in quotes.
   */
  readonly table?: string | undefined;
  /**
   * Whether statements are prepared once a connection, which spares parsing and planning. Default: true. `false` where
   * a pooler hands every statement another connection and does not know them, as PgBouncer before 1.21 in transaction
   * mode.
   */
  readonly namedStatements?: boolean | undefined;
  /**
   * Whether reads that come in the same turn of the event loop share one statement. Default: true for a Pool or a Client
   * of `pg`, postgres.js and PGlite; false for anything else that takes the queries of `pg`. Set it to false where the
   * client chooses a database or a role by who asks, as by `AsyncLocalStorage`: of several who share a statement it sees one.
   */
  readonly sharedReads?: boolean | undefined;
}

const OWNER = "PostgresSessionRepository";

/** Rows that a statement of a sweep looks at behind others that are in use: some milliseconds of the server's. */
const LOOKED_AT_ONCE = 250;

/** Each that fails means that somebody else has written the same session. */
const MOST_ATTEMPTS = 20;

/**
 * Keeps sessions in one table of PostgreSQL. Each verb is one statement, so one round trip, and what it writes it
 * writes as a whole or not at all; reads of the same moment share one; a sweep is one statement for each batch.
 *
 * The table is made by `setup()`, or by what `npx keepsake ddl postgres` prints.
 *
 * Who waits for a session gives up after the store's `timeout`. postgres.js then takes the statement back; `pg` cannot,
 * so set `statement_timeout` and `connectionTimeoutMillis` on its Pool, lest statements that hang fill it. A Pool also
 * needs a listener for `error`, or a connection that is lost while it is idle ends the process.
 *
 * @throws `ERR_SESSION_CONFIG` for something that is no client, and for bad options.
 *
 * @example
 * ```ts
 * const repository = new PostgresSessionRepository(new Pool({ connectionString: process.env.DATABASE_URL }));
 * await repository.setup();
 * ```
 */
export class PostgresSessionRepository implements SessionRepository {
  readonly capabilities: RepositoryCapabilities = {
    persistent: true,
    shared: true,
    atomic: true,
    expiry: "sweep",
  };
  readonly #run: Run;
  readonly #names: TableNames;
  readonly #statements: Statements;
  readonly #namedStatements: boolean;
  readonly #reads: Pick<SharedReads, "read">;

  /** @param client A Pool or a Client of `pg`, `postgres(url)` of postgres.js, or a PGlite. It stays the application's to close. */
  constructor(client: PostgresClient, options: PostgresSessionRepositoryOptions = {}) {
    checkOptions(OWNER, options, ["table", "namedStatements", "sharedReads"]);
    const { table = DEFAULT_TABLE, namedStatements = true, sharedReads } = options;
    checkBoolean(OWNER, "namedStatements", namedStatements);
    checkBoolean(OWNER, "sharedReads", sharedReads);
    const run = runOn(client);
    if (run === undefined) {
      throw misconfigured(
        `${OWNER}: the client must be a Pool or a Client of pg, what postgres(url) gives, or a PGlite.`,
      );
    }
    this.#run = run;
    this.#names = namesOf(OWNER, table);
    this.#statements = statementsOn(this.#names);
    this.#namedStatements = namedStatements;
    const reads: Reads = {
      one: (handle, context) => this.#readOne(handle, context),
      several: (handles, context) => this.#readSeveral(handles, context),
    };
    const isShared = sharedReads ?? asksAlikeForAll(client);
    this.#reads = isShared ? new SharedReads(reads) : { read: reads.one };
  }

  /**
   * Makes the table, or brings it to the version that this release needs. It may be called at every start and by any
   * number of processes at once, and where nothing is to be done it needs no rights but those to read the catalog.
   *
   * @throws `ERR_SESSION_CONFIG` for a table that a newer release made, or something else; an `Error` with a `cause`
   * where PostgreSQL refuses.
   */
  async setup(): Promise<void> {
    await setUp(this.#run, this.#names);
  }

  async create(
    handle: string,
    record: SessionRecord,
    context: RepositoryContext,
  ): Promise<boolean> {
    const { create } = this.#statements;
    const rows = await this.#ask(create, toCells(handle, record), context);
    return rows.length > 0;
  }

  read(handle: string, context: RepositoryContext): Promise<SessionRecord | undefined> {
    return this.#reads.read(handle, context);
  }

  async #readOne(handle: string, context: RepositoryContext): Promise<SessionRecord | undefined> {
    const [row] = await this.#ask(this.#statements.read, [handle, timeOf(context)], context);
    return row && toRecord(row);
  }

  async #readSeveral(
    handles: readonly string[],
    context: RepositoryContext,
  ): Promise<SessionRecord[]> {
    const cells = [handles.join(","), timeOf(context)];
    const rows = await this.#ask(this.#statements.readSeveral, cells, context);
    return rows.map(toRecord);
  }

  async update(
    handle: string,
    version: number,
    record: SessionRecord,
    context: UpdateContext,
  ): Promise<"updated" | "conflict" | "gone"> {
    const cells = [...toCells(handle, record), String(version), timeOf(context)];
    const [row] = await this.#ask(this.#statements.update, cells, context);
    const [outcome] = row ?? [];
    if (outcome === "updated" || outcome === "conflict" || outcome === "gone") return outcome;
    throw new Error(
      `PostgreSQL answered an update with ${outcome}. Does the client, or a proxy before the server, change answers?`,
    );
  }

  async touch(handle: string, expiresAt: number, context: RepositoryContext): Promise<boolean> {
    const cells = [handle, String(expiresAt), timeOf(context)];
    const rows = await this.#ask(this.#statements.touch, cells, context);
    return rows.length > 0;
  }

  async delete(handle: string, context: RepositoryContext): Promise<boolean> {
    const rows = await this.#ask(this.#statements.delete, [handle], context);
    return rows.length > 0;
  }

  async findBySubject(subject: string, context: RepositoryContext): Promise<SessionRecord[]> {
    const cells = [subject, timeOf(context)];
    const rows = await this.#ask(this.#statements.findBySubject, cells, context);
    return rows.map(toRecord);
  }

  /** One statement, and more only where rows that are in use stand before those that have expired. */
  async sweep(limit: number, context: RepositoryContext): Promise<number> {
    let removed = 0;
    for (let looked = limit; ; looked = LOOKED_AT_ONCE) {
      const cells = [timeOf(context), String(looked), String(limit - removed)];
      const [row] = await this.#ask(this.#statements.sweep, cells, context);
      const [deleted = 0, kept = 0] = (row ?? []).map(Number);
      removed += deleted;
      const isAll = deleted + kept < looked;
      if (isAll || removed >= limit || context.signal.aborted) return removed;
    }
  }

  async #ask(
    { name, text }: Statement,
    cells: readonly Cell[],
    context: RepositoryContext,
  ): Promise<Row[]> {
    const statement = this.#namedStatements && name !== undefined ? { name, text } : { text };
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#run(statement, cells, context);
      } catch (error) {
        // Only where the default isolation is stricter than PostgreSQL's own. Nothing was written.
        if (isSerializationFailure(error) && attempt < MOST_ATTEMPTS) continue;
        throw helpWith(error, this.#names);
      }
    }
  }
}

/** Records hold whole milliseconds; for those `expiresAt <= now` is the same as with the fraction. */
function timeOf({ now }: RepositoryContext): string {
  return String(Math.floor(now));
}
