import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CookieSessionStore,
  cookieTransport,
  headerTransport,
  InMemorySessionStore,
  type Session,
  SessionError,
} from "keepsake";
import { sessions } from "keepsake/adapters/fetch";
import { testAdapter } from "../../probe/adapter-cases.ts";

testAdapter("fetch");

const SECRET = "4eqhFCE9yngFbyB6a!Cro5gubbb92ay_nBb1oCF3";
const withSession = sessions<{ a: number }>(SECRET);
const onEvent = () => undefined;
const request = (headers: HeadersInit = {}) => new Request("http://localhost/", { headers });

/** The `Cookie` header for what a response set. */
const cookieOf = (response: Response): string =>
  response.headers
    .getSetCookie()
    .map((line) => line.split(";")[0])
    .join("; ");

test("a response that is not touched by the session is passed on as it is", async () => {
  const own = new Response("own");
  assert.equal(await withSession(() => own)(request()), own);
});

test("a thrown response is an answer like any other", async () => {
  const response = await withSession((_, session) => {
    session.set("a", 1);
    throw new Response(null, { status: 302, headers: { location: "/login" } });
  })(request());
  assert.equal(response.status, 302);
  assert.equal(response.headers.getSetCookie().length, 1);
});

test("what the runtime passes besides the request reaches the handler", async () => {
  const handler = withSession((_request, session, env: { name: string }, count: number) => {
    return Response.json([session.isNew, env.name, count]);
  });
  assert.deepEqual(await (await handler(request(), { name: "worker" }, 2)).json(), [
    true,
    "worker",
    2,
  ]);
});

test("an error goes on to the runtime where nobody answers it, and a session that ended is dead", async () => {
  const store = new InMemorySessionStore<{ a: number }>();
  const serve = sessions(store);
  const started = await serve((_, session) => {
    session.set("a", 1);
    return new Response();
  })(request());
  assert.equal(store.size, 1);
  const failing = serve((_, session) => {
    session.logout();
    throw new TypeError("the handler failed");
  });
  const cookie = cookieOf(started);
  await assert.rejects(failing(request({ cookie })), TypeError);
  assert.equal((await store.load(request({ cookie }))).isNew, true);
});

test("what cannot be saved is thrown on to the runtime, or answered by onError", async () => {
  const isTooLarge = (error: unknown) =>
    error instanceof SessionError && error.code === "ERR_COOKIE_TOO_LARGE";
  const handler = (_: Request, session: { set(key: "a", value: string): void }) => {
    session.set("a", "x".repeat(5000));
    return new Response("done");
  };
  const serve = sessions<{ a: string }>(SECRET, { onEvent });
  await assert.rejects(serve(handler)(request()), isTooLarge);
  const answered = await sessions<{ a: string }>(SECRET, {
    onEvent,
    onError: (error) => new Response(String(isTooLarge(error)), { status: 500 }),
  })(handler)(request());
  assert.equal(answered.status, 500);
  assert.equal(await answered.text(), "true");
  assert.deepEqual(answered.headers.getSetCookie(), []);
});

test("requirement 87: a cookie and a header that name different sessions are a 400, neither is used", async () => {
  const store = new CookieSessionStore<{ a: number }>({
    secret: SECRET,
    transport: [cookieTransport(), headerTransport()],
  });
  const serve = sessions(store);
  const start = serve((_, session) => {
    session.set("a", 1);
    return new Response();
  });
  const show = serve((_, session) => Response.json(session.get("a", 0)));
  const cookie = cookieOf(await start(request()));
  // An empty header says that the client wants its token there.
  const header = (await start(request({ "x-session-id": "" }))).headers.get("x-session-id") ?? "";
  assert.notEqual(header, "");

  assert.equal(await (await show(request({ cookie }))).json(), 1);
  assert.equal(await (await show(request({ "x-session-id": header }))).json(), 1);
  const both = await show(request({ cookie, "x-session-id": header }));
  assert.equal(both.status, 400);
  assert.equal(await both.text(), "Bad Request");
  const junk = await show(request({ cookie, "x-session-id": "junk" }));
  assert.equal(await junk.json(), 1);
});

test("two ways of naming one thing, and options that belong to a store, are refused", () => {
  const config = { code: "ERR_SESSION_CONFIG" };
  const store = new InMemorySessionStore<{ a: number }>();
  assert.throws(() => sessions({ secret: SECRET, idleTimeout: 60 }, { idleTimeout: 3600 }), config);
  assert.throws(() => sessions(SECRET, { secret: SECRET }), config);
  const misplaced: object = { idleTimeout: 60 };
  assert.throws(() => sessions(store, misplaced), { ...config, message: /option of the store/ });
  assert.throws(() => sessions(store, { onEvnt: () => {} } as object), {
    ...config,
    message: /no option "onEvnt"/,
  });
});

