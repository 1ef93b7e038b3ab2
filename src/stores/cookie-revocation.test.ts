import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CookieSessionStore,
  cookieTransport,
  repositoryRevocation,
  type SessionEvent,
  SessionMiddleware,
} from "keepsake";
import { sessions } from "../adapters/fetch.ts";
import {
  type Any,
  type Loose,
  refusal,
  requestOf,
  SECRET,
  Visitor,
  visit,
  withWaits,
} from "../core/kit.test.ts";
import {
  ABSOLUTE,
  inFlight,
  loggedIn,
  NAME,
  opens,
  recording,
  scene,
  thief,
  visitorOf,
} from "../core/revocation-kit.test.ts";

const CLEARED = new RegExp(`^${NAME}=; .*Max-Age=0`);
const GONE = refusal("ERR_SESSION_GONE");

test("requirement 62: what is revoked is refused at once where it was, and within cacheFor everywhere", async () => {
  for (const cacheFor of [undefined, 0, 1, 60]) {
    const { time, another } = scene();
    const options = cacheFor === undefined ? {} : { cacheFor };
    const instances = [another(options), another(options), another(options)];
    const [here = another(), ...elsewhere] = instances;
    const { cookie, id } = await loggedIn(here);
    for (const instance of instances) assert.equal(await opens(instance, cookie), true);
    await here.revoke(id);
    assert.equal(await opens(here, cookie), false);
    time.advance(cacheFor ?? 5);
    for (const instance of elsewhere) assert.equal(await opens(instance, cookie), false);
    assert.equal(await opens(another(), cookie), false, "in a process that starts later");
  }
});

test("an answer is reused for cacheFor, and no longer", async () => {
  const { time, store, another } = scene();
  const elsewhere = another();
  const { cookie, id } = await loggedIn(store);
  assert.equal(await opens(elsewhere, cookie), true);
  await store.revoke(id);
  time.advance(4.999);
  assert.equal(await opens(elsewhere, cookie), true);
  time.advance(0.001);
  assert.equal(await opens(elsewhere, cookie), false);
});

test("requirement 59: logout is final: a copied cookie is a stranger's a second, an hour and a day later", async () => {
  for (const end of ["logout", "destroy"] as const) {
    const { time, store, another, events } = scene();
    const day = { idleTimeout: 172_800, absoluteTimeout: 172_800 };
    const stores = [another(day), another(day)];
    const [first = store] = stores;
    const { visitor, cookie, id } = await loggedIn(first);
    const { setCookie } = await visitor.visit((session) => session[end]());
    assert.match(setCookie[0] ?? "", CLEARED);
    time.advance(5);
    for (const seconds of [0, 1, 3600, 86_400]) {
      time.advance(seconds);
      for (const each of stores) {
        const copy = thief(each, cookie);
        assert.deepEqual(await copy.see((s) => [s.subject, s.size]), [undefined, 0]);
      }
    }
    assert.deepEqual(events.at(-1), { type: "token-refused", id, reason: "retired" });
  }
});

test("requirement 58: login and regenerate end the session under its old handle, the new one goes on", async () => {
  const acts: Record<string, (session: Loose) => unknown> = {
    login: (session) => session.login("ada"),
    regenerate: (session) => session.regenerate(),
  };
  for (const [name, act] of Object.entries(acts)) {
    const { store, another } = scene();
    const { visitor, cookie } = await visitorOf(store);
    const { setCookie } = await visitor.visit(act);
    assert.equal(setCookie.length, 1);
    assert.equal(await opens(store, cookie), false, name);
    assert.equal(await opens(another(), cookie), false, name);
    assert.equal(await opens(another(), visitor.jar.header ?? ""), true, name);
  }
});

test("a session that was spent with its flash value has ended: the notice is not shown to whoever copied it", async () => {
  const { store, another } = scene();
  const { visitor, cookie } = await visitorOf(store, (session) => session.flash("notice", "hi"));
  assert.equal(await visitor.see((session) => session.get("notice")), "hi");
  assert.deepEqual(visitor.jar.names, []);
  assert.equal(await opens(another(), cookie), false);
});

