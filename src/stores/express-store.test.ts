import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, describe, test } from "node:test";
import connectPgSimple from "connect-pg-simple";
import { RedisStore } from "connect-redis";
import session from "express-session";
import fc from "fast-check";
import { repositorySuite } from "keepsake/testing";
import pg from "pg";
import { createClient } from "redis";
import { runs } from "../core/kit.test.ts";
import {
  at,
  DATABASE_URL,
  DAY,
  HOUR,
  NOW,
  newRecord,
  nextOf,
  REDIS_URL,
  uniqueName,
} from "./_bridge-kit.test.ts";
import { fromExpressStore } from "./express-store.ts";

const redis = await createClient({ url: REDIS_URL }).connect();
const prefix = `${uniqueName()}:`;

const schema = uniqueName();
const pool = new pg.Pool({ connectionString: DATABASE_URL });
const require = createRequire(import.meta.url);
const ddl = await readFile(require.resolve("connect-pg-simple/table.sql"), "utf8");
await pool.query(`CREATE SCHEMA ${schema}; SET search_path = ${schema}; ${ddl}; RESET search_path`);

after(async () => {
  for await (const keys of redis.scanIterator({ MATCH: `${prefix}*` })) {
    if (keys.length > 0) await redis.del(keys);
  }
  redis.destroy();
  await pool.query(`DROP SCHEMA ${schema} CASCADE`);
  await pool.end();
});

const PgStore = connectPgSimple(session);
const stores = {
  "express-session's MemoryStore": () => new session.MemoryStore(),
  "connect-redis": () => new RedisStore({ client: redis, prefix }),
  "connect-pg-simple": () => new PgStore({ pool, schemaName: schema, pruneSessionInterval: false }),
};

for (const [name, createStore] of Object.entries(stores)) {
  const createRepository = () => fromExpressStore(createStore());

  describe(name, () => {
    for (const { name, run } of repositorySuite({ createRepository })) test(name, run);

    test("of twenty updates at the same time that try again on a conflict, none is lost", async () => {
      const repository = createRepository();
      const record = newRecord({ data: "0" });
      const { handle } = record;
      await repository.create(handle, record, at());
      const increment = async () => {
        for (;;) {
          const before = await repository.read(handle, at());
          assert.ok(before);
          const next = nextOf(before, { data: String(Number(before.data) + 1) });
          if ((await repository.update(handle, before.version, next, at())) === "updated") return;
        }
      };
      await Promise.all(Array.from({ length: 20 }, increment));
      assert.equal((await repository.read(handle, at()))?.data, "20");
      assert.equal(await repository.delete(handle, at()), true);
    });

    test("any text comes back as it was, lone surrogates too", async () => {
      const repository = createRepository();
      await fc.assert(
        fc.asyncProperty(anyText, anyText, anyText, async (subject, label, data) => {
          const record = newRecord({ subject, label, data, flash: data, credentials: label });
          await repository.create(record.handle, record, at());
          assert.deepEqual(await repository.read(record.handle, at()), record);
          assert.equal(await repository.delete(record.handle, at()), true);
        }),
        runs(30),
      );
    });

    test("wherever the library's clock stands, the store does not take a record for expired", async () => {
      const repository = createRepository();
      for (const now of [0, Date.UTC(1999, 11, 31), Date.UTC(2500, 0, 1)]) {
        const record = newRecord({ expiresAt: now + 1000, endsAt: now + DAY });
        const { handle } = record;
        assert.equal(await repository.create(handle, record, at(now)), true);
        assert.deepEqual(await repository.read(handle, at(now)), record);
        assert.equal(await repository.read(handle, at(now + 1000)), undefined);
        assert.equal(await repository.touch(handle, now + HOUR, at(now + 999)), true);
        assert.equal((await repository.read(handle, at(now + 1000)))?.expiresAt, now + HOUR);
        assert.equal(await repository.delete(handle, at(now)), true);
      }
    });

    test("what express-session has stored under a handle is neither read nor changed", async () => {
      const store = createStore();
      const repository = fromExpressStore(store);
      const record = newRecord();
      const theirs = { cookie: { originalMaxAge: HOUR, expires: new Date(Date.now() + HOUR) } };
      await new Promise<void>((resolve, reject) => {
        const done = (error?: unknown) => (error ? reject(error) : resolve());
        store.set(record.handle, { ...theirs, user: "ada" } as session.SessionData, done);
      });
      for (const verb of [
        () => repository.read(record.handle, at()),
        () => repository.create(record.handle, record, at()),
      ]) {
        await assert.rejects(async () => verb(), /is not a session record/);
      }
      const kept = await new Promise((resolve) => {
        store.get(record.handle, (_, found) => resolve(found));
      });
      assert.ok(kept !== null && typeof kept === "object" && "user" in kept);
      assert.equal(await repository.delete(record.handle, at()), true);
    });
  });
}

const anyText = fc
  .string({ unit: "binary", maxLength: 40 })
  .chain((text) =>
    fc
      .array(fc.integer({ min: 1, max: 0xffff }), { maxLength: 10 })
      .map((units) => text.replaceAll("\0", "") + String.fromCharCode(...units)),
  );

test("connect-redis is told to keep a record for what is left and a little more, and again at a touch", async () => {
  const repository = fromExpressStore(stores["connect-redis"]());
  const record = newRecord({ expiresAt: NOW + HOUR });
  const { handle } = record;
  const ttl = async () => (await redis.ttl(prefix + handle)) * 1000;
  await repository.create(handle, record, at());
  assert.ok((await ttl()) >= HOUR && (await ttl()) <= 2 * HOUR);
  await repository.touch(handle, NOW + DAY, at());
  assert.ok((await ttl()) >= DAY && (await ttl()) <= DAY + HOUR);
});

test("connect-pg-simple is told to keep a record for what is left and a little more, and prunes it after that", async () => {
  const store = stores["connect-pg-simple"]();
  const repository = fromExpressStore(store);
  const record = newRecord({ expiresAt: NOW + HOUR });
  await repository.create(record.handle, record, at());
  const { rows } = await pool.query(
    `SELECT extract(epoch FROM expire - now()::timestamp) * 1000 AS left FROM ${schema}.session WHERE sid = $1`,
    [record.handle],
  );
  const left = Number(rows[0].left);
  assert.ok(left >= HOUR && left <= 2 * HOUR, `${left}`);
  const prune = () => new Promise<Error>((resolve) => store.pruneSessions(resolve));
  await prune();
  assert.deepEqual(await repository.read(record.handle, at()), record);
  await pool.query(
    `UPDATE ${schema}.session SET expire = now() - interval '2 seconds' WHERE sid = $1`,
    [record.handle],
  );
  await prune();
  assert.equal(await repository.delete(record.handle, at()), false);
});

test("a server that is down is a failure, never a session that is not there", async () => {
  const away = createClient({
    url: "redis://127.0.0.1:1",
    disableOfflineQueue: true,
    socket: { reconnectStrategy: false },
  });
  away.on("error", () => undefined);
  await away.connect().catch(() => undefined);
  const downPool = new pg.Pool({ connectionString: "postgres://postgres@127.0.0.1:1/test" });
  const record = newRecord();
  for (const store of [
    new RedisStore({ client: away }),
    new PgStore({ pool: downPool, pruneSessionInterval: false }),
  ]) {
    const repository = fromExpressStore(store);
    await assert.rejects(async () => repository.read(record.handle, at()));
    await assert.rejects(async () => repository.create(record.handle, record, at()));
    await assert.rejects(async () => repository.delete(record.handle, at()));
  }
  await downPool.end();
});
