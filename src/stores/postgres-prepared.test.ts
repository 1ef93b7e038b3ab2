import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { context, roundTrip, Scene } from "./postgres-kit.test.ts";

let scene: Scene;
before(async () => {
  scene = await Scene.open();
});
after(() => scene.close());

describe("namedStatements", () => {
  const prepared = "SELECT name FROM pg_prepared_statements WHERE name <> '' ORDER BY name";
  const verbs = ["create", "delete", "findBySubject", "read", "touch", "update"];

  test("keeps each statement prepared under a name of its own, whatever the table", async () => {
    const client = await scene.newClient();
    const [first, second] = [
      scene.repository(client),
      scene.repository(client, { table: `${scene.schema}.Second` }),
    ];
    await second.setup();
    for (const repository of [first, second, first, second]) await roundTrip(repository);
    const { rows } = await client.query(prepared);
    const names = rows.map(({ name }) => String(name));
    assert.deepEqual(
      names.map((name) => name.replace(/^keepsake_([a-zA-Z]+)_[\w-]{16}$/, "$1")),
      verbs.flatMap((verb) => [verb, verb]),
    );
  });

  test("false leaves no statement behind, with pg", async () => {
    const client = await scene.newClient();
    const repository = scene.repository(client, { namedStatements: false });
    await roundTrip(repository);
    await repository.sweep(10, context());
    assert.deepEqual((await client.query(prepared)).rows, []);
  });

  test("is true and false with postgres.js too", async () => {
    for (const namedStatements of [true, false]) {
      const sql = scene.newPostgresJs({ max: 1, fetch_types: false });
      await roundTrip(scene.repository(sql, { namedStatements }));
      const rows = await sql.unsafe(prepared);
      assert.equal(rows.length, namedStatements ? verbs.length : 0);
    }
  });

  test("is what to change where a pooler loses statements", async () => {
    const client = await scene.newClient();
    await scene.repository(client).read("handle", context());
    await client.query("DEALLOCATE ALL");
    await assert.rejects(
      scene.repository(client).read("handle", context()),
      (error: Error) => /namedStatements: false/.test(error.message) && error.cause !== undefined,
    );
    await scene.repository(client, { namedStatements: false }).read("handle", context());
  });
});