test("requirement 63: sign out everywhere ends all sessions of a subject but one, and nobody else's", async () => {
  const { time, store, another } = scene();
  const elsewhere = another();
  const mine = await loggedIn(store);
  const others = [await loggedIn(store), await loggedIn(elsewhere)];
  const bobs = await loggedIn(store, "bob");
  const stranger = await visitorOf(store);
  for (const each of [mine, ...others]) assert.equal(await opens(elsewhere, each.cookie), true);
  time.advance(1);
  await store.revokeAll("ada", { except: mine.id });
  for (const { cookie } of others) assert.equal(await opens(store, cookie), false, "at once");
  time.advance(5);
  for (const each of [store, elsewhere]) {
    for (const { cookie } of others) assert.equal(await opens(each, cookie), false);
    for (const { cookie } of [mine, bobs, stranger]) assert.equal(await opens(each, cookie), true);
  }
  const again = await loggedIn(store);
  assert.equal(await opens(elsewhere, again.cookie), true, "a later login");
  time.advance(1);
  await store.revokeAll("ada");
  for (const { cookie } of [mine, again]) assert.equal(await opens(store, cookie), false);
});

test("whom revokeAll spared goes on under every handle that it gets, before and after", async () => {
  type Act = (session: Loose, signOutElsewhere: () => Promise<void>) => unknown;
  const acts: Record<string, Act> = {
    "in a later request": (_, signOut) => signOut(),
    "before regenerate": async (session, signOut) => {
      await signOut();
      session.regenerate();
    },
    "after regenerate": async (session, signOut) => {
      session.regenerate();
      await signOut();
    },
    "after two": async (session, signOut) => {
      session.regenerate();
      session.id;
      session.regenerate();
      await signOut();
    },
    "after a login": async (session, signOut) => {
      session.login("ada");
      await signOut();
    },
    "before a login": async (session, signOut) => {
      await signOut();
      session.login("ada");
    },
  };
  for (const [name, act] of Object.entries(acts)) {
    const { time, store, another } = scene();
    const { visitor, cookie: first } = await loggedIn(store);
    const other = await loggedIn(store);
    time.advance(1);
    await visitor.visit((session) =>
      act(session, async () => {
        await store.revokeAll("ada", { except: session.id });
        time.advance(0.001);
      }),
    );
    for (const _ of [1, 2, 3]) {
      time.advance(6);
      const seen = await visitor.see((session) => [session.subject, session.get("a")]);
      assert.deepEqual(seen, ["ada", 1], name);
      await visitor.visit((session) => session.regenerate());
    }
    assert.equal(await opens(another(), other.cookie), false, name);
    assert.equal(await opens(another(), first), false, name);
  }
});

test("invariant 5, the dead stay dead: what a request changes beside a logout is refused, in any process", async () => {
  const acts: Record<string, (session: Loose) => unknown> = {
    set: (session) => session.set("b", 2),
    "in place": (session) => session.get("list").push(2),
    regenerate: (session) => session.regenerate(),
    clear: (session) => session.clear(),
    "logout and set": (session) => [session.logout(), session.set("b", 2)],
  };
  for (const [name, act] of Object.entries(acts)) {
    const { store, another } = scene();
    const { visitor, cookie } = await visitorOf(store, (s) => s.update({ a: 1, list: [1] }));
    const flights = [await inFlight(store, cookie), await inFlight(another(), cookie)];
    await visitor.visit((session) => session.logout());
    for (const flight of flights) {
      act(flight.session);
      await assert.rejects(flight.finish(), GONE, name);
    }
    assert.equal(await opens(another(), cookie), false, name);
  }
});

