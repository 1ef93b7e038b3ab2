import { misconfigured } from "../core/options.ts";
import type { Run } from "./_postgres-client.ts";
import {
  type Migration,
  markOf,
  POSTGRES_MIGRATIONS,
  statementsFrom,
  type TableNames,
  versionIn,
} from "./_postgres-schema.ts";

/** The bytes of "keepsake": whoever makes or changes a table holds this advisory lock. */
const LOCK = "7738135639949634405";

/** Each is one version, made by another process meanwhile. */
const MOST_ATTEMPTS = 5;

const STATE = `
SELECT (to_regclass($1) IS NOT NULL)::text, obj_description(to_regclass($1), 'pg_class'), current_setting('server_encoding')`;

/**
 * Makes a table, or brings it to the last version. Where it is there already it only reads the catalog, so that it may
 * run in every process at every start, under a role that may not create tables.
 *
 * @throws `ERR_SESSION_CONFIG` for a table that is newer, or is none of ours, and for a database that cannot hold all text.
 */
export async function setUp(
  run: Run,
  names: TableNames,
  migrations: readonly Migration[] = POSTGRES_MIGRATIONS,
): Promise<void> {
  const last = migrations.length;
  let failure: unknown;
  let failedAt: number | undefined;
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
    const version = await versionOf(run, names);
    if (version === last) return;
    if (version > last) {
      throw misconfigured(
        `The table ${names.table} is of version ${version}, made by a newer keepsake; this one knows version ${last}. Update keepsake here too.`,
      );
    }
    // What failed because another process was faster has moved on; what has not will fail again.
    if (version === failedAt) break;
    await run({ text: migrationOf(names, version, migrations) }, []).catch((error: unknown) => {
      failure = error;
      failedAt = version;
    });
  }
  throw new Error(
    `The table ${names.table} could not be made. Give the role the right to create it, or run what ` +
      '"npx keepsake ddl postgres" prints under a role that may. The cause says what PostgreSQL answered.',
    { cause: failure },
  );
}

/** 0 where there is no table. */
async function versionOf(run: Run, { table }: TableNames): Promise<number> {
  const [state] = await run({ text: STATE.trim() }, [table]);
  const [exists, comment = null, encoding] = state ?? [];
  if (encoding !== "UTF8" && encoding !== "SQL_ASCII") {
    throw misconfigured(
      `The database's encoding is ${encoding}, and sessions hold any text. Use a database with the encoding UTF8.`,
    );
  }
  if (exists !== "true") return 0;
  const version = versionIn(comment);
  if (version === undefined) {
    throw misconfigured(
      `There is a table ${table} that keepsake did not make: its comment is not "${markOf(1)}", or a later version. ` +
        "Choose another name with the option table, or, if it is keepsake's, restore the comment.",
    );
  }
  return version;
}

/** One statement, so that it takes one round trip, needs no connection of its own, and happens as a whole or not at all. */
function migrationOf(names: TableNames, version: number, migrations: readonly Migration[]): string {
  // By a query, because what the session remembers of names may be from before it waited for the lock.
  const found = `SELECT FROM pg_class WHERE oid = to_regclass('${names.table}')`;
  const isStill =
    version === 0
      ? `NOT EXISTS (${found})`
      : `EXISTS (${found} AND obj_description(oid, 'pg_class') = '${markOf(version)}')`;
  const statements = statementsFrom(names, version, migrations).map((each) => `${each};`);
  return `
DO $keepsake$
BEGIN
PERFORM pg_advisory_xact_lock(${LOCK});
IF ${isStill} THEN
${statements.join("\n")}
END IF;
END
$keepsake$`.trim();
}
