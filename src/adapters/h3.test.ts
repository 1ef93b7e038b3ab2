import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { test } from "node:test";
import {
  createEventStream,
  type EventHandler,
  H3,
  type H3Config,
  HTTPError,
  HTTPResponse,
  html,
  iterable,
  noContent,
  onError,
  redirect,
  setCookie,
  writeEarlyHints,
} from "h3";
import { toNodeHandler } from "h3/node";
import {
  CookieSessionStore,
  InMemorySessionStore,
  type Session,
  SessionError,
  type SessionStore,
} from "keepsake";
import { sessions } from "keepsake/adapters/h3";
import { testAdapter } from "../../probe/adapter-cases.ts";
import { SECRET } from "../core/kit.test.ts";
import { get, leaveWhileSaving, quick, slow } from "./express-kit.test.ts";
import { cookieNames, cookiesOf, getByHttp2, listenOn, sendRaw } from "./node-kit.test.ts";

testAdapter("h3");

declare module "h3" {
  interface H3EventContext {
    readonly adminSession: Session<{ level: number }>;
  }
}

const onEvent = () => undefined;

/** An application with sessions, whose handler sets something before it does anything else. */
function newApp(store: SessionStore, handler: EventHandler, config: H3Config = {}): H3 {
  const app = new H3({ silent: true, ...config }).use(sessions(store, { onEvent }));
  return app.all("/**", (event) => {
    event.context.session.set("a", 1);
    return handler(event);
  });
}

const shapes: Record<string, [handler: EventHandler, status: number, body: string | RegExp]> = {
  text: [() => "done", 200, "done"],
  JSON: [() => ({ a: 1 }), 200, '{"a":1}'],
  "nothing at all": [() => undefined, 200, ""],
  null: [() => null, 200, ""],
  HTML: [() => html`<p>done</p>`, 200, "<p>done</p>"],
  "a redirect": [() => redirect("/next", 303), 303, /next/],
  "a redirect whose headers cannot be changed": [
    () => Response.redirect("http://localhost/next", 303),
    303,
    "",
  ],
  "no content": [() => noContent(), 204, ""],
  "an answer that is not modified": [() => new Response(null, { status: 304 }), 304, ""],
  "a Response": [() => new Response("fetched", { status: 201 }), 201, "fetched"],
  "a Response of 404": [() => new Response("not here", { status: 404 }), 404, "not here"],
  "a status that is prepared": [
    (event) => {
      event.res.status = 418;
      return "teapot";
    },
    418,
    "teapot",
  ],
  "a stream": [() => new Blob(["one ", "two"]).stream(), 200, "one two"],
  "an iterable": [() => iterable(["one ", "two"]), 200, "one two"],
  "server-sent events": [
    async (event) => {
      const events = createEventStream(event);
      void events.push("1").then(() => events.close());
      return events.send();
    },
    200,
    "data: 1\n\n",
  ],
  "a thrown HTTPError below 500": [
    () => {
      throw new HTTPError({ status: 403, headers: { "x-own": "1" } });
    },
    403,
    /403/,
  ],
  "a returned HTTPError": [() => new HTTPError({ status: 403 }), 403, /403/],
  "a thrown status": [() => Promise.reject(404), 404, /404/],
  "an error with a status": [
    () => {
      throw Object.assign(new Error("no entry"), { statusCode: 403 });
    },
    403,
    /403/,
  ],
};

for (const [which, store] of Object.entries({ "at once": quick, later: slow })) {
  for (const [shape, [handler, status, body]] of Object.entries(shapes)) {
    test(`invariant 3, saved before seen: ${shape}, saved ${which}`, async () => {
      for (const method of ["GET", "HEAD"]) {
        const response = await newApp(store(), handler).request("/", { method });
        assert.equal(response.status, status);
        const text = await response.text();
        if (method === "HEAD") assert.equal(text, "");
        else if (typeof body === "string") assert.equal(text, body);
        else assert.match(text, body);
        assert.deepEqual(cookieNames(response), ["__Host-session"]);
        assert.equal(response.headers.get("cache-control"), "no-store");
        assert.match(response.headers.get("vary") ?? "", /Cookie/);
      }
    });
  }

  test(`HTTP/2 and pipelined requests behind Node's servers, saved ${which}`, async (t) => {
    const app = newApp(store(), ({ url }) => `answer ${url.pathname}`);
    const http2 = await listenOn(t, createHttp2Server(toNodeHandler(app)));
    const { status, cookies, body } = await getByHttp2(t, http2, "/1");
    assert.deepEqual([status, cookies.length, body], [200, 1, "answer /1"]);
    const http1 = await listenOn(t, createServer(toNodeHandler(app)));
    const text = await sendRaw(t, http1, "GET /1", "HEAD /2", "GET /3");
    assert.deepEqual(text.match(/answer .[13]/g), ["answer /1", "answer /3"]);
    assert.equal(text.match(/set-cookie: __Host-session/gi)?.length, 3);
  });
}