test("invariant 5, the dead stay dead: what is the library's own is dropped beside a logout, and no cookie is set", async () => {
  const { time, store, another } = scene();
  const { visitor, cookie } = await visitorOf(store, (session) => {
    session.set("a", 1);
    session.flash("notice", "hi");
  });
  const read = await inFlight(another(), cookie);
  const used = await inFlight(store, cookie);
  const ended = await inFlight(another(), cookie);
  time.advance(200);
  await visitor.visit((session) => session.logout());
  assert.equal(read.session.get("notice"), "hi");
  assert.deepEqual(await read.finish(), []);
  assert.equal(used.session.get("a"), 1);
  assert.deepEqual(await used.finish(), [], "a use is not noted where the end is known");
  ended.session.logout();
  assert.deepEqual(await ended.finish(), [], "the cookie may be a newer session's by now");
});

test("a use is noted on the answer that is there: nothing is asked for it", async () => {
  const revocation = recording();
  const { time, with: withOwn } = scene();
  const { visitor } = await visitorOf(withOwn(revocation));
  time.advance(200);
  const { setCookie } = await visitor.visit((session) => session.get("a"));
  assert.match(setCookie[0] ?? "", new RegExp(`^${NAME}-seen=`));
  assert.equal(revocation.asked.length, 1);
});

test("invariant 6, a late response never harms a newer session: the token before a login is late for two minutes", async () => {
  const { time, store, another } = scene();
  const { visitor, cookie } = await visitorOf(store);
  await visitor.visit((session) => session.login("ada"));
  for (const each of [store, another()]) {
    for (const seconds of [0, 6, 113.999]) {
      time.advance(seconds);
      const late = (act: (session: Loose) => unknown) => visit(each, act, { cookie });
      assert.deepEqual((await late((session) => session.get("a"))).setCookie, []);
      assert.deepEqual((await late((session) => session.logout())).setCookie, []);
      assert.deepEqual(
        (await late((session) => [session.set("a", 1), session.clear()])).setCookie,
        [],
      );
      await assert.rejects(
        late((session) => session.set("b", 2)),
        GONE,
      );
      await assert.rejects(
        late((session) => session.flash("b", 2)),
        GONE,
      );
    }
    time.advance(-119.999);
  }
  const { setCookie } = await visit(another(), (session) => session.login("bob"), { cookie });
  assert.equal(setCookie.length, 1, "only a login may issue a token");
  time.advance(120);
  const stranger = await visit(another(), (session) => session.set("b", 2), { cookie });
  assert.equal(stranger.setCookie.length, 1);
});

test("invariant 6: where it is unknown since when a session has ended, its token is any stranger's", async () => {
  const { time, with: withOwn } = scene();
  const { cookie } = await visitorOf(withOwn(() => false));
  const answers: [Any, boolean][] = [
    [true, false],
    [new Date(time.now - 119_999), true],
    [new Date(time.now), true],
    [new Date(time.now + 1000), true],
    [new Date(time.now - 120_000), false],
    [new Date(time.now + 120_000), false],
    [new Date(0), false],
  ];
  for (const [answer, isLate] of answers) {
    for (const given of [() => answer, async () => answer]) {
      const attempt = visit(withOwn(given), (session) => session.set("b", 2), { cookie });
      if (isLate) await assert.rejects(attempt, GONE);
      else assert.equal((await attempt).setCookie.length, 1);
    }
  }
});

test("invariant 6: of a logout and a login in flight at once, the one that ends the session first has its way with the cookie", async () => {
  const { store, another } = scene();
  const { cookie } = await visitorOf(store);
  const [login, logout] = [await inFlight(store, cookie), await inFlight(another(), cookie)];
  login.session.login("ada");
  logout.session.logout();
  assert.equal((await login.finish()).length, 1);
  assert.deepEqual(await logout.finish(), []);
  const { cookie: second } = await visitorOf(store);
  const ends = await Promise.all([1, 2, 3].map(() => inFlight(another(), second)));
  for (const { session } of ends) session.logout();
  const lines = await Promise.all(ends.map((end) => end.finish()));
  assert.equal(lines.flat().length, 1, "the repository tells which was first");
});

test("a login goes on where the session before it has ended meanwhile", async () => {
  const { store, another } = scene();
  const user = await loggedIn(store);
  const flight = await inFlight(another(), user.cookie);
  await user.visitor.visit((session) => session.logout());
  flight.session.login("ada");
  flight.session.set("b", 2);
  const [line = ""] = await flight.finish();
  const seen = await thief(store, line.split(";")[0] ?? "").see((s) => [s.subject, s.toObject()]);
  assert.deepEqual(seen, ["ada", { b: 2 }], "and brings nothing of it back");
});

