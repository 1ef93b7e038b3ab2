import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { PostgresSessionRepository } from "./postgres.ts";
import { DATABASE_URL, Scene, verbs } from "./postgres-kit.test.ts";
import { Wire } from "./postgres-wire-kit.test.ts";

let scene: Scene;
before(async () => {
  scene = await Scene.open();
});
after(() => scene.close());

/** The server's log, which it then sends to the client as well. Takes a superuser. */
const LOGGING = { log_statement: "all", client_min_messages: "log" };

describe("Each verb is one statement, by the server's own log", () => {
  async function check(repository: PostgresSessionRepository, log: string[]): Promise<void> {
    for (const [verb, act] of verbs(repository)) {
      log.length = 0;
      await act();
      assert.equal(log.length, 1, `${verb}: ${log.join("\n")}`);
      assert.match(log[0] ?? "", /^execute (?:[\w-]+|<unnamed>): /, verb);
    }
  }

  for (const namedStatements of [true, false]) {
    test(`with pg, named statements: ${namedStatements}`, async () => {
      const options = Object.entries(LOGGING).map(([name, value]) => `-c ${name}=${value}`);
      const client = await scene.newClient({ options: options.join(" ") });
      const log: string[] = [];
      client.on("notice", ({ severity, message }) => {
        if (severity === "LOG") log.push(message ?? "");
      });
      await check(scene.repository(client, { namedStatements }), log);
    });

    test(`with postgres.js, named statements: ${namedStatements}`, async () => {
      const log: string[] = [];
      const sql = scene.newPostgresJs({
        max: 1,
        connection: LOGGING,
        fetch_types: false,
        onnotice: ({ severity, message }) => {
          if (severity === "LOG") log.push(message ?? "");
        },
      });
      await check(scene.repository(sql, { namedStatements }), log);
    });
  }
});

describe("Each verb is one round trip, by what goes over the wire", () => {
  const wire = new Wire();
  let url: string;
  before(async () => {
    url = await wire.listen(DATABASE_URL);
  });
  after(() => wire.close());

  async function check(repository: PostgresSessionRepository): Promise<void> {
    for (const [verb, act] of verbs(repository)) {
      wire.waits = 0;
      await act();
      assert.equal(wire.waits, 1, verb);
    }
  }

  for (const namedStatements of [true, false]) {
    test(`with pg, named statements: ${namedStatements}`, async () => {
      const client = await scene.newClient({ connectionString: url });
      await check(scene.repository(client, { namedStatements }));
    });
  }

  test("with postgres.js, once the connection has prepared it", async () => {
    const sql = scene.newPostgresJs({ max: 1, fetch_types: false }, url);
    const repository = scene.repository(sql);
    for (const [, act] of verbs(repository)) await act();
    const { sweep } = repository;
    // Never prepared, so that it is planned anew; postgres.js asks for the types of its parameters first.
    repository.sweep = (limit, at) => {
      wire.waits -= 1;
      return sweep.call(repository, limit, at);
    };
    await check(repository);
  });
});