test("early hints leave at once, and what follows waits for the save", async (t) => {
  const app = newApp(slow(), async (event) => {
    await writeEarlyHints(event, { link: "</style.css>; rel=preload" });
    return "done";
  });
  assert.match(
    await sendRaw(t, await listenOn(t, createServer(toNodeHandler(app))), "GET /"),
    /^HTTP\/1.1 103 [\s\S]*HTTP\/1.1 200 [\s\S]*set-cookie: __Host-session[\s\S]*done/i,
  );
});

const forever = { "cache-control": "public, max-age=60", "cdn-cache-control": "max-age=60" };
const owned = { ...forever, vary: "Accept", "set-cookie": "own=1" };

const answers: Record<string, EventHandler> = {
  "a Response": () => new Response("done", { headers: owned }),
  "an HTTPResponse": () => new HTTPResponse("done", { headers: owned }),
  "prepared headers": (event) => {
    for (const [name, value] of Object.entries(owned)) event.res.headers.set(name, value);
    return "done";
  },
  "prepared headers and a Response": (event) => {
    setCookie(event, "own", "1");
    event.res.headers.set("vary", "Accept");
    return new Response("done", { headers: forever });
  },
};

for (const [what, handler] of Object.entries(answers)) {
  test(`invariant 15, caches stay clean: ${what}, with a cookie of its own and public`, async () => {
    const response = await newApp(quick(), handler).request("/");
    assert.deepEqual(cookieNames(response).toSorted(), ["__Host-session", "own"]);
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.equal(response.headers.get("cdn-cache-control"), null);
    assert.equal(response.headers.get("vary"), "Accept, Cookie");
  });
}

test("a response that is passed on from fetch carries the token, and no cache keeps it", async (t) => {
  const upstream = createServer((_, response) => response.writeHead(200, owned).end("fetched"));
  const url = await listenOn(t, upstream);
  const response = await newApp(quick(), () => get(url)).request("/");
  assert.equal(await response.text(), "fetched");
  assert.deepEqual(cookieNames(response).toSorted(), ["__Host-session", "own"]);
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.equal(response.headers.get("cdn-cache-control"), null);
});

test("a session cookie that the application plants gives way to the session's own", async () => {
  const planted = { "set-cookie": "__Host-session=planted" };
  for (const handler of [
    () => new Response("done", { headers: planted }),
    () => new HTTPResponse("done", { headers: planted }),
  ]) {
    const response = await newApp(quick(), handler).request("/");
    assert.deepEqual(cookieNames(response), ["__Host-session"]);
    assert.doesNotMatch(response.headers.getSetCookie().join(), /planted/);
  }
});

test("invariant 17, a failed handler changes nothing: every way to answer with 500", async () => {
  const failures: EventHandler[] = [
    () => {
      throw new Error("hidden");
    },
    () => {
      throw new HTTPError({ status: 503 });
    },
    () => Promise.reject("no error at all"),
    () => new Response("failed", { status: 500 }),
    () => new HTTPResponse("failed", { status: 500 }),
    (event) => {
      event.res.status = 500;
      return "failed";
    },
  ];
  for (const failure of failures) {
    const response = await newApp(quick(), failure).request("/");
    assert.ok(response.status >= 500);
    assert.deepEqual(cookieNames(response), []);
  }
});

test("a route that is none is an answer like any other", async () => {
  const app = new H3({ silent: true }).use(sessions(SECRET, { onEvent })).use((event) => {
    event.context.session.set("a", 1);
  });
  const response = await app.request("/nothing");
  assert.deepEqual([response.status, cookieNames(response)], [404, ["__Host-session"]]);
});

const failing = (error: unknown): SessionStore => {
  const store = slow();
  return { load: (request) => store.load(request), save: () => Promise.reject(error) };
};
const notLoading = (error: unknown): SessionStore => ({
  load: () => Promise.reject(error),
  save: () => undefined,
});

const busy = () => {
  const error = new SessionError("ERR_SESSION_STORE", "down for a moment");
  error.headers = {
    "retry-after": "2",
    "set-cookie": ["__Host-session=; Max-Age=0", "b=; Max-Age=0"],
  };
  return error;
};

const succeed: EventHandler = (event) => {
  event.res.headers.set("x-success", "1");
  event.res.status = 201;
  return new HTTPResponse("done", { headers: { location: "/secret" } });
};

const handlers: Record<string, H3Config["onError"]> = {
  "H3 itself": undefined,
  "an onError that returns a value": (error, event) => {
    event.res.status = error.status;
    return "sorry";
  },
  "an onError that returns a Response with the error's headers": (error, event) =>
    new Response("sorry", { status: error.status, headers: event.res.errHeaders }),
};

