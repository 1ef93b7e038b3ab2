import assert from "node:assert/strict";
import { test } from "node:test";
import { CookieSessionStore, type CookieSessionStoreOptions } from "keepsake";
import {
  type Any,
  Jar,
  NOON,
  OLD_SECRET,
  recorder,
  requestOf,
  SECRET,
  Time,
  Visitor,
  visit,
} from "../core/kit.test.ts";

const NAME = "__Host-session";
const storeOf = (options: CookieSessionStoreOptions = {}) =>
  new CookieSessionStore<Any>({ secret: SECRET, ...options });
const _keyIdOf = (token = "") => token.split(".")[1];

/** A visitor who has been given a session. */
async function withSession(store = storeOf(), data: Any = { a: 1 }, jar = new Jar()) {
  const visitor = new Visitor(store, jar);
  const { session } = await visitor.visit((fresh) => fresh.update(data));
  return { visitor, id: session.id, token: visitor.jar.value(NAME) ?? "", jar };
}

test("what was set is there in the next request, under the same handle", async () => {
  const { visitor, id } = await withSession();
  await visitor.visit((session) => {
    assert.deepEqual([session.get("a"), session.id, session.isNew], [1, id, false]);
    session.set("b", 2);
  });
  assert.deepEqual(await visitor.see((session) => session.toObject()), { a: 1, b: 2 });
  assert.equal(await visitor.see((session) => session.id), id);
});

test("invariant 1, nothing for strangers: 1,000 requests that read, or set and take back, set no cookie", async () => {
  const store = storeOf();
  const acts: ((session: Any) => unknown)[] = [
    () => {},
    (s) => [s.id, s.get("a"), s.size, s.createdAt, s.expiresAt, s.toObject(), s.toStored()],
    (s) => [s.delete("a"), s.clear(), s.equals({})],
    (s) => [s.set("a", 1), s.delete("a")],
    (s) => [s.set("a", 1), s.clear()],
    (s) => s.regenerate(),
    (s) => [s.set("a", 1), s.logout()],
    (s) => s.destroy(),
    (s) => [s.login("ada"), s.logout()],
    (s) => [s.flash("a", 1), s.delete("a")],
  ];
  for (let request = 0; request < 1000; request += 1) {
    const act = acts[request % acts.length] ?? (() => {});
    const { setCookie, headers } = await visit(store, act);
    assert.deepEqual(setCookie, [], String(act));
    assert.equal(headers.get("cache-control"), null);
  }
});

test("invariant 2, strict: a forged, foreign or unknown token is never adopted; the new session has a new handle", async () => {
  const foreign = await withSession(storeOf({ secret: OLD_SECRET }));
  const mine = await withSession();
  const cases: Record<string, string> = {
    foreign: foreign.token,
    changed: `${mine.token.slice(0, -2)}AA`,
    cut: mine.token.slice(0, -1),
    longer: `${mine.token}A`,
    handle: mine.id,
    "server-side": `${mine.id}.${"A".repeat(43)}`,
    json: '{"a":1}',
    empty: "",
  };
  for (const [name, token] of Object.entries(cases)) {
    const { session, setCookie } = await visit(
      storeOf(),
      (stranger) => {
        assert.deepEqual(
          [stranger.isNew, stranger.size, stranger.subject],
          [true, 0, undefined],
          name,
        );
        stranger.set("b", 2);
      },
      { cookie: `${NAME}=${token}` },
    );
    assert.equal(setCookie.length, 1);
    assert.ok(![foreign.id, mine.id].includes(session.id), name);
    assert.ok(!setCookie[0]?.includes(token || "\0"), name);
  }
});

test("invariant 2, strict: a bad token is neither deleted nor answered while nothing is set", async () => {
  const { setCookie } = await visit(storeOf(), (s) => s.get("a"), { cookie: `${NAME}=junk` });
  assert.deepEqual(setCookie, []);
});

test("invariant 6, a late response never harms: a request that changed nothing never sends session data again", async () => {
  const time = new Time();
  const store = storeOf({ clock: time.clock, idleTimeout: 100 });
  const { visitor } = await withSession(store);
  for (const seconds of [0, 1, 9, 10, 60, 99]) {
    time.advance(seconds);
    const { setCookie } = await visitor.visit((session) => session.get("a"));
    assert.ok(
      setCookie.every((line) => line.startsWith(`${NAME}-seen=`)),
      String(setCookie),
    );
  }
});

