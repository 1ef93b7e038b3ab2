import type { RepositoryContext } from "../core/repository.ts";

/** A value as PostgreSQL writes it in text. */
export type Cell = string | null;
export type Row = readonly Cell[];

/** What `pg` is asked. Every column comes back as text, whatever type parsers the application has set. */
export interface PgQuery {
  readonly name?: string;
  readonly text: string;
  readonly values: (string | null)[];
  readonly rowMode: "array";
  readonly types: { getTypeParser(): (value: unknown) => string };
}

/** A Pool or a Client of `pg`, or what takes its queries. */
export interface PgClient {
  query(query: PgQuery): PromiseLike<{ readonly rows: readonly unknown[] }>;
}

/** A query of postgres.js, which is sent when it is first waited for. */
export interface PostgresJsQuery extends PromiseLike<readonly unknown[]> {
  cancel(): unknown;
}

/** What `postgres(url)` of postgres.js gives. */
export interface PostgresJsClient {
  unsafe(
    text: string,
    values: (string | null)[],
    options: { readonly prepare: boolean },
  ): { raw(): PostgresJsQuery };
}

/** An instance of PGlite. */
export interface PGliteClient {
  query(
    text: string,
    values: (string | null)[],
    options: {
      readonly rowMode: "array";
      readonly parsers: Record<number, (value: string) => string>;
    },
  ): PromiseLike<{ readonly rows: readonly unknown[] }>;
  exec(text: string): unknown;
}

/** A Pool or a Client of `pg`, `postgres(url)` of postgres.js, or a PGlite. */
export type PostgresClient = PgClient | PostgresJsClient | PGliteClient;

export interface Statement {
  /** Where there is one, the statement stays prepared on its connection under this name. */
  readonly name?: string;
  /** Gives nothing but columns of type `text`. */
  readonly text: string;
}

/** Runs one statement and gives its rows. */
export type Run = (
  statement: Statement,
  values: readonly Cell[],
  context?: RepositoryContext,
) => Promise<Row[]>;

/** How to run statements on a client. `undefined` for something that is none. */
export function runOn(client: PostgresClient): Run | undefined {
  if (isPostgresJs(client)) return onPostgresJs(client);
  if (isPGlite(client)) return onPGlite(client);
  if (!isPg(client)) return undefined;
  return isOneConnection(client) ? oneAfterAnother(onPg(client)) : onPg(client);
}

/**
 * Whether it is known of a client that it does not look at who asks: one that is made to choose among databases, by
 * AsyncLocalStorage for example, would ask for several in the name of the first.
 */
export function asksAlikeForAll(client: PostgresClient): boolean {
  if (isPostgresJs(client) || isPGlite(client)) return true;
  return isPool(client) || isOneConnection(client);
}

const AS_TEXT = { getTypeParser: () => String };

/** A Pool takes the client back by itself, also after an error. `pg` cannot cancel. */
function onPg(client: PgClient): Run {
  return async ({ name, text }, values) => {
    const { rows } = await client.query({
      ...(name === undefined ? {} : { name }),
      text,
      values: [...values],
      rowMode: "array",
      types: AS_TEXT,
    });
    return rows.map(toRow);
  };
}

/** A Client of `pg` is to be asked for one thing at a time; before its version 9 it keeps a queue, and warns. */
function oneAfterAnother(run: Run): Run {
  let last: Promise<unknown> = Promise.resolve();
  return (...query) => {
    const answer = last.then(() => run(...query));
    last = answer.catch(() => undefined);
    return answer;
  };
}

function onPostgresJs(client: PostgresJsClient): Run {
  return async ({ name, text }, values, context) => {
    context?.signal.throwIfAborted();
    // Raw rows are bytes, which neither `types` nor `transform` of the client have changed.
    const query = client.unsafe(text, [...values], { prepare: name !== undefined }).raw();
    // A server that cannot be reached cannot be told to cancel either. The query itself says what became of it.
    const cancel = () => void Promise.resolve(query.cancel()).catch(() => undefined);
    context?.signal.addEventListener("abort", cancel);
    try {
      const rows = await query;
      return Array.from(rows, toRow);
    } finally {
      context?.signal.removeEventListener("abort", cancel);
    }
  };
}

/** The type `text` in `pg_type`. */
const TEXT_OID = 25;

function onPGlite(client: PGliteClient): Run {
  const options = { rowMode: "array", parsers: { [TEXT_OID]: String } } as const;
  return async ({ text }, values) => {
    const { rows } = await client.query(text, [...values], options);
    return rows.map(toRow);
  };
}

function toRow(row: unknown): Row {
  if (!Array.isArray(row)) {
    throw wrongAnswer("a row that is no array of columns");
  }
  return row.map((cell: unknown) =>
    cell === null || typeof cell === "string" ? cell : decode(cell),
  );
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(cell: unknown): string {
  if (cell instanceof Uint8Array) return decoder.decode(cell);
  throw wrongAnswer("a column that is no text");
}

function wrongAnswer(what: string): TypeError {
  return new TypeError(
    `The PostgreSQL client gave ${what}. Does something wrap it that changes its queries, or the rows that it gives?`,
  );
}

function isPostgresJs(client: PostgresClient): client is PostgresJsClient {
  return has(client, "unsafe");
}

function isPGlite(client: PostgresClient): client is PGliteClient {
  return has(client, "query") && has(client, "exec");
}

function isPg(client: PostgresClient): client is PgClient {
  return has(client, "query");
}

function isPool(client: PgClient): boolean {
  return typeof Reflect.get(client, "totalCount") === "number";
}

/** What a Pool has not. One in pipeline mode is to be asked at any time. */
function isOneConnection(client: PgClient): boolean {
  return has(client, "escapeIdentifier") && Reflect.get(client, "pipeline") !== true;
}

function has(client: unknown, method: string): boolean {
  const isObject = typeof client === "function" || (typeof client === "object" && client !== null);
  return isObject && typeof Reflect.get(client, method) === "function";
}
