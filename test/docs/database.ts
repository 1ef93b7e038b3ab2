import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { serviceUrl } from "../../scripts/services/index.ts";

/** A schema of its own in the database, so that examples leave nothing behind. */
export interface ExampleDatabase {
  /** A URL whose connections find and make their tables in the schema. */
  readonly url: string;
  remove(): Promise<void>;
}

export async function createDatabase(): Promise<ExampleDatabase> {
  const given = await serviceUrl("postgres");
  const schema = `keepsake_docs_${randomBytes(6).toString("hex")}`;
  const execute = async (statement: string): Promise<void> => {
    const client = new Client(given);
    await client.connect();
    await client.query(statement);
    await client.end();
  };
  await execute(`CREATE SCHEMA ${schema}`);
  const url = new URL(given);
  url.searchParams.set("options", `-c search_path=${schema}`);
  return { url: url.href, remove: () => execute(`DROP SCHEMA ${schema} CASCADE`) };
}
