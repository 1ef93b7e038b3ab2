import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CookieSessionStore,
  InMemorySessionStore,
  Session,
  SessionError,
  SessionMiddleware,
  type SessionRequest,
  type SessionStore,
} from "keepsake";
import {
  type Any,
  type Loose,
  recorder,
  refusal,
  requestOf,
  SECRET,
  Visitor,
  visit,
} from "./kit.test.ts";

const STORES: [string, () => SessionStore<Any>][] = [
  ["cookie", () => new CookieSessionStore<Any>({ secret: SECRET })],
  ["memory", () => new InMemorySessionStore<Any>()],
];

/** Every method that changes a session. */
const CHANGES: [string, (session: Loose) => unknown][] = [
  ["set", (s) => s.set("a", 1)],
  ["update", (s) => s.update({ a: 1 })],
  ["delete", (s) => s.delete("a")],
  ["clear", (s) => s.clear()],
  ["modify", (s) => s.modify("a", () => 1)],
  ["flash", (s) => s.flash("a", 1)],
  ["login", (s) => s.login("ada")],
  ["logout", (s) => s.logout()],
  ["regenerate", (s) => s.regenerate()],
  ["destroy", (s) => s.destroy()],
  ["data.a =", (s) => Object.assign(s.data, { a: 1 })],
  ["delete data.a", (s) => Reflect.deleteProperty(s.data, "a")],
];

for (const [name, change] of CHANGES) {
  test(`invariant 3, saved before seen: ${name} throws ERR_SESSION_COMMITTED after the save, and changes nothing`, async () => {
    for (const [, make] of STORES) {
      for (const first of [
        (session: Loose) => session.set("b", 2),
        (session: Loose) => session.get("b"),
        () => {},
      ]) {
        const visitor = new Visitor(make());
        await visitor.visit((session) => session.set("b", 2));
        const { session } = await visitor.visit(first);
        assert.throws(
          () => change(session),
          refusal("ERR_SESSION_COMMITTED", "before the response"),
        );
        assert.deepEqual(session.toObject(), { b: 2 }, "reading goes on");
      }
    }
  });
}

test("invariant 3, saved before seen: the save is waited for, and nothing can change while it runs", async () => {
  let release = () => {};
  const store: SessionStore<Any> = {
    load: () => new Session<Any>(),
    save: () => new Promise<void>((resolve) => (release = resolve)),
  };
  const middleware = new SessionMiddleware(store);
  const session = (await middleware.load(requestOf())) as Loose;
  session.set("a", 1);
  const saved = middleware.save(requestOf(), { headers: new Headers() }, session);
  assert.ok(saved instanceof Promise);
  assert.throws(() => session.set("a", 2), refusal("ERR_SESSION_COMMITTED"));
  let done = false;
  const waiting = saved.then(() => (done = true));
  await Promise.resolve();
  assert.equal(done, false);
  release();
  await waiting;
});

test("invariant 3, saved before seen: a store's promise of another make is waited for as well, and its failure told", async () => {
  // biome-ignore lint/suspicious/noThenProperty: that is the case
  const failing = { then: (_: unknown, fail: (error: Error) => void) => fail(new Error("down")) };
  const store = { load: () => new Session<Any>(), save: () => failing } as Any;
  await assert.rejects(
    visit(store, (session) => session.set("a", 1)),
    refusal("ERR_SESSION_STORE"),
  );
  const session = new Session<Any>({ a: 1 });
  // biome-ignore lint/suspicious/noThenProperty: that is the case
  const loading = { then: (done: (session: unknown) => void) => done(session) };
  const late = { load: () => loading, save: () => {} } as Any;
  const schema: Any = {
    "~standard": { version: 1, vendor: "x", validate: (value: unknown) => ({ value }) },
  };
  assert.equal((await visit(late, (loaded) => loaded.get("a"), { schema })).session, session);
});

test("a store that needs no waiting costs no promise", () => {
  const middleware = new SessionMiddleware(new CookieSessionStore<Any>({ secret: SECRET }));
  const session = middleware.load(requestOf());
  assert.ok(session instanceof Session);
  session.set("a", 1);
  const response = { headers: new Headers() };
  assert.equal(middleware.save(requestOf(), response, session), undefined);
  assert.equal(response.headers.getSetCookie().length, 1);
});

