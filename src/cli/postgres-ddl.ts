import {
  DEFAULT_TABLE,
  namesOf,
  POSTGRES_MIGRATIONS,
  statementsFrom,
} from "../stores/_postgres-schema.ts";

const LAST = POSTGRES_MIGRATIONS.length;

/**
 * The SQL that makes the table, or brings it from an older version to the last one.
 *
 * @param from The version that is there. Default: 0, none.
 * @throws For a name that cannot be one, and a version that there is not.
 */
export function postgresDdl(table: string = DEFAULT_TABLE, from: string = "0"): string {
  const names = namesOf("keepsake ddl postgres", table);
  const version = /^\d{1,9}$/.test(from) ? Number(from) : Number.NaN;
  if (!(version <= LAST)) {
    throw new Error(`There is no version ${from}. The versions are 0, no table, to ${LAST}.`);
  }
  const statements = statementsFrom(names, version);
  if (statements.length === 0) return `-- ${names.table} is up to date: version ${LAST}.\n`;
  return `-- keepsake: sessions in PostgreSQL, from version ${version} to version ${LAST}.
-- Run it as a whole or not at all: psql --single-transaction --set ON_ERROR_STOP=1

${statements.map((statement) => `${statement};\n`).join("\n")}`;
}
