import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after } from "node:test";
import BetterSqlite3 from "better-sqlite3";
import type { RepositoryContext, SessionRecord, UpdateContext } from "../core/repository.ts";
import type { SqliteDatabase } from "./sqlite.ts";

// Shared by tests of the SQLite repository; it has none of its own.

export interface OpenDatabase extends SqliteDatabase {
  close(): unknown;
}

export interface Client {
  readonly name: string;
  open(file: string): OpenDatabase;
}

/** What there is of `bun:sqlite`, whose types are not installed. */
interface BunSqlite {
  readonly Database: new (file: string) => OpenDatabase;
}

const opened: OpenDatabase[] = [];
/** Made for the first file: where no test runs, nothing is removed in the end either. */
let folder: string | undefined;
let files = 0;

after(() => {
  for (const database of opened) {
    try {
      database.close();
    } catch {
      // Some tests have closed theirs, and not every client lets itself be closed twice.
    }
  }
  if (folder !== undefined) rmSync(folder, { recursive: true });
});

/** Every client that the runtime has. Node's is in Bun and Deno too. What they open is closed in the end. */
export const CLIENTS: readonly Client[] = [
  clientOf("node:sqlite", (file) => new DatabaseSync(file)),
  clientOf("better-sqlite3", (file) => new BetterSqlite3(file)),
  ...(process.versions.bun === undefined ? [] : [await bunClient()]),
];

function clientOf(name: string, create: (file: string) => OpenDatabase): Client {
  const open = (file: string) => {
    const database = create(file);
    opened.push(database);
    return database;
  };
  return { name, open };
}

async function bunClient(): Promise<Client> {
  const specifier = "bun:sqlite";
  const { Database }: BunSqlite = await import(specifier);
  return clientOf(specifier, (file) => new Database(file));
}

/** Opens a database with the client that every runtime has. */
export const open = (file: string): OpenDatabase =>
  clientOf("", (file) => new DatabaseSync(file)).open(file);

/** The path of a file that is not there yet, and is removed in the end. */
export function temporaryFile(): string {
  folder ??= mkdtempSync(join(tmpdir(), "keepsake-sqlite-"));
  files += 1;
  return join(folder, `sessions-${files}.db`);
}

export const NOW: number = Date.UTC(2026, 0, 1);
export const DAY: number = 24 * 60 * 60 * 1000;

export function at(now: number = NOW): UpdateContext & RepositoryContext {
  const before = { subject: undefined, endsAt: now };
  return { now, signal: new AbortController().signal, before };
}

export function recordOf(handle: string, changes: Partial<SessionRecord> = {}): SessionRecord {
  return {
    handle,
    version: 1,
    subject: undefined,
    label: undefined,
    createdAt: NOW,
    authenticatedAt: undefined,
    expiresAt: NOW + DAY,
    endsAt: NOW + 30 * DAY,
    credentials: "hash",
    data: "{}",
    flash: "",
    ...changes,
  };
}
