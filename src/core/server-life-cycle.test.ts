import assert from "node:assert/strict";
import { test } from "node:test";
import { type Loose, NOON, refusal } from "./kit.test.ts";
import {
  cookieOf,
  HOUR,
  inFlight,
  LONG_LIVED,
  loggedIn,
  opens,
  scene,
  tokenOf,
} from "./server/server-kit.test.ts";

test("requirement 57, invariant 7: a login gives a new token in one update, and the old one is dead at once", async () => {
  const { visitor, store, calls, record } = scene();
  const each = visitor();
  await each.visit((session) => session.set("cart", 1));
  const old = each.jar.header;
  calls.length = 0;
  await each.visit((session) => session.login("ada"));
  assert.deepEqual(calls, ["read", "update"]);
  assert.notEqual(tokenOf(each.jar.header).credential, tokenOf(old).credential);
  assert.equal(tokenOf(each.jar.header).handle, tokenOf(old).handle, "the handle is no secret");
  assert.equal(await opens(store, old), false);
  assert.equal(record(tokenOf(old).handle)?.version, 2);
});

test("requirements 58 and 60: a writer with a token of before a login, a new token or an end writes nothing", async () => {
  const ends: Record<string, (session: Loose) => unknown> = {
    login: (session) => session.login("bob"),
    regenerate: (session) => session.regenerate(),
    logout: (session) => session.logout(),
    destroy: (session) => session.destroy(),
  };
  for (const [name, end] of Object.entries(ends)) {
    const stage = scene();
    const { visitor, cookie } = await loggedIn(stage);
    const late = await inFlight(stage.store, cookie);
    late.session.set("late", 1);
    await visitor.visit(end);
    await assert.rejects(late.finish(), refusal("ERR_SESSION_GONE"), name);
    assert.equal(await visitor.see((session) => session.get("late")), undefined, name);
  }
});

test("requirement 59: after a logout the token opens nothing, a second, an hour and a day later", async () => {
  const stage = scene(LONG_LIVED);
  const { visitor, cookie } = await loggedIn(stage);
  await visitor.visit((session) => session.logout());
  for (const seconds of [1, 118, 1, 1, HOUR, 24 * HOUR]) {
    stage.time.advance(seconds);
    assert.equal(await opens(stage.store, cookie), false);
  }
  assert.equal(await stage.store.sweep(), 1, "what was kept of it goes");
  assert.equal(stage.memory.size, 0);
});

test("requirement 68: a logout takes the cookie away, and no cache keeps the answer", async () => {
  const stage = scene();
  const { visitor } = await loggedIn(stage);
  const { setCookie, headers } = await visitor.visit((session) => session.logout(), {
    responseHeaders: { "cache-control": "public, max-age=60" },
  });
  assert.equal(setCookie.length, 1);
  assert.match(setCookie[0] ?? "", /^__Host-session=; Max-Age=0; Path=\/; Expires=.*1970/);
  assert.equal(headers.get("cache-control"), "no-store");
  assert.deepEqual(visitor.jar.names, []);
});

test("requirement 69: of a stranger's data a login keeps what is named, also where another request changes it meanwhile", async () => {
  for (const onConflict of ["last-wins", "fail"] as const) {
    const { visitor, store } = scene({ onConflict });
    const each = visitor();
    await each.visit((session) => session.update({ cart: ["tea"], role: "admin" }));
    const login = await inFlight(store, each.jar.header);
    login.session.login("ada", { keep: ["cart"] });
    await each.visit((session) => session.update({ planted: true, role: "root" }));
    for (const line of await login.finish()) each.jar.store(line);
    assert.deepEqual(await each.see((s) => [s.subject, s.toObject()]), ["ada", { cart: ["tea"] }]);
  }
});

