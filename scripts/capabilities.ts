import { readFile, writeFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import session from "express-session";
import Keyv from "keyv";
import { createStorage } from "unstorage";
import type { SessionRepository } from "../src/core/repository.ts";
import type { BridgeOptions } from "../src/stores/_bridge.ts";
import { fromExpressStore } from "../src/stores/express-store.ts";
import { MemorySessionRepository } from "../src/stores/memory.ts";
import { PostgresSessionRepository } from "../src/stores/postgres.ts";
import { SqliteSessionRepository } from "../src/stores/sqlite.ts";
import { fromKeyv, fromUnstorage } from "../src/stores/unstorage.ts";
import { ValkeySessionRepository } from "../src/stores/valkey.ts";
import { ROOT } from "./runtimes.ts";

/** The page that shows the table. */
export const PAGE = "docs/stores.md";

const BEGIN = "<!-- capabilities -->";
const END = "<!-- /capabilities -->";

/** What a repository promises it promises before it has asked its client anything. */
const unasked = async (): Promise<never> => {
  throw new Error("There is no server.");
};

/** What a bridge promises depends on what its user says of the store behind it. */
const SAID: readonly BridgeOptions[] = [
  { persistent: true, expiry: "database" },
  { persistent: false, expiry: "nothing" },
];

const STORES: Readonly<Record<string, () => readonly SessionRepository[]>> = {
  memory: () => [new MemorySessionRepository()],
  SQLite: () => [new SqliteSessionRepository(new DatabaseSync(":memory:"))],
  PostgreSQL: () => [new PostgresSessionRepository({ query: unasked })],
  "Valkey, Redis": () => [new ValkeySessionRepository({ call: unasked })],
  "`fromExpressStore`": () =>
    SAID.map((options) => fromExpressStore(new session.MemoryStore(), options)),
  "`fromUnstorage`": () => SAID.map((options) => fromUnstorage(createStorage(), options)),
  "`fromKeyv`": () => SAID.map((options) => fromKeyv(new Keyv(), options)),
};

const EXPIRIES = { sweep: "`sweep()`", database: "the database", nothing: "nothing" };

const COLUMNS: Readonly<Record<string, (repository: SessionRepository) => string>> = {
  persistent: ({ capabilities }) => yesOrNo(capabilities.persistent),
  "many processes": ({ capabilities }) => yesOrNo(capabilities.shared),
  atomic: ({ capabilities }) => (capabilities.atomic ? "yes" : "within a process"),
  "expiry by": ({ capabilities }) => EXPIRIES[capabilities.expiry],
  "list by subject": ({ findBySubject }) => yesOrNo(findBySubject !== undefined),
};

/** What every repository promises in its `capabilities`, as a table in Markdown. */
export function capabilityTable(): string {
  const rows = Object.entries(STORES).map(([name, create]) => {
    const repositories = create();
    const cells = Object.values(COLUMNS).map((cellOf) => [...new Set(repositories.map(cellOf))]);
    return rowOf([name, ...cells.map((values) => values.join(" or "))]);
  });
  const heads = ["store", ...Object.keys(COLUMNS)];
  return [rowOf(heads), `|${"---|".repeat(heads.length)}`, ...rows].join("\n");
}

/** @throws An `Error` for a page without the markers. */
export function withTable(page: string): string {
  const [before, rest, ...more] = page.split(BEGIN);
  const [, after, ...others] = rest?.split(END) ?? [];
  if (after === undefined || more.length > 0 || others.length > 0) {
    throw new Error(`${PAGE} must have the lines ${BEGIN} and ${END}, once each.`);
  }
  return `${before}${BEGIN}\n\n${capabilityTable()}\n\n${END}${after}`;
}

function rowOf(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function yesOrNo(is: boolean): string {
  return is ? "yes" : "no";
}

if (import.meta.main) {
  const path = `${ROOT}${PAGE}`;
  await writeFile(path, withTable(await readFile(path, "utf8")));
}