for (const createStore of [failing, notLoading]) {
  for (const [who, onError] of Object.entries(handlers)) {
    test(`invariant 13: ${who} answers with the headers of the error and none of the handler's (${createStore.name})`, async () => {
      const app = newApp(createStore(busy()), succeed, onError === undefined ? {} : { onError });
      const response = await app.request("/");
      assert.equal(response.status, 503);
      assert.match(await response.text(), onError === undefined ? /503/ : /^sorry$/);
      assert.equal(response.headers.get("retry-after"), "2");
      assert.equal(response.headers.get("x-success"), null);
      assert.equal(response.headers.get("location"), null);
      assert.deepEqual(cookieNames(response), ["__Host-session", "b"]);
    });
  }
}

test("what middleware before the sessions has prepared is on the answer to an error, too", async () => {
  const app = new H3({ silent: true, onError: () => "sorry" })
    .use((event) => void event.res.headers.append("x-request-id", "7"))
    .use(sessions(failing(busy()), { onEvent }))
    .get("/", (event) => {
      event.context.session.set("a", 1);
      return succeed(event);
    });
  const response = await app.request("/");
  assert.equal(response.headers.get("x-request-id"), "7");
  assert.equal(response.headers.get("x-success"), null);
});

test("onError and middleware around the sessions are given the error", async () => {
  const caught: unknown[] = [];
  const app = new H3({ silent: true })
    .use(onError((error) => void caught.push(error.cause ?? error)))
    .use(sessions(failing(busy()), { onEvent }))
    .get("/", ({ context }) => context.session.set("a", 1));
  assert.equal((await app.request("/")).status, 503);
  const [error] = caught;
  assert.ok(error instanceof SessionError);
  assert.equal(error.code, "ERR_SESSION_STORE");
  assert.match(error.stack ?? "", /busy/);
});

test("a bad request is answered, and no error of the application", async () => {
  const ambiguous = new SessionError("ERR_SESSION_AMBIGUOUS", "two sessions");
  for (const store of [notLoading(ambiguous), failing(ambiguous)]) {
    const errors: unknown[] = [];
    const app = newApp(store, succeed, { onError: (error) => void errors.push(error) });
    const response = await app.request("/");
    assert.deepEqual([response.status, await response.text()], [400, "Bad Request"]);
    assert.equal(response.headers.get("x-success"), null);
    assert.deepEqual(errors, []);
  }
});

test("an answer that has nothing to do with the session is left as it is", async () => {
  const answered = new Response("done");
  const app = new H3().use(sessions(SECRET)).get("/", () => answered);
  const response = await app.request("/");
  assert.equal(response, answered);
  assert.deepEqual([response.headers.get("vary"), cookieNames(response)], [null, []]);
});

test("two kinds of session in one application, each in a cookie of its own", async () => {
  const admin = new CookieSessionStore<{ level: number }>({
    secret: SECRET,
    cookie: { name: "admin" },
    onEvent,
  });
  const app = new H3()
    .use(sessions(SECRET, { onEvent }))
    .use(sessions(admin, { property: "adminSession", onEvent }))
    .get("/both", ({ context }) => {
      context.session.set("a", 1);
      context.adminSession.set("level", 2);
    })
    .get("/admin", ({ context }) => context.adminSession.set("level", 2));
  assert.deepEqual(cookieNames(await app.request("/both")), ["__Host-admin", "__Host-session"]);
  assert.deepEqual(cookieNames(await app.request("/admin")), ["__Host-admin"]);
});

for (const [who, config] of Object.entries({
  "H3 itself": {},
  "an onError that returns a value": { onError: () => "sorry" },
})) {
  test(`middleware around the sessions that throws, answered by ${who}: the token of what was saved arrives, once`, async () => {
    const app = new H3({ silent: true, ...config })
      .use(async ({ url }, next) => {
        const value = await next();
        if (url.pathname === "/login") throw new HTTPError({ status: 500 });
        return value;
      })
      .use(sessions(new InMemorySessionStore({ onEvent }), { onEvent }))
      .get("/login", ({ context, res }) => {
        res.headers.append("set-cookie", "own=1");
        res.errHeaders.set("vary", "Accept");
        res.errHeaders.append("set-cookie", "late=1");
        context.session.login("ada");
        return "done";
      })
      .get("/who", ({ context }) => context.session.subject ?? "nobody");
    const response = await app.request("/login");
    const names = who === "H3 itself" ? ["__Host-session", "late"] : ["__Host-session", "own"];
    assert.deepEqual(cookieNames(response).toSorted(), names);
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.match(response.headers.get("vary") ?? "", /Cookie/);
    if (who === "H3 itself") assert.equal(response.headers.get("vary"), "Accept, Cookie");
    const next = await app.request("/who", { headers: { cookie: cookiesOf(response) } });
    assert.equal(await next.text(), "ada");
  });
}

