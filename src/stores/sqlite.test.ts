import { test } from "node:test";
import { repositorySuite } from "keepsake/testing";
import { SqliteSessionRepository } from "./sqlite.ts";
import { CLIENTS, temporaryFile } from "./sqlite-kit.test.ts";

for (const { name: client, open } of CLIENTS) {
  for (const [place, file] of [
    ["in a file", temporaryFile()],
    ["in memory", ":memory:"],
  ] as const) {
    const database = open(file);
    const createRepository = () => new SqliteSessionRepository(database);
    for (const { name, run } of repositorySuite({ createRepository })) {
      test(`${client}, ${place}: ${name}`, run);
    }
  }
}
