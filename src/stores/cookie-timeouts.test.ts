import assert from "node:assert/strict";
import { test } from "node:test";
import { CookieSessionStore, type CookieSessionStoreOptions, headerTransport } from "keepsake";
import {
  type Any,
  Jar,
  type Loose,
  NOON,
  requestOf,
  SECRET,
  Time,
  Visitor,
  visit,
} from "../core/kit.test.ts";

const NAME = "__Host-session";
const SEEN = `${NAME}-seen`;

/** A visitor with a session of 100 s idle and 1,000 s absolute timeout, made at noon. */
async function start(options: CookieSessionStoreOptions = {}) {
  const time = new Time();
  const make = (more: CookieSessionStoreOptions = {}) =>
    new CookieSessionStore<Any>({
      secret: SECRET,
      clock: time.clock,
      idleTimeout: 100,
      absoluteTimeout: 1000,
      ...options,
      ...more,
    });
  const visitor = new Visitor(make(), new Jar(undefined, time.clock));
  const { session } = await visitor.visit((fresh) => fresh.set("a", 1));
  const alive = (store = visitor.store, cookie = visitor.jar.header ?? "") =>
    !(store.load(requestOf({ cookie })) as Any).isNew;
  return { time, visitor, make, alive, id: session.id };
}

test("invariant 9, time ends sessions: without further use a session ends 1.1 idle timeouts after it was written, to the millisecond", async () => {
  const { time, alive } = await start();
  time.advance(109.999);
  assert.equal(alive(), true);
  time.advance(0.001);
  assert.equal(alive(), false);
});

test("invariant 9, time ends sessions: never before 1.0, never after 1.1 idle timeouts since the last use", async () => {
  for (const use of [0, 1, 9.999, 10, 10.001, 42, 99, 109.999]) {
    const { time, visitor, alive } = await start();
    time.advance(use);
    await visitor.visit((session) => session.get("a"));
    time.advance(99.999);
    assert.equal(alive(), true, `used after ${use} s, too early`);
    time.advance(10.002);
    assert.equal(alive(), false, `used after ${use} s, too late`);
  }
});

test("invariant 9, time ends sessions: a use is noted once a tenth of idle has passed, in a cookie of its own", async () => {
  const { time, visitor } = await start();
  const read = async () => (await visitor.visit((session) => session.get("a"))).setCookie;
  time.advance(9.999);
  assert.deepEqual(await read(), []);
  time.advance(0.001);
  const [line = "", ...others] = await read();
  assert.deepEqual(others, []);
  assert.match(
    line,
    new RegExp(`^${SEEN}=k1\\.[\\w.-]{60,130}; Path=/; HttpOnly; Secure; SameSite=Lax$`),
  );
  assert.deepEqual(await read(), [], "noted already");
  time.advance(9.999);
  assert.deepEqual(await read(), []);
  time.advance(0.001);
  assert.equal((await read()).length, 1);
});

test("invariant 9, time ends sessions: a request that does not use the session does not count as use", async () => {
  const { time, visitor, alive } = await start();
  time.advance(50);
  assert.deepEqual((await visitor.visit(() => {})).setCookie, []);
  time.advance(60);
  assert.equal(alive(), false);
});

test("invariant 9, time ends sessions: no activity moves the absolute end", async () => {
  for (const act of [
    (session: Any) => session.get("a"),
    (session: Any) => session.set("b", 1),
    (session: Any) => session.regenerate(),
  ]) {
    const { time, visitor, alive } = await start();
    for (let used = 50; used < 1000; used += 50) {
      time.advance(50);
      assert.equal(alive(), true, `${used} s`);
      await visitor.visit(act);
    }
    time.advance(49.999);
    assert.equal(alive(), true);
    time.advance(0.001);
    assert.equal(alive(), false);
  }
});

test("invariant 9, time ends sessions: expiresAt shows the earlier figure, capped by the absolute end", async () => {
  const { time, visitor } = await start();
  const shown = () => visitor.see((session) => session.expiresAt.getTime());
  assert.equal(await shown(), NOON + 100_000);
  time.advance(5);
  assert.equal(await shown(), NOON + 105_000);
  for (let passed = 55; passed < 950; passed += 50) {
    time.advance(50);
    await shown();
  }
  assert.equal(await shown(), NOON + 1_000_000);
});

test("invariant 9, time ends sessions: a note of use counts only beside a token of the same handle", async () => {
  const { time, visitor, make, alive } = await start();
  const stranger = new Visitor(visitor.store, new Jar(undefined, time.clock));
  await stranger.visit((session) => session.set("b", 1));
  time.advance(60);
  await stranger.visit((session) => session.get("b"));
  const note = stranger.jar.value(SEEN);
  assert.ok(note);
  time.advance(60);
  const token = visitor.jar.value(NAME);
  assert.equal(alive(make(), `${NAME}=${token}; ${SEEN}=${note}`), false);
  assert.equal(alive(make(), stranger.jar.header ?? ""), true);
  assert.equal(alive(make(), `${SEEN}=${note}`), false, "a note alone is nothing");
});