test("a stranger who logs in twice at once keeps both times what keep names", async () => {
  const { store, another } = scene();
  const { cookie } = await visitorOf(store, (session) => session.update({ cart: ["tea"], x: 1 }));
  const logins = [await inFlight(store, cookie), await inFlight(another(), cookie)];
  for (const { session, finish } of logins) {
    session.login("ada", { keep: ["cart"] });
    const [line = ""] = await finish();
    const seen = await thief(store, line.split(";")[0] ?? "").see((s) => s.toObject());
    assert.deepEqual(seen, { cart: ["tea"] });
  }
});

/** What a revocation may do instead of answering. */
const FAILURES: Record<string, () => Any> = {
  throws: () => {
    throw new Error("down");
  },
  rejects: () => Promise.reject(new Error("down")),
  "never answers": () => new Promise(() => {}),
  "answers nothing": () => undefined,
  "answers null": () => null,
  "answers a number": async () => 0,
  "answers text": () => "false",
  "answers an invalid Date": () => new Date(Number.NaN),
};

test("invariant 13, down is not anonymous: a revocation that fails, is silent or answers junk lets nobody in", async () => {
  for (const [name, fail] of Object.entries(FAILURES)) {
    const revocation = recording();
    const { with: withOwn } = scene();
    const store = withOwn(revocation, { timeout: 0.01 });
    const { visitor, cookie } = await visitorOf(store);
    revocation.answer = fail;
    const down = refusal("ERR_SESSION_STORE", "revocation");
    await assert.rejects(
      visitor.visit((session) => session.get("a")),
      down,
      name,
    );
    await assert.rejects(
      visitor.visit((session) => session.get("a")),
      down,
      `${name}, again`,
    );
    assert.equal(revocation.asked.length, 2, "a failure is not remembered");
    const { headers } = await visitor
      .visit((session) => session.get("a"))
      .catch((error) => error as Any);
    assert.match(headers["retry-after"], /^[123]$/);
    assert.equal((await visit(store, (session) => session.get("a"))).session.isNew, true);
    revocation.answer = () => false;
    assert.equal(await opens(store, cookie), true, name);
  }
});

test("invariant 13: a change is asked for anew, and fails where there is no answer; a flash value then shows twice", async () => {
  for (const [name, fail] of Object.entries(FAILURES)) {
    const revocation = recording();
    const { with: withOwn, events } = scene();
    const store = withOwn(revocation, { timeout: 0.01 });
    const { visitor, id } = await visitorOf(store, (s) => [s.set("a", 1), s.flash("notice", "hi")]);
    await visitor.visit((session) => session.set("b", 2));
    assert.equal(revocation.asked.length, 2, "on load and on save");
    const attempt = visitor.visit((session) => {
      session.set("c", 3);
      revocation.answer = fail;
    });
    await assert.rejects(attempt, refusal("ERR_SESSION_STORE"), name);
    revocation.answer = () => false;
    const { setCookie } = await visitor.visit((session) => {
      assert.equal(session.get("notice"), "hi");
      revocation.answer = fail;
    });
    assert.deepEqual(setCookie, []);
    const told = events.filter(({ type }) => type === "touch-failed") as Any[];
    assert.deepEqual([told.length, told[0]?.id], [1, id]);
    revocation.answer = () => false;
    assert.deepEqual(await visitor.see((s) => [s.get("notice"), s.get("c")]), ["hi", undefined]);
  }
});