test("the class of a store in the place of a store is refused", () => {
  const mistaken: unknown = InMemorySessionStore;
  assert.throws(() => Reflect.apply(sessions, undefined, [mistaken]), {
    code: "ERR_SESSION_CONFIG",
    message: /sessions\(new InMemorySessionStore\(…\)\)/,
  });
});

test("the answer to a failed save varies as the other would have", async () => {
  const response = await sessions<{ a: string }>(SECRET, {
    onError: () => new Response(null, { status: 500 }),
    onEvent,
  })((_, session) => {
    session.set("a", "x".repeat(5000));
    return new Response();
  })(request());
  assert.equal(response.headers.get("vary"), "Cookie");
});

for (const [how, onError] of Object.entries({
  "throws an error": () => {
    throw new Error("worse");
  },
  rejects: () => Promise.reject(new Error("worse")),
  "throws a response": () => {
    throw new Response("sorry", { status: 500 });
  },
})) {
  test(`logout takes effect, and nothing else is kept, where the handler fails and onError ${how}`, async () => {
    const store = new InMemorySessionStore<{ a: number }>();
    const serve = sessions(store, { onError });
    const cookie = cookieOf(
      await serve((_, session) => {
        session.set("a", 1);
        return new Response();
      })(request()),
    );
    const fail = (use: (session: Session<{ a: number }>) => void) =>
      serve((_, session) => {
        use(session);
        throw new Error("the handler failed");
      })(request({ cookie })).catch((error: unknown) => error);
    await fail((session) => session.set("a", 2));
    assert.equal((await store.load(request({ cookie }))).get("a"), 1);
    const answered = await fail((session) => session.logout());
    assert.equal((await store.load(request({ cookie }))).isNew, true);
    if (answered instanceof Response) assert.equal(answered.status, 500);
    else assert.match(String(answered), /worse/);
  });
}

test("a request that skip excludes has its errors answered as any other", async () => {
  const serve = sessions(SECRET, {
    skip: () => true,
    onError: (error) => new Response(String(error), { status: 500 }),
  });
  const failing = await serve(() => {
    throw new Error("the handler failed");
  })(request());
  assert.deepEqual([failing.status, await failing.text()], [500, "Error: the handler failed"]);
  const thrown = await serve(() => {
    throw new Response("thrown", { status: 404 });
  })(request());
  assert.deepEqual([thrown.status, await thrown.text()], [404, "thrown"]);
  const plain = sessions(SECRET, { skip: () => true });
  await assert.rejects(
    plain(() => Promise.reject(new TypeError("the handler failed")))(request()),
    TypeError,
  );
});

test("an error of skip is answered by onError, once, or thrown on", async () => {
  const skip = () => {
    throw new TypeError("skip failed");
  };
  const errors: unknown[] = [];
  const onError = (error: unknown) => {
    errors.push(error);
    return new Response("sorry");
  };
  const handler = () => new Response("never");
  const response = await sessions(SECRET, { skip, onError })(handler)(request());
  assert.deepEqual([response.status, await response.text(), errors.length], [500, "sorry", 1]);
  await assert.rejects(sessions(SECRET, { skip })(handler)(request()), TypeError);
});

test("an answer to an error that has its headers already has none of them twice", async () => {
  const store = new InMemorySessionStore();
  const failed = new SessionError("ERR_SESSION_STORE", "down");
  failed.headers = { "set-cookie": ["session=; Max-Age=0"], vary: "Cookie" };
  const failing = {
    load: (incoming: Request) => store.load(incoming),
    save() {
      throw failed;
    },
  };
  const serve = sessions(failing, {
    onEvent: () => undefined,
    onError(error) {
      assert.ok(error instanceof SessionError);
      const headers = new Headers();
      for (const [name, values] of Object.entries(error.headers)) {
        for (const value of [values].flat()) headers.append(name, value);
      }
      return new Response("down", { status: error.status, headers });
    },
  });
  const { headers } = await serve((_, session) => {
    session.set("a", 1);
    return new Response();
  })(request());
  assert.deepEqual(headers.getSetCookie(), ["session=; Max-Age=0"]);
  assert.equal(headers.get("vary"), "Cookie");
});