test("invariant 9, time ends sessions: of several notes the latest counts, and junk beside them harms nothing", async () => {
  const { time, visitor, make, alive } = await start();
  const notes: string[] = [];
  for (const step of [20, 20]) {
    time.advance(step);
    await visitor.visit((session) => session.get("a"));
    notes.push(visitor.jar.value(SEEN) ?? "");
  }
  time.advance(105);
  const token = visitor.jar.value(NAME);
  const with_ = (...list: string[]) =>
    alive(make(), [`${NAME}=${token}`, ...list.map((note) => `${SEEN}=${note}`)].join("; "));
  const [early = "", late = ""] = notes;
  assert.equal(with_(early), false);
  assert.equal(with_(late), true);
  assert.equal(with_(early, late), true);
  assert.equal(with_(late, early, "junk", `${late}A`), true);
  assert.equal(with_("junk"), false);
});

test("a note of use from before a login says nothing of the session after it", async () => {
  const { time, visitor } = await start();
  time.advance(50);
  await visitor.visit((session) => session.get("a"));
  await visitor.visit((session) => session.login("ada"));
  const later = await visitor.visit((session) => session.get("a"));
  assert.deepEqual(later.setCookie, []);
  time.advance(10);
  const touched = await visitor.visit((session) => session.get("a"));
  assert.equal(touched.setCookie.length, 1);
});

test("another handle makes the browser forget the note of use, which says nothing of it", async () => {
  for (const act of [(s: Loose) => s.login("ada"), (s: Loose) => s.regenerate()]) {
    const { time, visitor } = await start();
    time.advance(50);
    await visitor.visit((session) => session.get("a"));
    await visitor.visit((session) => session.set("b", 1));
    assert.deepEqual(visitor.jar.names.sort(), [NAME, SEEN], "a change keeps it");
    const { setCookie } = await visitor.visit(act);
    assert.match(setCookie[1] ?? "", new RegExp(`^${SEEN}=; .*Max-Age=0`));
    assert.deepEqual(visitor.jar.names, [NAME]);
  }
});

test("the end of a session deletes the note of use as well", async () => {
  const { time, visitor } = await start();
  time.advance(50);
  await visitor.visit((session) => session.get("a"));
  assert.deepEqual(visitor.jar.names.sort(), [NAME, SEEN]);
  await visitor.visit((session) => session.logout());
  assert.deepEqual(visitor.jar.names, []);
});

test("requirement 38: the end is enforced by the server, whatever the client does with attributes", async () => {
  const { time, visitor, make, alive } = await start({ cookie: { persistent: true } });
  const token = visitor.jar.value(NAME);
  time.advance(111);
  assert.equal(alive(make(), `${NAME}=${token}`), false);
});

test("shorter timeouts bind sessions that were sealed before; longer ones do not lengthen them", async () => {
  const { time, make, alive } = await start();
  time.advance(50);
  assert.equal(alive(make({ idleTimeout: 45 })), false);
  assert.equal(alive(make({ idleTimeout: 50 })), true);
  assert.equal(alive(make({ idleTimeout: 40, absoluteTimeout: 50 })), false);
  time.advance(60);
  assert.equal(alive(make({ idleTimeout: 500 })), false);
});

test("requirement 74: a token from up to 60 s in the future is tolerated, from further it is not", async () => {
  const { time, alive } = await start();
  time.now = NOON - 60_000;
  assert.equal(alive(), true);
  time.now = NOON - 60_001;
  assert.equal(alive(), false);
});

test("requirement 76: a clock that steps back by an hour neither revives nor lengthens a session", async () => {
  const { time, visitor, alive } = await start();
  time.advance(200);
  assert.equal(alive(), false);
  time.advance(-3600);
  assert.equal(alive(), false, "from the future");
  time.advance(3600 - 100);
  assert.equal(alive(), true);
  await visitor.visit((session) => session.get("a"));
  time.advance(110);
  assert.equal(alive(), false);
});

test("a persistent cookie has the time left to the absolute end, and a touch does not re-send it", async () => {
  const { time, visitor } = await start({ cookie: { persistent: true } });
  time.advance(50);
  const touch = await visitor.visit((session) => session.get("a"));
  assert.equal(touch.setCookie.length, 1);
  assert.match(touch.setCookie[0] ?? "", new RegExp(`^${SEEN}=.*; Max-Age=950;`));
  const { setCookie } = await visitor.visit((session) => session.set("b", 1));
  assert.match(setCookie[0] ?? "", /; Max-Age=950;/);
});

test("over a header the note of use travels in a header of its own", async () => {
  const time = new Time();
  const store = new CookieSessionStore<Any>({
    secret: SECRET,
    clock: time.clock,
    idleTimeout: 100,
    transport: headerTransport(),
  });
  const first = await visit(store, (session) => session.set("a", 1));
  const token = first.headers.get("x-session-id") ?? "";
  time.advance(50);
  const second = await visit(store, (s) => s.get("a"), { headers: { "x-session-id": token } });
  const note = second.headers.get("x-session-id-seen") ?? "";
  assert.notEqual(note, "");
  assert.equal(second.headers.get("x-session-id"), null);
  time.advance(100);
  const headers = { "x-session-id": token, "x-session-id-seen": note };
  assert.equal((store.load(requestOf(headers)) as Any).isNew, false);
  assert.equal((store.load(requestOf({ "x-session-id": token })) as Any).isNew, true);
});