test("a logout that cannot be kept in mind is a 503, and the cookie stays, so that it can be repeated", async () => {
  for (const end of ["logout", "destroy"] as const) {
    const revocation = recording();
    const { with: withOwn } = scene();
    const store = withOwn(revocation);
    const { visitor, cookie } = await visitorOf(store);
    const { revoke } = revocation;
    let tries = 0;
    revocation.revoke = (() => {
      tries += 1;
      throw new Error("down");
    }) as Any;
    const events: SessionEvent[] = [];
    const onEvent = (event: SessionEvent) => void events.push(event);
    const attempt = visitor.visit((session) => session[end](), { onEvent });
    await assert.rejects(attempt, (error: Any) => {
      assert.equal(error.headers["set-cookie"], undefined);
      return refusal("ERR_SESSION_STORE")(error);
    });
    assert.equal(tries, 2, "the middleware tries it once more");
    assert.deepEqual(
      events.map(({ type }) => type),
      ["save-failed"],
    );
    assert.equal(visitor.jar.header, cookie);
    assert.equal(await opens(store, cookie), true);
    Object.assign(revocation, { revoke });
    assert.match((await visitor.visit((session) => session[end]())).setCookie[0] ?? "", CLEARED);
  }
});

test("a save that is repeated has no second time limit", async () => {
  const revocation = recording();
  const { with: withOwn } = scene();
  const { visitor } = await visitorOf(withOwn(revocation, { timeout: 0.1 }));
  revocation.revoke = () => new Promise(() => {});
  const { waits } = await withWaits(() =>
    assert.rejects(
      visitor.visit((session) => session.logout()),
      refusal("ERR_SESSION_STORE"),
    ),
  );
  // Timers count whole milliseconds.
  assert.ok(waits >= 50 && waits < 110, `${waits} ms`);
});

test("a session that ended stays so where what came after it does not fit, and its cookie is taken away", async () => {
  const { store, another } = scene();
  const { visitor, cookie } = await visitorOf(store);
  const attempt = visitor.visit((session) => {
    session.logout();
    session.set("b", "x".repeat(5000));
  });
  await assert.rejects(attempt, (error: Any) => {
    assert.match(String(error.headers["set-cookie"]), CLEARED);
    return refusal("ERR_COOKIE_TOO_LARGE")(error);
  });
  assert.equal(await opens(another(), cookie), false);
});

test("a session that ended stays so where the response cannot be written, and its cookie is taken away", async () => {
  const { store, time, repository } = scene();
  const { cookie } = await visitorOf(store);
  const write = () => {
    throw new Error("no room");
  };
  const failing = new CookieSessionStore<Any>({
    secret: SECRET,
    clock: time.clock,
    transport: { ...cookieTransport(), write },
    revocation: repositoryRevocation(repository),
  });
  const attempt = visit(failing, (session) => [session.logout(), session.set("b", 2)], {
    cookie,
    onEvent() {},
  });
  await assert.rejects(attempt, (error: Any) => {
    assert.match(String(error.headers["set-cookie"]), CLEARED);
    return refusal("ERR_SESSION_STORE")(error);
  });
  assert.equal(await opens(store, cookie), false);
});

test("a login or a regeneration that does not fit costs the visitor nothing", async () => {
  const acts = [(s: Loose) => s.login("ada", { keep: ["a"] }), (s: Loose) => s.regenerate()];
  for (const act of acts) {
    const { store, another } = scene();
    const { visitor, cookie } = await visitorOf(store);
    const attempt = visitor.visit((session) => {
      act(session);
      session.set("b", "x".repeat(5000));
    });
    await assert.rejects(attempt, refusal("ERR_COOKIE_TOO_LARGE"));
    assert.equal(await opens(another(), cookie), true);
    assert.deepEqual(await visitor.see((session) => session.toObject()), { a: 1 });
  }
});

test("invariant 17: a logout takes effect also where the handler failed", async () => {
  const { store, another } = scene();
  const { visitor, cookie } = await visitorOf(store);
  const { setCookie } = await visitor.visit((s) => [s.logout(), s.set("b", 2)], { status: 500 });
  assert.match(setCookie[0] ?? "", CLEARED);
  assert.equal(await opens(another(), cookie), false);
});

