import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import pg from "pg";
import { runOn } from "./_postgres-client.ts";
import { type Migration, markOf, namesOf, POSTGRES_MIGRATIONS } from "./_postgres-schema.ts";
import { setUp } from "./_postgres-setup.ts";
import { PostgresSessionRepository } from "./postgres.ts";
import { administer, context, DATABASE_URL, newRecord, Scene } from "./postgres-kit.test.ts";

const isConfigError = (message: RegExp) => (error: Error & { code?: string }) =>
  error.code === "ERR_SESSION_CONFIG" && message.test(error.message);

const CURRENT = markOf(POSTGRES_MIGRATIONS.length);

describe("setup()", () => {
  let scene: Scene;
  before(async () => {
    scene = await Scene.openEmpty();
  });
  after(() => scene.close());
  beforeEach(() => scene.query(`DROP TABLE IF EXISTS ${scene.table}`));

  const comment = async () => {
    const text = "SELECT obj_description(to_regclass($1), 'pg_class') AS comment";
    const [row] = await scene.query(text, [scene.table]);
    return row?.comment;
  };
  const relations = async () => {
    const text = `
      SELECT relname AS name FROM pg_class
      WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'i') ORDER BY relname`;
    return (await scene.query(text, [scene.schema])).map(({ name }) => name);
  };

  test("makes the table and its indexes, and writes the version into the table's comment", async () => {
    await scene.repository().setup();
    assert.deepEqual(await relations(), [
      "sessions",
      "sessions_pkey",
      "sessions_subject",
      "sessions_sweep_after",
    ]);
    assert.equal(await comment(), CURRENT);
  });

  test("changes nothing the second time, and keeps what is stored", async () => {
    const repository = scene.repository();
    await repository.setup();
    const record = newRecord();
    await repository.create(record.handle, record, context());
    await repository.setup();
    assert.deepEqual(await repository.read(record.handle, context()), record);
  });

  test("may be called by many at once: PostgreSQL has nothing to complain of, not even a notice", async () => {
    const complaints: unknown[] = [];
    const pools = Array.from({ length: 20 }, () => {
      const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 1 });
      pool.on("connect", (client) => client.on("notice", (notice) => complaints.push(notice)));
      return pool;
    });
    try {
      await Promise.all(pools.map((pool) => pool.query("SELECT")));
      await Promise.all(
        pools.map((pool) => {
          const run = runOn(pool);
          assert.ok(run);
          const watched: typeof run = (...query) =>
            run(...query).catch((error) => {
              complaints.push(error);
              throw error;
            });
          return setUp(watched, namesOf("test", scene.table));
        }),
      );
      assert.deepEqual(complaints, []);
      assert.equal((await relations()).length, 4);
    } finally {
      await Promise.all(pools.map((pool) => pool.end()));
    }
  });

  describe("where there is an older version", () => {
    const later: readonly Migration[] = [
      ...POSTGRES_MIGRATIONS,
      ({ table }) => [`ALTER TABLE ${table} ADD COLUMN second text NOT NULL DEFAULT 'two'`],
      ({ table }) => [`ALTER TABLE ${table} ADD COLUMN third text`],
    ];
    const setUpLater = async () => {
      const run = runOn(scene.pool);
      assert.ok(run);
      await setUp(run, namesOf("test", scene.table), later);
    };

    test("takes every step to the newest one, and keeps what is stored", async () => {
      const repository = scene.repository();
      await repository.setup();
      const record = newRecord();
      await repository.create(record.handle, record, context());
      await setUpLater();
      assert.equal(await comment(), markOf(later.length));
      assert.deepEqual(await scene.query(`SELECT handle, second, third FROM ${scene.table}`), [
        { handle: record.handle, second: "two", third: null },
      ]);
    });

    test("may be called by many at once", async () => {
      await scene.repository().setup();
      await Promise.all(Array.from({ length: 10 }, setUpLater));
      assert.equal(await comment(), markOf(later.length));
    });

    test("may be called by old and new processes at once: the newest version stays", async () => {
      const calls = Array.from({ length: 10 }, (_, index) =>
        index % 2 === 0 ? setUpLater() : scene.repository().setup(),
      );
      const results = await Promise.allSettled(calls);
      assert.equal(await comment(), markOf(later.length));
      for (const [index, result] of results.entries()) {
        if (index % 2 === 0) assert.equal(result.status, "fulfilled");
      }
    });

    test("does all of it or nothing", async () => {
      await scene.repository().setup();
      const broken: readonly Migration[] = [...later, () => ["SELECT 1 / 0"]];
      const run = runOn(scene.pool);
      assert.ok(run);
      await assert.rejects(setUp(run, namesOf("test", scene.table), broken), (error: Error) =>
        /division by zero/.test(String(error.cause)),
      );
      assert.equal(await comment(), CURRENT);
      await setUpLater();
      assert.equal(await comment(), markOf(later.length));
    });
  });

  test("refuses a table that a newer release made", async () => {
    await scene.repository().setup();
    await scene.query(`COMMENT ON TABLE ${scene.table} IS '${markOf(99)}'`);
    await assert.rejects(scene.repository().setup(), isConfigError(/version 99.*Update keepsake/));
  });

  test("refuses a table that is somebody else's, and leaves it as it is", async () => {
    await scene.query(`CREATE TABLE ${scene.table} (id int)`);
    await assert.rejects(scene.repository().setup(), isConfigError(/did not make/));
    await scene.query(`COMMENT ON TABLE ${scene.table} IS 'sessions, version 1'`);
    await assert.rejects(scene.repository().setup(), isConfigError(/did not make/));
    assert.deepEqual(await relations(), ["sessions"]);
  });

  test("refuses a database that cannot hold all text", async () => {
    const database = `${scene.schema}_latin1`;
    await administer(
      `CREATE DATABASE ${database} TEMPLATE template0 ENCODING LATIN1 LC_COLLATE 'C' LC_CTYPE 'C'`,
    );
    const url = new URL(DATABASE_URL);
    url.pathname = database;
    const pool = new pg.Pool({ connectionString: url.href });
    const refused = new PostgresSessionRepository(pool).setup();
    try {
      await assert.rejects(refused, isConfigError(/LATIN1.*UTF8/));
    } finally {
      await pool.end();
      await administer(`DROP DATABASE ${database}`);
    }
  });

  test("tells what to do where the schema is missing", async () => {
    const table = `${scene.schema}_missing.sessions`;
    const repository = new PostgresSessionRepository(scene.pool, { table });
    await assert.rejects(
      repository.setup(),
      (error: Error) =>
        /npx keepsake ddl postgres/.test(error.message) && /schema/.test(String(error.cause)),
    );
  });

  describe("under a role that may only use the table", () => {
    const role = `keepsake_role_${process.pid}_${Date.now()}`;
    let pool: pg.Pool;
    before(async () => {
      await scene.query(`CREATE ROLE ${role}`);
      await scene.query(`GRANT USAGE ON SCHEMA ${scene.schema} TO ${role}`);
      pool = new pg.Pool({ connectionString: DATABASE_URL, options: `-c role=${role}`, max: 2 });
    });
    after(async () => {
      await pool.end();
      await scene.query(`DROP OWNED BY ${role}`);
      await scene.query(`DROP ROLE ${role}`);
    });
    const repository = () => new PostgresSessionRepository(pool, { table: scene.table });

    test("finds the table in order, and every verb works", async () => {
      await scene.repository().setup();
      await scene.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${scene.table} TO ${role}`);
      await repository().setup();
      const record = newRecord({ subject: "ada" });
      const { handle, expiresAt, endsAt } = record;
      assert.equal(await repository().create(handle, record, context()), true);
      assert.deepEqual(await repository().read(handle, context()), record);
      assert.deepEqual(await repository().findBySubject("ada", context()), [record]);
      const outcome = await repository().update(handle, 1, record, {
        ...context(),
        before: record,
      });
      assert.equal(outcome, "updated");
      assert.equal(await repository().touch(handle, endsAt, context()), true);
      assert.equal(await repository().sweep(10, context(expiresAt)), 0);
      assert.equal(await repository().delete(handle, context()), true);
    });

    test("tells what to do where the table is missing", async () => {
      await assert.rejects(
        repository().setup(),
        (error: Error) =>
          /npx keepsake ddl postgres/.test(error.message) &&
          /permission denied/.test(String(error.cause)),
      );
    });

    test("tells what to do where the role has no right to it", async () => {
      await scene.repository().setup();
      await assert.rejects(
        async () => repository().read("handle", context()),
        (error: Error) => /GRANT SELECT, INSERT, UPDATE, DELETE ON/.test(error.message),
      );
    });
  });
});