for (const [name, make] of STORES) {
  test(`invariant 17, a failed handler changes nothing: after a 5xx nothing is saved, ${name}`, async () => {
    for (const status of [500, 503, 599]) {
      const visitor = new Visitor(make());
      await visitor.visit((session) => session.update({ a: 1, list: [1] }));
      for (const act of [
        (session: Loose) => session.set("a", 2),
        (session: Loose) => session.get("list").push(2),
        (session: Loose) => session.login("ada"),
        (session: Loose) => session.regenerate(),
        (session: Loose) => session.flash("note", 1),
      ]) {
        const { setCookie } = await visitor.visit(act, { status });
        assert.deepEqual(setCookie, []);
        const now = await visitor.see((session) => [session.toObject(), session.subject]);
        assert.deepEqual(now, [{ a: 1, list: [1] }, undefined]);
      }
    }
    const stranger = await new Visitor(make()).visit((s) => s.set("a", 1), { status: 500 });
    assert.deepEqual(stranger.setCookie, []);
  });

  test(`invariant 17, a failed handler changes nothing: redirects and 4xx count as responses, ${name}`, async () => {
    for (const status of [200, 204, 302, 304, 400, 404, 499]) {
      const visitor = new Visitor(make());
      await visitor.visit((session) => session.set("a", 1), { status });
      assert.equal(await visitor.see((session) => session.get("a")), 1);
    }
  });

  test(`invariant 17, a failed handler changes nothing: logout and destroy on a 5xx take effect all the same, ${name}`, async () => {
    for (const end of [
      (session: Loose) => session.logout(),
      (session: Loose) => session.destroy(),
      (session: Loose) => {
        session.logout();
        session.set("b", 2);
        session.login("bob");
      },
    ]) {
      const visitor = new Visitor(make());
      await visitor.visit((session) => session.set("a", 1));
      const { setCookie } = await visitor.visit(end, { status: 500 });
      assert.equal(setCookie.length, 1);
      assert.deepEqual(visitor.jar.names, []);
    }
  });

  test(`invariant 17, a failed handler changes nothing: unless the application asks for it, ${name}`, async () => {
    const visitor = new Visitor(make());
    await visitor.visit((s) => s.set("a", 1), { status: 500, saveOnServerError: true });
    assert.equal(await visitor.see((session) => session.get("a")), 1);
  });

  test(`requirement 21, ${name}: a response that read the session varies by Cookie; one that did not is left alone`, async () => {
    const visitor = new Visitor(make());
    const read = await visitor.visit((session) => session.get("a"));
    assert.equal(read.headers.get("vary"), "Cookie");
    assert.equal(read.headers.get("cache-control"), null);
    const untouched = await visitor.visit(() => {});
    assert.deepEqual([...untouched.headers], []);
    const twice = await visitor.visit((s) => s.get("a"), {
      responseHeaders: { vary: "Accept, COOKIE" },
    });
    assert.equal(twice.headers.get("vary"), "Accept, COOKIE");
    const wrote = await visitor.visit((session) => session.set("a", 1));
    assert.deepEqual(
      [wrote.headers.get("vary"), wrote.headers.get("cache-control")],
      ["Cookie", "no-store"],
    );
    const cleared = await visitor.visit((session) => session.logout());
    assert.equal(cleared.headers.get("cache-control"), "no-store");
  });
}

test("event save-failed: a save that fails throws, and what the store said is the cause", async () => {
  const down = new Error("connection refused");
  const saves: (() => Any)[] = [
    () => {
      throw down;
    },
    () => Promise.reject(down),
  ];
  for (const save of saves) {
    const { events, onEvent } = recorder();
    const store: SessionStore<Any> = { load: () => new Session<Any>(), save };
    let thrown: Any;
    await assert.rejects(
      visit(store, (session) => session.set("a", 1), { onEvent }),
      (error) => {
        thrown = error;
        return refusal("ERR_SESSION_STORE", "saved")(error);
      },
    );
    assert.deepEqual([thrown.cause, thrown.status], [down, 503]);
    assert.deepEqual(events, [{ type: "save-failed", error: thrown }]);
  }
});

test("invariant 13, down is not anonymous: a load that fails throws, whichever way the store does", async () => {
  const down = new Error("connection refused");
  for (const load of [
    () => {
      throw down;
    },
    () => Promise.reject(down),
  ] as (() => Any)[]) {
    let ran = false;
    const act = visit({ load, save: () => {} }, () => (ran = true));
    await assert.rejects(act, (error: Any) => {
      refusal("ERR_SESSION_STORE", "loaded")(error);
      return error.cause === down && error.status === 503;
    });
    assert.equal(ran, false);
  }
});

test("a save that failed leaves the session closed, so that nothing is lost in silence later", async () => {
  const middleware = new SessionMiddleware<Any>(new InMemorySessionStore(), { onEvent: () => {} });
  const session = (await middleware.load(requestOf())) as Loose;
  const list: Any[] = [];
  session.set("list", list);
  list.push(new Date(0));
  const response = { headers: new Headers() };
  assert.throws(
    () => middleware.save(requestOf(), response, session),
    refusal("ERR_SESSION_VALUE"),
  );
  assert.throws(() => session.set("a", 1), refusal("ERR_SESSION_COMMITTED"));
  assert.deepEqual(response.headers.getSetCookie(), []);
});

test("the failure of one session takes the token of another with it that ended before, in the same request", async () => {
  const ended = new CookieSessionStore<Any>({ secret: SECRET, cookie: { name: "user" } });
  const failing: SessionStore<Any> = {
    load: () => new Session<Any>(),
    save() {
      throw new Error("down");
    },
  };
  const visitor = new Visitor(ended);
  await visitor.visit((session) => session.set("a", 1));
  const sent = { headers: new Headers({ cookie: visitor.jar.header ?? "" }) };
  const saveBoth = async (request: SessionRequest): Promise<SessionError> => {
    const [first, second] = [ended, failing].map((store) => {
      return new SessionMiddleware<Any>(store, { onEvent: () => {} });
    }) as [SessionMiddleware<Any>, SessionMiddleware<Any>];
    const session = await first.load(request);
    session.logout();
    const response = { headers: new Headers() };
    await first.save(request, response, session);
    assert.equal(response.headers.getSetCookie().length, 1);
    const other = await second.load(request);
    other.set("b", 1);
    let error: unknown;
    assert.throws(
      () => second.save(request, response, other),
      (thrown) => {
        error = thrown;
        return true;
      },
    );
    assert.ok(error instanceof SessionError);
    return error;
  };

  const { headers } = await saveBoth(sent);
  const [line = "", ...more] = [headers["set-cookie"] ?? []].flat();
  assert.match(line, /^__Host-user=; .*Max-Age=0/);
  assert.deepEqual(more, []);
  assert.equal(headers["cache-control"], "no-store");
  assert.deepEqual(
    Reflect.ownKeys({ ...sent }),
    Object.keys(sent),
    "nothing is seen in a log of it",
  );
  const frozen = await saveBoth(Object.freeze({ headers: sent.headers }));
  assert.equal(frozen.headers["set-cookie"], undefined, "there is nowhere to keep it");
});
