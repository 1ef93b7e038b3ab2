import { randomBytes } from "node:crypto";
import { after, describe, test } from "node:test";
import { PGlite } from "@electric-sql/pglite";
import { repositorySuite } from "keepsake/testing";
import pg from "pg";
import postgres from "postgres";
import { type PostgresClient, PostgresSessionRepository } from "./postgres.ts";
import { DATABASE_URL } from "./postgres-kit.test.ts";

const isNode = process.versions.bun === undefined && process.versions.deno === undefined;
const table = `keepsake_${randomBytes(6).toString("hex")}`;
// Nothing here depends on when a commit has reached the disk.
const config = { connectionString: DATABASE_URL, options: "-c synchronous_commit=off" };
const pool = new pg.Pool(config);
const client = new pg.Client(config);
const sql = postgres(DATABASE_URL, { connection: { synchronous_commit: "off" } });
await client.connect();

const clients: [name: string, client: PostgresClient, namedStatements?: boolean][] = [
  ["a Pool of pg", pool],
  ["a Pool of pg without named statements", pool, false],
  ["a Client of pg", client],
  ["postgres.js", sql],
];
// PGlite is made for Node, browsers and Bun, and takes seconds to start.
const pglite = isNode ? await PGlite.create() : undefined;
if (pglite !== undefined) clients.push(["PGlite", pglite]);

for (const [name, each, namedStatements = true] of clients) {
  const repository = new PostgresSessionRepository(each, { table, namedStatements });
  await repository.setup();
  describe(`PostgresSessionRepository on ${name}`, () => {
    for (const { name, run } of repositorySuite({ createRepository: () => repository })) {
      test(name, run);
    }
  });
}

after(async () => {
  await pool.query(`DROP TABLE ${table}`);
  await Promise.all([pool.end(), client.end(), sql.end(), pglite?.close()]);
});
