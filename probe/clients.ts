import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { Redis as Valkey } from "iovalkey";
import type { Pool } from "pg";
import { serviceUrl } from "../scripts/services/index.ts";

/** A database that is open, with the client that the store takes. */
export interface Opened<Client> {
  readonly client: Client;
  close(): Promise<void>;
}

/** @param file Default: a temporary one, which goes with `close()`, or with the process where that ends by itself. */
export async function openSqlite(
  file: string | undefined = process.env.SQLITE_FILE,
): Promise<Opened<DatabaseSync>> {
  const { DatabaseSync } = await import("node:sqlite");
  if (file) {
    const client = new DatabaseSync(file);
    return { client, close: async () => client.close() };
  }
  const folder = mkdtempSync(join(tmpdir(), "keepsake-probe-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  const client = new DatabaseSync(join(folder, "sessions.sqlite"));
  return {
    client,
    close: async () => {
      client.close();
      process.off("exit", remove);
      remove();
    },
  };
}

/** @param url Default: that of `DATABASE_URL`, or of a server that is found or started. */
export async function openPostgres(url?: string): Promise<Opened<Pool>> {
  const { default: pg } = await import("pg");
  const client = new pg.Pool({ connectionString: url ?? (await serviceUrl("postgres")) });
  // A connection that breaks while nobody uses it is replaced. Those in use tell their users.
  client.on("error", () => undefined);
  return { client, close: () => client.end() };
}

/** @param url Default: that of `VALKEY_URL`, or of a server that is found or started. */
export async function openValkey(url?: string): Promise<Opened<Valkey>> {
  const { Redis } = await import("iovalkey");
  const given = url ?? (await serviceUrl("valkey"));
  const client = new Redis(given, {
    // What a request gave up waiting for must not be done later.
    enableOfflineQueue: false,
    lazyConnect: true,
  });
  // It connects again by itself, and until then every command fails.
  client.on("error", () => undefined);
  await client.connect().catch(() => {
    client.disconnect();
    throw new Error(`nothing that is Valkey or Redis answers at ${new URL(given).host}`);
  });
  return { client, close: async () => client.disconnect() };
}
