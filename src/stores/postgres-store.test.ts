import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Any, refusal, requestOf, Visitor } from "../core/kit.test.ts";
import { PostgresSessionStore } from "./postgres.ts";
import { Scene } from "./postgres-kit.test.ts";

let scene: Scene;
before(async () => {
  scene = await Scene.openEmpty();
});
after(() => scene.close());

const storeOn = async (pool = scene.pool, name = "sessions") => {
  const table = `${scene.schema}.${name}`;
  const store = new PostgresSessionStore<Any>(pool, { table, onEvent() {} });
  await store.setup();
  return store;
};

test("a session is there when the process starts again", async () => {
  const visitor = new Visitor(await storeOn(scene.newPool()));
  await visitor.visit((session) => {
    session.login("ada");
    session.set("cart", ["book"]);
  });
  const again = new Visitor(await storeOn(scene.newPool()), visitor.jar);
  const seen = await again.see((session) => [session.subject, session.get("cart")]);
  assert.deepEqual(seen, ["ada", ["book"]]);
});

test("invariant 4, no lost update: two stores on one table keep what both change", async () => {
  const stores = [await storeOn(), await storeOn(scene.newPool())] as const;
  const visitor = new Visitor(stores[0]);
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

test("invariant 13, down is not anonymous: where the table is missing, a request with a token fails, and its error says what to do", async () => {
  const store = await storeOn(scene.pool, "dropped");
  const visitor = new Visitor(store);
  await visitor.visit((session) => session.set("a", 1));
  await scene.query(`DROP TABLE ${scene.schema}.dropped`);
  const load = async () => store.load(requestOf({ cookie: visitor.jar.header ?? "" }));
  await assert.rejects(load, refusal("ERR_SESSION_STORE"));
  await assert.rejects(load, ({ cause }) => /There is no table.*setup\(\)/.test(cause.message));
  assert.equal((await store.load(requestOf())).isNew, true);
});

test("invariant 10, secrets stay secret: the table holds no credential of a token", async () => {
  const visitor = new Visitor(await storeOn());
  await visitor.visit((session) => session.login("ada"));
  const [handle = "", credential = ""] = (visitor.jar.value("__Host-session") ?? "").split(".");
  assert.equal(credential.length, 43);
  const [row] = await scene.query(
    `SELECT t::text AS row FROM ${scene.schema}.sessions t WHERE handle = $1`,
    [handle],
  );
  assert.ok(String(row?.row).includes(handle));
  assert.ok(!String(row?.row).includes(credential));
});

test("sessions are listed, revoked and swept", async () => {
  const store = await storeOn(scene.pool, "listed");
  const visitors = [new Visitor(store), new Visitor(store)];
  for (const visitor of visitors) await visitor.visit((session) => session.login("bob"));
  const [first, second] = await store.list("bob");
  assert.ok(first && second);
  assert.equal(await store.revoke(first.id, { subject: "bob" }), true);
  assert.deepEqual(await store.list("bob"), [second]);
  assert.equal(await store.sweep(), 0);
});

test("the options of the repository and of stores are checked", () => {
  assert.throws(
    () => new PostgresSessionStore(scene.pool, { table: "a b" }),
    refusal("ERR_SESSION_CONFIG", "table"),
  );
  assert.throws(
    () => Reflect.construct(PostgresSessionStore, [scene.pool, { ttl: 5 }]),
    refusal("ERR_SESSION_CONFIG", "idleTimeout"),
  );
});
