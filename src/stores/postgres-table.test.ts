import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { PostgresSessionRepository } from "./postgres.ts";
import { context, newRecord, roundTrip, Scene } from "./postgres-kit.test.ts";

let scene: Scene;
before(async () => {
  scene = await Scene.open();
});
after(() => scene.close());

describe("A table", () => {
  test("may have any schema and any name of letters, digits, _ and -", async () => {
    for (const name of ["Sessions", "größe", "a-b", "select", "_1", "s".repeat(51)]) {
      const repository = scene.repository(scene.pool, { table: `${scene.schema}.${name}` });
      await repository.setup();
      await roundTrip(repository);
    }
  });

  test("is found by the search path where no schema is named", async () => {
    const options = `-c search_path=${scene.schema}`;
    const pool = scene.newPool({ options });
    const repository = new PostgresSessionRepository(pool);
    await repository.setup();
    await roundTrip(repository);
    const [found] = await scene.query("SELECT to_regclass($1) IS NOT NULL AS made", [
      `${scene.schema}.keepsake_sessions`,
    ]);
    assert.equal(found?.made, true);
  });

  test("that is not there is an error that says what to do", async () => {
    const repository = scene.repository(scene.pool, { table: `${scene.schema}.missing` });
    await assert.rejects(
      repository.read("handle", context()),
      (error: Error) =>
        /no table "keepsake_\w+"\."missing"\. Call setup\(\)/.test(error.message) &&
        /npx keepsake ddl postgres --table keepsake_\w+\.missing/.test(error.message) &&
        error.cause instanceof Error,
    );
  });

  test("has no name that is too long or could be anything but a name", () => {
    const bad = ["", "a.b.c", ".a", "a.", 'a"b', "a'b", "a b", "1a", "a;b", "a$b", "s".repeat(52)];
    for (const table of [...bad, 1, null]) {
      const make = () => new PostgresSessionRepository(scene.pool, { table } as never);
      assert.throws(make, { code: "ERR_SESSION_CONFIG" }, `${table}`);
    }
  });
});

test("Subjects of any length are found, exactly", async () => {
  const repository = scene.repository();
  const long = "😀".repeat(512);
  const subjects = [
    long,
    `${"😀".repeat(511)}ab`,
    "😀".repeat(511),
    "ada",
    "Ada",
    "ada ",
    "a\u0308",
  ];
  const records = subjects.map((subject) => newRecord({ subject }));
  for (const record of records) await repository.create(record.handle, record, context());
  for (const record of records) {
    assert.deepEqual(await repository.findBySubject(record.subject ?? "", context()), [record]);
  }
  assert.deepEqual(await repository.findBySubject("ä", context()), []);
});
