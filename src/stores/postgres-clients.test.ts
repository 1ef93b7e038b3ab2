import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";
import postgres from "postgres";
import { PostgresSessionRepository } from "./postgres.ts";
import {
  context,
  contextAfter,
  DATABASE_URL,
  NOW,
  newRecord,
  nextOf,
  roundTrip,
  Scene,
} from "./postgres-kit.test.ts";

let scene: Scene;
before(async () => {
  scene = await Scene.open();
});
after(() => scene.close());

describe("The client's own settings make no difference:", () => {
  test("type parsers of pg", async () => {
    const { builtins, getTypeParser, setTypeParser } = pg.types;
    const types = [builtins.INT8, builtins.TEXT, builtins.BOOL];
    const parsers = types.map((type) => [type, getTypeParser(type)] as const);
    for (const type of types) setTypeParser(type, (value) => ({ value }));
    try {
      const client = await scene.newClient();
      await roundTrip(scene.repository(client));
    } finally {
      for (const [type, parser] of parsers) setTypeParser(type, parser);
    }
  });

  test("pg in binary mode", async () => {
    const config: object = { binary: true };
    await roundTrip(scene.repository(scene.newPool(config)));
  });

  test("types and transforms of postgres.js", async () => {
    const text = { to: 25, from: [25], serialize: String, parse: (value: string) => ({ value }) };
    const sql = scene.newPostgresJs({
      types: { bigint: postgres.BigInt, text },
      transform: postgres.camel,
    });
    await roundTrip(scene.repository(sql));
  });

  test("a default isolation of serializable", async () => {
    const options = "-c default_transaction_isolation=serializable";
    const pool = scene.newPool({ options });
    const repository = scene.repository(pool);
    await repository.setup();
    await roundTrip(repository);
    const record = newRecord();
    await repository.create(record.handle, record, context());
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        index % 2 === 0
          ? repository.update(record.handle, 1, nextOf(record), contextAfter(record))
          : repository.touch(record.handle, record.expiresAt + index, context()),
      ),
    );
    assert.deepEqual(outcomes.toSorted(), [
      ...Array.from({ length: 3 }, () => "conflict"),
      ...Array.from({ length: 4 }, () => true),
      "updated",
    ]);
  });

  // Bun's own client is made after postgres.js.
  if (process.versions.bun !== undefined) {
    test("Bun.SQL", async () => {
      const { SQL } = Reflect.get(globalThis, "Bun");
      const sql = new SQL(DATABASE_URL);
      await roundTrip(scene.repository(sql));
      const missing = scene.repository(sql, { table: "keepsake_missing" });
      await assert.rejects(missing.read("handle", context()), /There is no table/);
      await sql.close();
    });
  }
});

test("A Client of pg is asked for one thing at a time, a Pool for several", async () => {
  const client = await scene.newClient();
  for (const [each, expected] of [
    [client, 1],
    [scene.pool, 5],
  ] as const) {
    const { query } = each;
    let [now, most] = [0, 0];
    each.query = async (...args: unknown[]) => {
      now += 1;
      most = Math.max(most, now);
      return Reflect.apply(query, each, args).finally(() => {
        now -= 1;
      });
    };
    const repository = scene.repository(each);
    const table = scene.repository(each, { table: `${scene.schema}.missing` });
    await assert.rejects(table.read("handle", context()), /no table/);
    await Promise.all(Array.from({ length: 5 }, () => repository.delete("handle", context())));
    each.query = query;
    assert.equal(most, expected);
  }
});

test("Nothing is taken for a client that is none, and no option that is none", () => {
  const clients: unknown[] = [undefined, null, DATABASE_URL, {}, { query: true }, () => undefined];
  for (const client of clients) {
    const make = () => new PostgresSessionRepository(client as never);
    assert.throws(make, { code: "ERR_SESSION_CONFIG" });
  }
  for (const options of [{ tabel: "a" }, { namedStatements: 1 }, "sessions"]) {
    const make = () => new PostgresSessionRepository(scene.pool, options as never);
    assert.throws(make, { code: "ERR_SESSION_CONFIG" });
  }
});

describe("When the answer is no longer waited for", () => {
  /** A touch that waits for a lock while it is given up. */
  const giveUp = async (repository: PostgresSessionRepository) => {
    const record = newRecord();
    await scene.repository().create(record.handle, record, context());
    const abort = new AbortController();
    const touch = scene.behind(
      `SELECT FROM ${scene.table} WHERE handle = '${record.handle}' FOR UPDATE`,
      () => repository.touch(record.handle, NOW + 1, { now: NOW, signal: abort.signal }),
      async () => {
        abort.abort();
        while ((await scene.waiting()).length > 0) await wait(10);
      },
    );
    // Cancelled, whoever asked for it.
    await assert.rejects(touch, { code: "57014" });
  };

  test("postgres.js takes the statement back", async () => {
    const repository = scene.repository(scene.newPostgresJs());
    await giveUp(repository);
    const late = { now: NOW, signal: AbortSignal.abort() };
    await assert.rejects(repository.read("handle", late), { name: "AbortError" });
    await roundTrip(repository);
  });

  test("pg waits for statement_timeout, and its pool has every client back", async () => {
    const pool = scene.newPool({ statement_timeout: 1000 });
    await giveUp(scene.repository(pool));
    assert.equal(pool.totalCount - pool.idleCount, 0);
    await roundTrip(scene.repository(pool));
  });
});
