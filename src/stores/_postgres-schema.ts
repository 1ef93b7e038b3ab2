import { utf8Length } from "../core/bytes.ts";
import { describe, misconfigured } from "../core/options.ts";

export const DEFAULT_TABLE = "keepsake_sessions";

/** A table, and what belongs to it, as SQL names them. */
export interface TableNames {
  /** Quoted; with the schema where one was named. */
  readonly table: string;
  readonly sweepIndex: string;
  readonly subjectIndex: string;
}

const NAME = /^[\p{L}_][\p{L}\p{N}_-]*$/u;
/** Of a name in PostgreSQL; it would cut off the rest. */
const MOST_BYTES = 63;
const SWEEP = "_sweep_after";
const SUBJECT = "_subject";

/**
 * The names for a table, given as `"name"` or `"schema.name"`. They are quoted, so capitals are kept.
 *
 * @throws `ERR_SESSION_CONFIG` for anything but letters, digits, `_` and `-`, and for what is too long.
 */
export function namesOf(owner: string, table: unknown): TableNames {
  const parts = typeof table === "string" ? table.split(".") : [];
  const name = parts.at(-1) ?? "";
  const isName =
    (parts.length === 1 || parts.length === 2) &&
    parts.every((part) => NAME.test(part) && utf8Length(part) <= MOST_BYTES) &&
    utf8Length(name + SWEEP) <= MOST_BYTES;
  if (!isName) {
    throw misconfigured(
      `${owner}: table must be a name such as "${DEFAULT_TABLE}" or "my_schema.${DEFAULT_TABLE}", of letters, digits, ` +
        `"_" and "-", and of at most ${MOST_BYTES - SWEEP.length} bytes, not ${describe(table)}.`,
    );
  }
  return {
    table: parts.map(quoted).join("."),
    sweepIndex: quoted(name + SWEEP),
    subjectIndex: quoted(name + SUBJECT),
  };
}

function quoted(name: string): string {
  return `"${name}"`;
}

/** The statements that lead from one version of the table to the next. */
export type Migration = (names: TableNames) => readonly string[];

/**
 * Every version of the table, the oldest first. What has been released never changes: a new version is a new entry.
 *
 * - Version 1. What a touch writes, `expires_at`, is in no index, and the pages have room for another version of a row:
 *   so touches and most updates are heap-only and leave the indexes alone. Swept is by `sweep_after`, which a
 *   sweep itself moves where it finds a session still in use. A subject may be longer than an index entry can be, so
 *   its beginning is indexed. Handles and subjects are compared byte by byte.
 */
export const POSTGRES_MIGRATIONS: readonly Migration[] = [
  ({ table, sweepIndex, subjectIndex }) => [
    `CREATE TABLE ${table} (
  handle text COLLATE "C" PRIMARY KEY,
  version bigint NOT NULL,
  subject text COLLATE "C",
  label text,
  created_at bigint NOT NULL,
  authenticated_at bigint,
  expires_at bigint NOT NULL,
  ends_at bigint NOT NULL,
  sweep_after bigint NOT NULL,
  credentials text NOT NULL,
  data text NOT NULL,
  flash text NOT NULL
) WITH (fillfactor = 80)`,
    `CREATE INDEX ${sweepIndex} ON ${table} (sweep_after)`,
    `CREATE INDEX ${subjectIndex} ON ${table} (left(subject, 512)) WHERE subject IS NOT NULL`,
  ],
];

const MARK = /^keepsake sessions, version ([1-9]\d{0,8})$/;

/** What the comment on a table says of its version. */
export function markOf(version: number): string {
  return `keepsake sessions, version ${version}`;
}

/** `undefined` for the comment on a table that is none of ours. */
export function versionIn(comment: string | null): number | undefined {
  const [, version] = MARK.exec(comment ?? "") ?? [];
  return version === undefined ? undefined : Number(version);
}

/** The statements that lead from a version, 0 where there is no table, to the last one. */
export function statementsFrom(
  names: TableNames,
  version: number,
  migrations: readonly Migration[] = POSTGRES_MIGRATIONS,
): readonly string[] {
  const steps = migrations.slice(version).flatMap((migration) => migration(names));
  return steps.length === 0
    ? []
    : [...steps, `COMMENT ON TABLE ${names.table} IS '${markOf(migrations.length)}'`];
}
