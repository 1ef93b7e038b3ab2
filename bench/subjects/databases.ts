import pg from "pg";
import { createClient } from "redis";

/** A client that is connected to the server of this run. */
export interface OpenClient<Client> {
  readonly client: Client;
  close(): Promise<void>;
}

type ValkeyClient = ReturnType<typeof valkeyClient>;

function valkeyClient(database = 0) {
  return createClient({ url: urlOf("VALKEY_URL"), database });
}

/** The client that connect-redis is written for, which keepsake takes, too: so both have the same. */
export async function openValkey(database = 0): Promise<OpenClient<ValkeyClient>> {
  const client = valkeyClient(database);
  await client.connect();
  return { client, close: () => client.close() };
}

/** A pool of 10 connections, the default of pg. */
export async function openPostgres(): Promise<OpenClient<pg.Pool>> {
  const client = new pg.Pool({ connectionString: urlOf("DATABASE_URL") });
  return { client, close: () => client.end() };
}

function urlOf(variable: string): string {
  const url = process.env[variable];
  if (url === undefined)
    throw new Error(`${variable} is not set: start this through bench/main.ts.`);
  return url;
}
