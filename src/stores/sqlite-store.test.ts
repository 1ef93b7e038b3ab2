import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type Any, refusal, requestOf, Visitor } from "../core/kit.test.ts";
import { internals } from "../core/session.ts";
import { SqliteSessionStore } from "./sqlite.ts";
import { CLIENTS, open, temporaryFile } from "./sqlite-kit.test.ts";

for (const { name, open } of CLIENTS) {
  test(`${name}: a session is there when the process starts again`, async () => {
    const file = temporaryFile();
    const before = open(file);
    const visitor = new Visitor(new SqliteSessionStore<Any>(before));
    await visitor.visit((session) => {
      session.login("ada");
      session.set("cart", ["book"]);
    });
    before.close();
    const again = new Visitor(new SqliteSessionStore<Any>(open(file)), visitor.jar);
    assert.deepEqual(await again.see((session) => [session.subject, session.get("cart")]), [
      "ada",
      ["book"],
    ]);
  });

  test(`${name}: the anti-forgery secret is there when the process starts again, and another after a login`, async () => {
    const file = temporaryFile();
    const before = open(file);
    const visitor = new Visitor(new SqliteSessionStore<Any>(before));
    let promised: string | undefined;
    await visitor.visit((session) => {
      session.set("cart", ["book"]);
      promised = internals.antiForgerySecret(session);
    });
    assert.match(promised ?? "", /^[\w-]{43}$/);
    before.close();
    const again = new Visitor(new SqliteSessionStore<Any>(open(file)), visitor.jar);
    await again.visit((session) => session.set("cart", []));
    assert.equal(await again.see(internals.storedAntiForgerySecret), promised);
    await again.visit((session) => {
      session.login("ada");
      promised = internals.antiForgerySecret(session);
      assert.notEqual(promised, internals.storedAntiForgerySecret(session));
    });
    assert.equal(await again.see(internals.storedAntiForgerySecret), promised);
  });

  test(`${name}: invariant 4, no lost update: two stores on one file keep what both change`, async () => {
    const file = temporaryFile();
    const stores = [1, 2].map(() => new SqliteSessionStore<Any>(open(file)));
    const [first] = stores;
    assert.ok(first);
    const visitor = new Visitor(first);
    await visitor.visit((session) => session.set("count", 0));
    const visitors = stores.map((store) => new Visitor(store, visitor.jar));
    const visits = Array.from({ length: 20 }, (_, index) =>
      visitors[index % 2]?.visit((session) => {
        session.modify("count", (count) => Number(count) + 1);
        session.set(`key${index}`, index);
      }),
    );
    await Promise.all(visits);
    const data = await visitor.see((session) => session.toObject());
    assert.equal(data.count, 20);
    assert.equal(Object.keys(data).length, 21);
  });

  test(`${name}: invariant 13, down is not anonymous: where the database fails, so does a request with a token`, async () => {
    const database = open(temporaryFile());
    const store = new SqliteSessionStore<Any>(database, { onEvent() {} });
    const visitor = new Visitor(store);
    await visitor.visit((session) => session.set("a", 1));
    database.exec("DROP TABLE keepsake_sessions");
    const load = async () => store.load(requestOf({ cookie: visitor.jar.header ?? "" }));
    await assert.rejects(load, refusal("ERR_SESSION_STORE"));
    await assert.rejects(load, ({ cause }) => /no such table/.test(cause.message));
    assert.equal((await store.load(requestOf())).isNew, true);
  });
}

test("invariant 10, secrets stay secret: the files hold no credential of a token", async () => {
  const file = temporaryFile();
  const visitor = new Visitor(new SqliteSessionStore<Any>(open(file)));
  await visitor.visit((session) => session.login("ada"));
  const [handle = "", credential = ""] = (visitor.jar.value("__Host-session") ?? "").split(".");
  assert.equal(credential.length, 43);
  const bytes = Buffer.concat([readFileSync(file), readFileSync(`${file}-wal`)]);
  assert.ok(bytes.includes(handle));
  assert.ok(!bytes.includes(credential));
  assert.ok(!bytes.includes(Buffer.from(credential, "base64url")));
});

test("the table is an option, and options of stores are checked", () => {
  const database = open(":memory:");
  new SqliteSessionStore(database, { table: "mine", idleTimeout: 60 });
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  assert.deepEqual(
    tables.map((row) => Object(row).name),
    ["keepsake_schema", "mine"],
  );
  assert.throws(
    () => new SqliteSessionStore(database, { table: "a-b" }),
    refusal("ERR_SESSION_CONFIG", "table"),
  );
  assert.throws(
    () => Reflect.construct(SqliteSessionStore, [database, { ttl: 5 }]),
    refusal("ERR_SESSION_CONFIG", "idleTimeout"),
  );
});