test("requirement 61, invariant 6: who presents a token that ended lately runs as a stranger, whose changes fail, and no cookie is set or deleted", async () => {
  const ends: Record<string, (session: Loose) => unknown> = {
    login: (session) => session.login("bob"),
    regenerate: (session) => session.regenerate(),
    logout: (session) => session.logout(),
  };
  const changes: ((session: Loose) => unknown)[] = [
    (session) => session.set("a", 1),
    (session) => session.modify("n", () => 1),
    (session) => session.flash("note", 1),
    (session) => [session.logout(), session.set("a", 1)],
  ];
  const harmless: ((session: Loose) => unknown)[] = [
    (session) => session.get("a"),
    (session) => session.logout(),
    (session) => session.destroy(),
    (session) => session.clear(),
    (session) => session.regenerate(),
  ];
  for (const end of Object.values(ends)) {
    const stage = scene(LONG_LIVED);
    const { visitor, cookie } = await loggedIn(stage);
    await visitor.visit(end);
    const size = stage.memory.size;
    for (const seconds of [0, 119.999]) {
      stage.time.now = NOON + seconds * 1000;
      for (const act of changes) {
        const { session, finish } = await inFlight(stage.store, cookie);
        assert.deepEqual([session.isNew, session.subject], [true, undefined]);
        act(session);
        await assert.rejects(finish(), refusal("ERR_SESSION_GONE"));
      }
      for (const act of harmless) {
        const { session, finish } = await inFlight(stage.store, cookie);
        act(session);
        assert.deepEqual(await finish(), [], String(act));
      }
    }
    assert.equal(stage.memory.size, size);
    stage.time.now = NOON + 120_000;
    const { session, finish } = await inFlight(stage.store, cookie);
    session.set("a", 1);
    assert.equal((await finish()).length, 1, "after two minutes it is a stranger like any other");
  }
});

test("invariant 6: what ended is remembered for two minutes, however old the session was", async () => {
  const stage = scene({ idleTimeout: 100, absoluteTimeout: 100 });
  const each = stage.visitor();
  await each.visit((session) => session.set("a", 1));
  stage.time.advance(90);
  await each.visit((session) => session.login("ada"));
  stage.time.advance(50);
  const old = each.jar.header;
  await each.visit((session) => session.logout());
  for (const seconds of [0, 60, 59]) {
    stage.time.advance(seconds);
    const { session, finish } = await inFlight(stage.store, old);
    session.set("late", 1);
    await assert.rejects(finish(), refusal("ERR_SESSION_GONE"));
  }
});

test("invariant 6: only a login goes on from a token that ended, under a new one", async () => {
  for (const end of ["logout", "regenerate", "login"] as const) {
    const stage = scene();
    const { visitor, cookie } = await loggedIn(stage);
    await visitor.visit((session) => (end === "login" ? session.login("bob") : session[end]()));
    const { session, finish } = await inFlight(stage.store, cookie);
    session.login("eve");
    session.set("a", 1);
    const lines = await finish();
    const after = await inFlight(stage.store, cookieOf(lines));
    assert.deepEqual([after.session.subject, after.session.get("a")], ["eve", 1]);
    assert.notEqual(tokenOf(cookieOf(lines)).handle, tokenOf(cookie).handle);
    if (end !== "logout") {
      const subject = await visitor.see((other) => other.subject);
      assert.equal(subject, end === "login" ? "bob" : "ada", "the other goes on");
    }
  }
});

test("requirement 61: a logout that comes late neither ends nor takes away what a login has begun meanwhile", async () => {
  const stage = scene();
  const { visitor, cookie } = await loggedIn(stage);
  const late = await inFlight(stage.store, cookie);
  late.session.logout();
  stage.time.advance(1);
  await visitor.visit((session) => session.login("ada"));
  assert.deepEqual(await late.finish(), []);
  assert.equal(await visitor.see((session) => session.subject), "ada");
});

test("a logout ends what a new token was given to meanwhile: it is the same login", async () => {
  for (const encrypt of [false, true]) {
    const stage = scene({ encrypt });
    const { visitor, cookie } = await loggedIn(stage);
    const late = await inFlight(stage.store, cookie);
    late.session.logout();
    await visitor.visit((session) => session.regenerate());
    assert.match((await late.finish())[0] ?? "", /Max-Age=0/);
    assert.equal(await opens(stage.store, visitor.jar.header), false);
  }
});