test("what is to be kept in mind is kept until no server opens a token of the session", async () => {
  const { time, with: withOwn } = scene();
  const revocation = recording();
  const store = withOwn(revocation);
  const { visitor, id } = await visitorOf(store);
  const began = time.now;
  time.advance(50);
  await visitor.visit((session) => session.logout());
  const margin = 60_000;
  assert.deepEqual(revocation.revoked, [[id, began + ABSOLUTE * 1000 + margin]]);
  await store.revoke(id);
  assert.deepEqual(revocation.revoked[1], [id, time.now + ABSOLUTE * 1000 + margin]);
});

test("a callback is told of the session, and may answer at once or later", async () => {
  const { time, with: withOwn } = scene();
  const seen: Any[] = [];
  for (const wait of [false, true]) {
    const store = withOwn((session, { now, signal }) => {
      seen.push({ ...session, now, aborted: signal.aborted });
      return wait ? Promise.resolve(false) : false;
    });
    const began = time.now;
    const { visitor, id } = await loggedIn(store);
    time.advance(10);
    await visitor.visit((session) => session.set("b", 2));
    time.advance(10);
    assert.equal(await visitor.see((session) => session.subject), "ada");
    const session = { id, subject: "ada", startedAt: began, endsAt: began + ABSOLUTE * 1000 };
    assert.deepEqual(seen[0], { ...session, issuedAt: began, now: began + 10_000, aborted: false });
    assert.deepEqual(seen.at(-1)?.issuedAt, began + 10_000);
    seen.length = 0;
  }
});

test("a not-before time for each subject, in one line: who began earlier is signed out", async () => {
  const { time, with: withOwn } = scene();
  const notBefore = new Map<string, number>();
  const store = withOwn(
    ({ subject, startedAt }) => startedAt < (notBefore.get(subject ?? "") ?? 0),
  );
  const [ada, bob] = [await loggedIn(store), await loggedIn(store, "bob")];
  time.advance(60);
  notBefore.set("ada", time.now);
  assert.equal(await opens(store, ada.cookie), false);
  assert.equal(await opens(store, bob.cookie), true);
  assert.equal(await opens(store, (await loggedIn(store)).cookie), true);
});

test("without a revocation nothing is a promise, nor with one that answers at once where nothing changed", () => {
  const { with: withOwn } = scene();
  const of = (store: Any) => {
    const request = requestOf();
    const session = store.load(request);
    session.set("a", 1);
    const response = { headers: new Headers() };
    assert.equal(store.save(request, response, session), undefined);
    const cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    const again = store.load(requestOf({ cookie }));
    assert.equal(again.isNew, false);
    assert.equal(store.save(requestOf({ cookie }), response, again), undefined);
    return { cookie, again, response };
  };
  of(withOwn(() => false));
  const plain = withOwn(undefined);
  const { cookie, again, response } = of(plain);
  again.logout();
  assert.equal(plain.save(requestOf({ cookie }), response, again), undefined);
  const middleware = new SessionMiddleware<Any>(plain);
  const session = middleware.load(requestOf({ cookie })) as Any;
  session.set("b", 2);
  assert.equal(middleware.save(requestOf({ cookie }), response, session), undefined);
});

test("a function alone is asked, and logout only deletes the cookie", async () => {
  const { with: withOwn } = scene();
  const store = withOwn(() => false);
  const { visitor, cookie } = await visitorOf(store);
  assert.match((await visitor.visit((session) => session.logout())).setCookie[0] ?? "", CLEARED);
  assert.equal(await opens(store, cookie), true);
});

test("revoke and revokeAll take a revocation that can, and say so", async () => {
  const { with: withOwn, store } = scene();
  for (const each of [undefined, () => false, { isRevoked: () => false }]) {
    const own = withOwn(each);
    await assert.rejects(own.revoke("x"), refusal("ERR_SESSION_CONFIG", "revoke()"));
    await assert.rejects(own.revokeAll("ada"), refusal("ERR_SESSION_CONFIG", "revokeAll()"));
  }
  const bad: Any = { except: ["a"] };
  await assert.rejects(
    store.revokeAll("ada", bad),
    refusal("ERR_SESSION_VALUE", "except", "session.id"),
  );
});

