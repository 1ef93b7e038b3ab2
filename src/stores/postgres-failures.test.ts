import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import type { SessionRecord } from "../core/repository.ts";
import type { PostgresClient } from "./postgres.ts";
import { context, contextAfter, NOW, newRecord, nextOf, Scene } from "./postgres-kit.test.ts";

let scene: Scene;
before(async () => {
  scene = await Scene.open();
});
after(() => scene.close());

const create = async () => {
  const record = newRecord();
  await scene.repository().create(record.handle, record, context());
  return record;
};

const row = ({ handle }: SessionRecord) => `WHERE handle = '${handle}'`;

describe("Two processes, each with a pool of its own,", () => {
  const both = () => [scene.repository(), scene.repository(scene.newPool())];

  test("update one version: one of them succeeds", async () => {
    const record = await create();
    const next = nextOf(record);
    const outcomes = await Promise.all(
      both().flatMap((repository) =>
        Array.from({ length: 10 }, () =>
          repository.update(record.handle, 1, next, contextAfter(record)),
        ),
      ),
    );
    assert.equal(outcomes.filter((outcome) => outcome === "updated").length, 1);
    assert.equal(outcomes.filter((outcome) => outcome === "conflict").length, 19);
  });

  test("create under one handle: one of them succeeds", async () => {
    const record = newRecord();
    const made = await Promise.all(
      both().flatMap((repository) =>
        Array.from({ length: 10 }, () => repository.create(record.handle, record, context())),
      ),
    );
    assert.equal(made.filter(Boolean).length, 1);
  });
});

describe("An update that waits", () => {
  const behind = async (statement: (record: SessionRecord) => string) => {
    const record = await create();
    return scene.behind(statement(record), () =>
      scene.repository().update(record.handle, 1, nextOf(record), contextAfter(record)),
    );
  };

  test("for another one is a conflict", async () => {
    const statement = (record: SessionRecord) =>
      `UPDATE ${scene.table} SET version = 2 ${row(record)}`;
    assert.equal(await behind(statement), "conflict");
  });

  test("for a touch succeeds", async () => {
    const statement = (record: SessionRecord) =>
      `UPDATE ${scene.table} SET expires_at = ends_at ${row(record)}`;
    assert.equal(await behind(statement), "updated");
  });

  test("for a removal is gone, not a conflict", async () => {
    assert.equal(await behind((record) => `DELETE FROM ${scene.table} ${row(record)}`), "gone");
  });

  test("for an end is gone", async () => {
    const statement = (record: SessionRecord) =>
      `UPDATE ${scene.table} SET expires_at = ${NOW} ${row(record)}`;
    assert.equal(await behind(statement), "gone");
  });
});

describe("A touch that waits", () => {
  const behind = (record: SessionRecord, change: string) =>
    scene.behind(`UPDATE ${scene.table} SET ${change} ${row(record)}`, () =>
      scene.repository().touch(record.handle, record.endsAt, context()),
    );

  test("for an end does not undo it", async () => {
    const record = await create();
    assert.equal(await behind(record, `expires_at = ${NOW}`), false);
    assert.equal(await scene.repository().read(record.handle, context()), undefined);
  });

  test("for an update keeps what that wrote", async () => {
    const record = await create();
    assert.equal(await behind(record, "version = 2, data = 'new'"), true);
    assert.deepEqual(
      await scene.repository().read(record.handle, context()),
      nextOf(record, { data: "new", expiresAt: record.endsAt }),
    );
  });
});

describe("A backend that is terminated in the middle of a statement", () => {
  const terminated = async (client: PostgresClient) => {
    const record = await create();
    const { handle, endsAt } = record;
    const touch = scene.behind(
      `SELECT FROM ${scene.table} ${row(record)} FOR UPDATE`,
      () => scene.repository(client).touch(handle, endsAt, context()),
      (pid) => scene.query("SELECT pg_terminate_backend($1)", [pid]),
    );
    await assert.rejects(touch, Error);
    return record;
  };

  test("is an error, and the next statement has another one, with a Pool of pg", async () => {
    const pool = scene.newPool({ max: 1 });
    const record = await terminated(pool);
    assert.deepEqual(await scene.repository(pool).read(record.handle, context()), record);
    assert.equal(await scene.repository(pool).touch(record.handle, record.endsAt, context()), true);
  });

  test("is an error, once or twice, and then there is another one, with postgres.js", async () => {
    const sql = scene.newPostgresJs({ max: 1 });
    const record = await terminated(sql);
    const read = () => scene.repository(sql).read(record.handle, context());
    // postgres.js 3.4 hands the new connection the error of the old one.
    assert.deepEqual(await read().catch(read), record);
    assert.equal(await scene.repository(sql).touch(record.handle, record.endsAt, context()), true);
  });
});

// Whose process it is that dies makes no difference to PostgreSQL.
if (process.versions.bun === undefined && process.versions.deno === undefined) {
  test("A process that is killed in a storm of writes leaves no half of a record", async () => {
    const kit = import.meta.resolve("./postgres-kit.test.ts");
    const stores = import.meta.resolve("./postgres.ts");
    const storm = `
      const { DATABASE_URL, newRecord, nextOf, context, contextAfter } = await import("${kit}");
      const { PostgresSessionRepository } = await import("${stores}");
      const { default: pg } = await import("pg");
      const pool = new pg.Pool({ connectionString: DATABASE_URL });
      const repository = new PostgresSessionRepository(pool, { table: "${scene.table}" });
      const allOf = (n) => ({ label: n, credentials: n, data: n.repeat(5000), flash: n });
      for (let lane = 0; lane < 8; lane += 1) (async () => {
        for (;;) {
          let record = newRecord({ subject: "storm", ...allOf("1") });
          await repository.create(record.handle, record, context());
          for (let version = 1; version < 9; version += 1) {
            const next = nextOf(record, allOf(String(version + 1)));
            await repository.update(record.handle, version, next, contextAfter(record));
            record = next;
          }
          process.stdout.write(".");
        }
      })();`;
    const options = ["--conditions=keepsake-source", "--input-type=module", "--eval", storm];
    const child = spawn(process.execPath, options, { stdio: ["ignore", "pipe", "inherit"] });
    const exit = once(child, "exit");
    // Several records of each lane are whole by then, and others under way.
    const enough = new Promise<void>((resolve) => {
      let whole = 0;
      child.stdout.on("data", (dots: Buffer) => {
        whole += dots.length;
        if (whole >= 24) resolve();
      });
    });
    await Promise.race([enough, exit]);
    child.kill("SIGKILL");
    await exit;
    assert.equal(child.signalCode, "SIGKILL");
    const records = await scene.repository().findBySubject("storm", context());
    assert.ok(records.length >= 24, `${records.length} records`);
    for (const { version, label, credentials, data, flash } of records) {
      const n = String(version);
      assert.deepEqual({ label, credentials, flash }, { label: n, credentials: n, flash: n });
      assert.equal(data, n.repeat(5000));
    }
  });
}