test("invariant 7, login changes the token: a new handle, only what keep names, and the absolute timeout restarts", async () => {
  const time = new Time();
  const store = storeOf({ clock: time.clock, idleTimeout: 1000, absoluteTimeout: 1000 });
  const { visitor, id, token } = await withSession(store, { cart: ["tea"], role: "admin" });
  time.advance(900);
  await visitor.visit((session) => session.login("ada", { keep: ["cart"] }));
  assert.notEqual(visitor.jar.value(NAME), token);
  time.advance(900);
  await visitor.visit((session) => {
    assert.notEqual(session.id, id);
    assert.deepEqual(session.toObject(), { cart: ["tea"] });
    assert.deepEqual(
      [session.subject, session.authenticatedAt?.getTime()],
      ["ada", NOON + 900_000],
    );
    assert.equal(session.createdAt.getTime(), NOON);
  });
  time.advance(100);
  assert.equal(await visitor.see((session) => session.isNew), true);
});

test("regenerate makes a new handle and keeps the rest, the absolute end too", async () => {
  const time = new Time();
  const store = storeOf({ clock: time.clock, idleTimeout: 1000, absoluteTimeout: 1000 });
  const { visitor, id } = await withSession(store);
  time.advance(900);
  await visitor.visit((session) => session.regenerate());
  assert.notEqual(await visitor.see((session) => session.id), id);
  assert.equal(await visitor.see((session) => session.get("a")), 1);
  time.advance(100);
  assert.equal(await visitor.see((session) => session.isNew), true);
});

test("logout and destroy delete the cookie in the browser; what is set after a logout is a new session", async () => {
  for (const end of ["logout", "destroy"] as const) {
    const { visitor } = await withSession();
    const { setCookie } = await visitor.visit((session) => session[end]());
    assert.match(setCookie[0] ?? "", new RegExp(`^${NAME}=; .*Max-Age=0`));
    assert.deepEqual(visitor.jar.names, []);
  }
  const { visitor, id } = await withSession();
  await visitor.visit((session) => {
    session.logout();
    session.set("b", 2);
  });
  assert.deepEqual(await visitor.see((session) => session.toObject()), { b: 2 });
  assert.notEqual(await visitor.see((session) => session.id), id);
});

test("the honest limit: a copied cookie works until its timeouts end, also after logout", async () => {
  const time = new Time();
  const store = storeOf({ clock: time.clock, idleTimeout: 100, absoluteTimeout: 1000 });
  const { visitor, token } = await withSession(store);
  await visitor.visit((session) => session.logout());
  assert.equal(await visitor.see((session) => session.isNew), true);
  const keysOf = async () => (await store.load(requestOf({ cookie: `${NAME}=${token}` }))).keys();
  time.advance(100);
  assert.deepEqual(await keysOf(), ["a"], "the store has no memory, so nobody told it");
  time.advance(10);
  assert.deepEqual(await keysOf(), []);
});

test("event duplicate-token: two different sessions that are both valid are none, and the event names neither", async () => {
  const { events, onEvent } = recorder();
  const store = storeOf({ onEvent });
  const [a, b] = [await withSession(store), await withSession(store)];
  const { session } = await visit(store, (s) => s.size, {
    cookie: `${NAME}=${a.token}; ${NAME}=${b.token}`,
  });
  assert.equal(session.isNew, true);
  assert.deepEqual(events, [{ type: "duplicate-token" }]);
});

test("event insecure-transport: once for a response, though it sets a token over plain http", async () => {
  const { events, onEvent } = recorder();
  const store = storeOf({ onEvent });
  const { setCookie } = await visit(store, (s) => s.set("a", 1), { url: "http://shop.example/" });
  assert.equal(setCookie.length, 1);
  assert.deepEqual(events, [{ type: "insecure-transport", host: "shop.example" }]);
});

test("requirement 55: two requests with one cookie share nothing", async () => {
  const { visitor } = await withSession(storeOf(), { list: [1] });
  const load = () => visitor.store.load(requestOf({ cookie: visitor.jar.header ?? "" })) as Any;
  const [first, second] = [load(), load()];
  first.get("list").push(2);
  assert.deepEqual(second.get("list"), [1]);
});

test("a session that another store has loaded is saved as one of this store's own", async () => {
  const old = storeOf();
  const { token } = await withSession(old);
  const session = await old.load(requestOf({ cookie: `${NAME}=${token}` }));
  session.set("b", 2);
  const next = storeOf({ cookie: { name: "next" } });
  const response = new Response();
  await next.save(requestOf(), response, session);
  const [line = "", ...others] = response.headers.getSetCookie();
  assert.match(line, /^__Host-next=/);
  assert.deepEqual(others, []);
  assert.equal(await next.isAlive(session), false);
});
