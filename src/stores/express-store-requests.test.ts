import assert from "node:assert/strict";
import { test } from "node:test";
import session from "express-session";
import { ServerSessionStore } from "keepsake";
import { type Any, type Loose, refusal, requestOf, Visitor } from "../core/kit.test.ts";
import { fromExpressStore } from "./express-store.ts";

/** A visitor with a session, in a store over that of express-session. */
async function start() {
  const memory = new session.MemoryStore();
  const repository = fromExpressStore(memory);
  const store = new ServerSessionStore<Any>(repository);
  const visitor = new Visitor(store);
  await visitor.visit((fresh) => fresh.update({ count: 0 }));
  const cookie = visitor.jar.header ?? "";
  /** A request that is loaded now and saved when `finish` is called. */
  const inFlight = async () => {
    const request = requestOf({ cookie });
    const loaded: Loose = await store.load(request);
    const finish = async () => store.save(request, { headers: new Headers() }, loaded);
    return { session: loaded, finish };
  };
  return { memory, repository, store, visitor, cookie, inFlight };
}

test("invariant 4, no lost update: requests of one process at the same time lose nothing", async () => {
  const { visitor, inFlight } = await start();
  const requests = await Promise.all(Array.from({ length: 20 }, inFlight));
  requests.forEach(({ session }, index) => {
    session.set(`k${index}`, index);
    session.modify("count", (count) => count + 1);
  });
  await Promise.all(requests.map(({ finish }) => finish()));
  const data = await visitor.see((session) => session.toObject());
  assert.equal(data.count, 20);
  assert.equal(Object.keys(data).length, 21);
});

test("invariant 5, the dead stay dead: no request of the same process brings back a session that ended", async () => {
  const { visitor, store, cookie, inFlight } = await start();
  const late = await inFlight();
  late.session.set("late", true);
  await visitor.visit((session) => session.logout());
  await assert.rejects(late.finish, refusal("ERR_SESSION_GONE"));
  assert.equal((await store.load(requestOf({ cookie }))).isNew, true);
});

test("invariant 13, down is not anonymous: a store that never calls back fails the request in time, and is well again when it does", async () => {
  const { memory, repository, visitor, cookie } = await start();
  const hasty = new ServerSessionStore<Any>(repository, { timeout: 0.05 });
  const held: (() => void)[] = [];
  const get = memory.get.bind(memory);
  memory.get = (sid, callback) => held.push(() => get(sid, callback));
  await assert.rejects(
    async () => hasty.load(requestOf({ cookie })),
    refusal("ERR_SESSION_STORE", "did not answer"),
  );
  memory.get = get;
  assert.equal(await visitor.see((session) => session.get("count")), 0);
  assert.equal(held.length, 1);
});

test("nobody may ask such a store for the sessions of a subject", async () => {
  const { store } = await start();
  await assert.rejects(async () => store.list("ada"), refusal("ERR_SESSION_CONFIG"));
});