test("invariant 17, a failed handler changes nothing: a body that JSON cannot say is an error before the save", async () => {
  const circular: { self?: unknown } = {};
  circular.self = circular;
  const bodies = [circular, [circular], { a: 1n }, Object.assign(Object.create(null), circular)];
  class Failing {
    toJSON(): never {
      throw new Error("no JSON");
    }
  }
  for (const body of [...bodies, new Failing()]) {
    const store = new InMemorySessionStore({ onEvent });
    const app = new H3({ silent: true })
      .use(sessions(store, { onEvent }))
      .get("/set", ({ context }) => {
        context.session.set("a", 1);
        return "done";
      })
      .get("/login", ({ context }) => {
        context.session.login("ada");
        return body;
      })
      .get("/logout", ({ context }) => {
        context.session.logout();
        return body;
      });
    const refused = await app.request("/login");
    assert.deepEqual([refused.status, cookieNames(refused), store.size], [500, [], 0]);
    const cookie = cookiesOf(await app.request("/set"));
    const ended = await app.request("/logout", { headers: { cookie } });
    assert.deepEqual([ended.status, cookieNames(ended)], [500, ["__Host-session"]]);
    assert.equal((await store.load(new Request("http://x/", { headers: { cookie } }))).isNew, true);
  }
});

test("where the save of the outer session fails, the error carries no token of the inner one", async () => {
  const inner = new InMemorySessionStore({ cookie: { name: "inner" }, onEvent });
  for (const answer of [() => "done", () => new Response("not here", { status: 404 })]) {
    const app = new H3({ silent: true })
      .use(sessions(failing(new Error("down")), { onEvent }))
      .use(sessions(inner, { property: "adminSession", onEvent }))
      .get("/", ({ context, res }) => {
        context.session.set("a", 1);
        context.adminSession.set("level", 1);
        res.errHeaders.append("set-cookie", "late=1");
        res.errHeaders.set("x-late", "1");
        return answer();
      });
    const response = await app.request("/");
    assert.deepEqual([response.status, cookieNames(response)], [503, ["late"]]);
    assert.equal(response.headers.get("x-late"), "1");
  }
});

test("routes that the middleware is not mounted on have no session", async () => {
  const app = new H3()
    .use("/with/**", sessions(SECRET))
    .get("/with/session", ({ context }) => "session" in context)
    .get("/without", ({ context }) => "session" in context);
  assert.equal(await (await app.request("/with/session")).json(), true);
  assert.equal(await (await app.request("/without")).json(), false);
});

test("skip excludes a request, and using its session throws", async () => {
  const errors: unknown[] = [];
  const app = new H3({ silent: true, onError: ({ cause }) => void errors.push(cause) })
    .use(sessions(SECRET, { onEvent, skip: ({ url }) => url.pathname.startsWith("/static") }))
    .get("/**", ({ context }) => {
      context.session.set("a", 1);
      return "used";
    });
  assert.equal((await app.request("/static/style.css")).status, 500);
  assert.ok(errors[0] instanceof SessionError && errors[0].code === "ERR_SESSION_MISSING");
  assert.equal(await (await app.request("/")).text(), "used");
});

test("what other libraries do to end a session is refused aloud", async () => {
  const app = new H3({ silent: true, onError: (error) => error.message })
    .use(sessions(SECRET, { onEvent }))
    .get("/", ({ context }) => void Object.assign(context, { session: null }));
  assert.match(await (await app.request("/")).text(), /event\.context\.session\.logout\(\)/);
});

test("a client that goes while the save is under way harms nobody", async (t) => {
  await leaveWhileSaving((store, began) => {
    const handler = toNodeHandler(newApp(store, () => "done"));
    return listenOn(
      t,
      createServer((request, response) => {
        began(response);
        return handler(request, response);
      }),
    );
  });
});

test("types: the data is that of SessionData, or of a property that is declared", async () => {
  const app = new H3().use(sessions<{ a: number }>(SECRET, { onEvent })).get("/", ({ context }) => {
    const { session } = context;
    // @ts-expect-error there is no such method
    session.sett;
    // @ts-expect-error a subject is text
    assert.throws(() => session.login(1));
    // @ts-expect-error it cannot be replaced
    assert.throws(() => (context.session = session), TypeError);
    // @ts-expect-error a level is a number
    () => context.adminSession.set("level", "high");
    return "done";
  });
  assert.equal(await (await app.request("/")).text(), "done");
  // @ts-expect-error there is no such option
  assert.throws(() => sessions(SECRET, { rolling: true }));
});
