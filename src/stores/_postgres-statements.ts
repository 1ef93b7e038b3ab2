import { sha256Text } from "#sha256";
import { utf8 } from "../core/bytes.ts";
import type { SessionRecord } from "../core/repository.ts";
import type { Cell, Row, Statement } from "./_postgres-client.ts";
import type { TableNames } from "./_postgres-schema.ts";

/** In the order in which `toCells` and `toRecord` have them. */
const COLUMNS = [
  "handle",
  "version",
  "subject",
  "label",
  "created_at",
  "authenticated_at",
  "expires_at",
  "ends_at",
  "credentials",
  "data",
  "flash",
] as const;

/** As many characters as the index on subjects has of each. */
const INDEXED = 512;

export interface Statements {
  /** The record's cells, then the time. */
  readonly create: Statement;
  /** Handle, time. */
  readonly read: Statement;
  /** Handles with commas between them, time. */
  readonly readSeveral: Statement;
  /** The new record's cells, then the version that is updated, then the time. */
  readonly update: Statement;
  /** Handle, new end, time. */
  readonly touch: Statement;
  /** Handle. */
  readonly delete: Statement;
  /** Subject, time. */
  readonly findBySubject: Statement;
  /** Time, the most rows to look at, the most to delete. */
  readonly sweep: Statement;
}

/** What is asked of a table. Where an answer is more than rows, it is one row of text. */
export function statementsOn({ table }: TableNames): Statements {
  const columns = COLUMNS.join(", ");
  const cells = COLUMNS.map((_, index) => `$${index + 1}`);
  const selected = COLUMNS.map((column) => `${column}::text`).join(", ");
  const assigned = COLUMNS.slice(1).map((column, index) => `${column} = $${index + 2}`);
  const [handle, expiresAt] = [1, COLUMNS.indexOf("expires_at") + 1];
  const [last, now] = [COLUMNS.length + 1, COLUMNS.length + 2];
  const found = `SELECT ${selected} FROM ${table}`;
  const texts = {
    create: `
INSERT INTO ${table} (${columns}, sweep_after) VALUES (${cells.join(", ")}, $${expiresAt})
ON CONFLICT (handle) DO NOTHING RETURNING 'created'`,

    read: `${found} WHERE handle = $1 AND expires_at > $2::bigint`,

    // OFFSET keeps the planner to one look into the primary key for each handle, whatever it believes of the table.
    readSeveral: `
SELECT record.* FROM unnest(string_to_array($1::text, ',')) AS wanted (handle) CROSS JOIN LATERAL (
  ${found} WHERE handle = wanted.handle AND expires_at > $2::bigint OFFSET 0
) AS record`,

    // Locking the row first is what tells a conflict from a record that was deleted meanwhile. Its end may come
    // earlier, as when a session ends; then it is to be swept earlier as well.
    update: `
WITH found AS (
  SELECT version, expires_at > $${now}::bigint AS alive FROM ${table} WHERE handle = $${handle} FOR UPDATE
), updated AS (
  UPDATE ${table} SET ${assigned.join(", ")}, sweep_after = least(sweep_after, $${expiresAt})
  WHERE handle = $${handle} AND (SELECT alive AND version = $${last}::bigint FROM found)
  RETURNING handle
)
SELECT CASE
  WHEN EXISTS (SELECT FROM updated) THEN 'updated'
  WHEN (SELECT alive FROM found) THEN 'conflict'
  ELSE 'gone'
END`,

    touch: `
UPDATE ${table} SET expires_at = greatest(expires_at, least($2::bigint, ends_at))
WHERE handle = $1 AND expires_at > $3::bigint RETURNING 'touched'`,

    delete: `DELETE FROM ${table} WHERE handle = $1 RETURNING 'deleted'`,

    findBySubject: `
${found}
WHERE left(subject, ${INDEXED}) = left($1::text, ${INDEXED}) AND subject = $1::text AND expires_at > $2::bigint`,

    // Of the rows whose time has come, those that turn out to be in use wait for their new end. Rows that another
    // sweep has locked are left to it, and an end that a touch has moved meanwhile is seen, because the rows are locked.
    sweep: `
WITH due AS (
  SELECT handle, expires_at FROM ${table} WHERE sweep_after <= $1::bigint
  ORDER BY sweep_after LIMIT $2::bigint FOR UPDATE SKIP LOCKED
), deleted AS (
  DELETE FROM ${table} WHERE expires_at <= $1::bigint
  AND handle IN (SELECT handle FROM due WHERE expires_at <= $1::bigint LIMIT $3::bigint)
  RETURNING handle
), kept AS (
  UPDATE ${table} SET sweep_after = expires_at WHERE expires_at > $1::bigint
  AND handle IN (SELECT handle FROM due WHERE expires_at > $1::bigint)
  RETURNING handle
)
SELECT (SELECT count(*) FROM deleted)::text, (SELECT count(*) FROM kept)::text`,
  };
  const named = (verb: keyof typeof texts): Statement => {
    const text = texts[verb].trim();
    // A connection keeps one statement under a name, and several tables and releases may share the connection.
    return { name: `keepsake_${verb}_${sha256Text(utf8(text)).slice(0, 16)}`, text };
  };
  return {
    create: named("create"),
    read: named("read"),
    readSeveral: named("readSeveral"),
    update: named("update"),
    touch: named("touch"),
    delete: named("delete"),
    findBySubject: named("findBySubject"),
    // Planned anew each time, with the values at hand: how much is due is anything from nothing to the whole table.
    sweep: { text: texts.sweep.trim() },
  };
}

export function toCells(handle: string, record: SessionRecord): Cell[] {
  return [
    handle,
    String(record.version),
    record.subject ?? null,
    record.label ?? null,
    String(record.createdAt),
    record.authenticatedAt === undefined ? null : String(record.authenticatedAt),
    String(record.expiresAt),
    String(record.endsAt),
    record.credentials,
    record.data,
    record.flash,
  ];
}

export function toRecord(row: Row): SessionRecord {
  const [handle, version, subject, label, createdAt, authenticatedAt, expiresAt, endsAt] = row;
  const [credentials, data, flash] = row.slice(COLUMNS.indexOf("credentials"));
  return {
    handle: handle ?? "",
    version: Number(version),
    subject: subject ?? undefined,
    label: label ?? undefined,
    createdAt: Number(createdAt),
    authenticatedAt: authenticatedAt == null ? undefined : Number(authenticatedAt),
    expiresAt: Number(expiresAt),
    endsAt: Number(endsAt),
    credentials: credentials ?? "",
    data: data ?? "",
    flash: flash ?? "",
  };
}
