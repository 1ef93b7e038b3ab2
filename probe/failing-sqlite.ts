import { randomBytes } from "node:crypto";
import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { SqliteSessionRepository } from "keepsake/stores/sqlite";
import type { Patient } from "./failing-patients.ts";
import { failureNamed } from "./failing-repository.ts";
import { newPlace, sqliteFile } from "./test-databases.ts";

/**
 * How the file of a database fails: what is in it is overwritten; another program has begun to write and does not come to
 * an end; nobody may write to it any more.
 */
export const SQLITE_FAILURES = ["is damaged", "is locked", "is read-only"] as const;

/** Milliseconds. The store would wait for a second, and everything in this process with it. */
const BUSY_TIMEOUT = 50;

export async function openSqlitePatient(): Promise<Patient> {
  const place = newPlace("sqlite");
  const file = sqliteFile(place.name);
  const client = new DatabaseSync(file);
  const repository = new SqliteSessionRepository(client);
  client.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
  const other = new DatabaseSync(file);
  const sound = new SqliteSessionRepository(other);

  const failures: Readonly<Record<(typeof SQLITE_FAILURES)[number], { begin(): () => void }>> = {
    "is damaged": {
      begin() {
        other.exec("PRAGMA wal_checkpoint(TRUNCATE)");
        const bytes = readFileSync(file);
        overwrite(file, randomBytes(bytes.length));
        // Both ways it would go on with what it has read before.
        client.exec("PRAGMA shrink_memory");
        return () => {
          overwrite(file, bytes);
          client.exec("PRAGMA shrink_memory");
        };
      },
    },
    "is locked": {
      begin() {
        other.exec("BEGIN EXCLUSIVE");
        return () => other.exec("ROLLBACK");
      },
    },
    "is read-only": {
      begin() {
        client.exec("PRAGMA query_only = ON");
        return () => client.exec("PRAGMA query_only = OFF");
      },
    },
  };
  let end: (() => void) | undefined;
  const heal = async () => {
    end?.();
    end = undefined;
  };
  return {
    name: "sqlite",
    repository,
    sound,
    fail(failure) {
      end ??= failures[failureNamed(SQLITE_FAILURES, failure)].begin();
    },
    heal,
    close: async () => {
      await heal();
      client.close();
      other.close();
      rmSync(place.name, { recursive: true, force: true });
    },
  };
}

function overwrite(file: string, bytes: Uint8Array): void {
  const open = openSync(file, "r+");
  writeSync(open, bytes, 0, bytes.length, 0);
  closeSync(open);
}