test("what cannot be a handle or a subject never reaches the revocation", async () => {
  const calls: unknown[] = [];
  const { with: withOwn, store: ready } = scene();
  const store = withOwn({
    isRevoked: () => false,
    revoke: (id) => calls.push(id),
    revokeAll: (subject) => calls.push(subject),
  });
  const { id } = await visitorOf(store);
  const junk: Any[] = [
    "",
    "x",
    `${id}A`,
    id.slice(1),
    `${id.slice(1)}B`,
    `${id}\0`,
    7,
    null,
    undefined,
  ];
  for (const each of junk) await store.revoke(each);
  for (const each of ["", "a\0", "\ud800", "x".repeat(1025), undefined, null, 7] as Any[]) {
    await store.revokeAll(each);
  }
  assert.deepEqual(calls, []);
  await store.revoke(id);
  await store.revokeAll("ada");
  assert.deepEqual(calls, [id, "ada"]);
  await ready.revoke("A".repeat(22));
});

test("a cookie of an ended session beside a good one: two that open are none, whichever has ended", async () => {
  const { store, events } = scene();
  const [one, two] = [await visitorOf(store), await visitorOf(store)];
  await store.revoke(one.id);
  assert.equal(await opens(store, `${one.cookie}; ${two.cookie}`), false);
  assert.deepEqual(events, [{ type: "duplicate-token" }]);
});

test("options of revocations that are none throw at construction", () => {
  const { with: withOwn } = scene();
  const bad = (revocation: Any, ...words: string[]) =>
    assert.throws(() => withOwn(revocation), refusal("ERR_SESSION_CONFIG", ...words));
  bad({}, "isRevoked");
  bad("deny", "isRevoked");
  bad({ isRevoked: true }, "isRevoked");
  bad({ isRevoked: () => false, revoke: 7 }, "revocation.revoke");
  bad({ isRevoked: () => false, revokeAll: {} }, "revocation.revokeAll");
  bad({ isRevoked: () => false, successorOf: "x" }, "revocation.successorOf");
  for (const cacheFor of [-1, Number.NaN, "5", null, Number.POSITIVE_INFINITY]) {
    bad({ isRevoked: () => false, cacheFor }, "revocation.cacheFor", "seconds");
  }
  for (const timeout of [0, -1, "2", 61, Number.NaN] as Any[]) {
    const act = () => withOwn(() => false, { timeout });
    assert.throws(act, refusal("ERR_SESSION_CONFIG", "timeout"));
  }
  const act = () => withOwn(undefined, { timeout: 2 });
  assert.throws(act, refusal("ERR_SESSION_CONFIG", "timeout", "none"));
});

test("every adapter's sessions(secret, options) takes a revocation", async () => {
  const revocation = recording();
  const handler = sessions("Zx81-q0VtR7nPd_4LmYbK2sWc9GhTf6EjUo3aNvXi5Q", { revocation })(
    (_: Request, session: Any) =>
      Response.json(session.modify("n", (n: Any) => (n ?? 0) + 1) ?? null),
  );
  const ask = (cookie = "") =>
    handler(new Request("https://shop.example/", { headers: { cookie } }));
  const cookie = (await ask()).headers.getSetCookie()[0]?.split(";")[0] ?? "";
  assert.equal((await ask(cookie)).status, 200);
  assert.equal(revocation.asked.length, 2);
});

test("many visitors at once: every change is refused after the end, whatever the order", async () => {
  const { store, another } = scene();
  const { visitor, cookie } = await visitorOf(store, (session) => session.set("n", 0));
  const stores = [store, another(), another()];
  const flights = await Promise.all(
    Array.from({ length: 30 }, (_, index) => inFlight(stores[index % 3] ?? store, cookie)),
  );
  await visitor.visit((session) => session.logout());
  const results = await Promise.allSettled(
    flights.map(({ session, finish }) => {
      session.modify("n", (n: Any) => n + 1);
      return finish();
    }),
  );
  assert.ok(results.every(({ status }) => status === "rejected"));
  assert.equal(await new Visitor(store, visitor.jar).see((session) => session.isNew), true);
});
