import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import {
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import { type TestContext, test } from "node:test";
import {
  CookieSessionStore,
  cookieTransport,
  headerTransport,
  InMemorySessionStore,
  type Session,
  type SessionStore,
} from "keepsake";
import { type NodeOptions, sessions, type WithSession } from "keepsake/adapters/node";
import { testAdapter } from "../../probe/adapter-cases.ts";
import { refusal, SECRET } from "../core/kit.test.ts";
import { get, quick, slow, tick } from "./express-kit.test.ts";
import { cookieNames, cookiesOf, getByHttp2, listenOn, sendRaw } from "./node-kit.test.ts";

testAdapter("node");

const onEvent = () => undefined;

type Handler = (request: IncomingMessage & WithSession, response: ServerResponse) => unknown;

interface Served {
  readonly url: string;
  /** What was written to the console. */
  readonly errors: unknown[];
}

async function serve(
  t: TestContext,
  store: SessionStore,
  handler: Handler,
  options: NodeOptions<"session"> = {},
): Promise<Served> {
  const errors = collectErrors(t);
  const withSession = sessions(store, { onEvent, ...options });
  return { url: await listenOn(t, createServer(withSession(handler))), errors };
}

function collectErrors(t: TestContext): unknown[] {
  const errors: unknown[] = [];
  const { error } = console;
  console.error = (...given: unknown[]) => void errors.push(...given);
  t.after(() => {
    console.error = error;
  });
  return errors;
}

const BUG = new Error("bug");
const broken: SessionStore = {
  load: () => Promise.reject(new Error("down")),
  save: () => Promise.reject(new Error("down")),
};

for (const [which, createStore] of Object.entries({ "at once": quick, later: () => slow() })) {
  const throwing: Record<string, Handler> = {
    throws: () => {
      throw BUG;
    },
    rejects: async () => {
      await tick();
      throw BUG;
    },
  };
  for (const [how, act] of Object.entries(throwing)) {
    test(`invariant 17, with a save that is done ${which}: a handler that ${how} is a 500 that changes nothing, and is written down once`, async (t) => {
      const { url, errors } = await serve(t, createStore(), (req, res) => {
        req.session.set("a", 1);
        res.statusCode = 201;
        res.setHeader("content-length", 3);
        res.setHeader("cache-control", "public, max-age=60");
        return act(req, res);
      });
      const response = await get(url);
      assert.equal(response.status, 500);
      assert.equal(await response.text(), "Internal Server Error");
      assert.deepEqual(cookieNames(response), []);
      assert.equal(response.headers.get("cache-control"), null);
      assert.deepEqual(errors, [BUG]);
    });
  }

  test(`with a save that is done ${which}: half an answer is cut off where the handler fails`, async (t) => {
    const { url, errors } = await serve(t, createStore(), async (_req, res) => {
      res.write("half");
      await tick();
      await tick();
      throw BUG;
    });
    await assert.rejects(get(url).then((response) => response.text()));
    assert.deepEqual(errors, [BUG]);
  });

  test(`with a save that is done ${which}: a handler that fails after it answered changes nothing about its answer`, async (t) => {
    const { url, errors } = await serve(t, createStore(), (req, res) => {
      req.session.set("a", 1);
      res.end("answered");
      throw BUG;
    });
    const response = await get(url);
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "answered");
    assert.deepEqual(cookieNames(response), ["__Host-session"]);
    assert.deepEqual(errors, [BUG]);
  });
}

test("invariant 13, down is not anonymous: without an onError it is a 503, and is written down", async (t) => {
  let calls = 0;
  const { url, errors } = await serve(t, broken, (_req, res) => {
    calls += 1;
    res.end();
  });
  const response = await get(url);
  assert.equal(response.status, 503);
  assert.equal(await response.text(), "Service Unavailable");
  assert.equal(calls, 0);
  assert.equal(errors.length, 1);
  refusal("ERR_SESSION_STORE")(errors[0]);
});

test("a save that fails is a 503, whatever the handler answered", async (t) => {
  const { url, errors } = await serve(t, slow(true), (req, res) => {
    req.session.set("a", 1);
    res.setHeader("x-own", "1");
    res.end("done");
  });
  const response = await get(url);
  assert.equal(response.status, 503);
  assert.equal(await response.text(), "Service Unavailable");
  assert.equal(response.headers.get("x-own"), null);
  assert.equal(errors.length, 1);
});

test("a bad request is a 400, and not written down", async (t) => {
  const transport = [cookieTransport(), headerTransport()];
  const store = new CookieSessionStore({ secret: SECRET, transport, onEvent });
  const { url, errors } = await serve(t, store, (req, res) => {
    req.session.set("a", 1);
    res.end();
  });
  const cookie = cookiesOf(await get(url));
  const token = (await get(url, { "x-session-id": "" })).headers.get("x-session-id") ?? "";
  const response = await get(url, { cookie, "x-session-id": token });
  assert.equal(response.status, 400);
  assert.equal(await response.text(), "Bad Request");
  assert.deepEqual(errors, []);
});

test("onError answers in place of a handler that failed, without its headers and never with its success", async (t) => {
  const seen: unknown[] = [];
  const { url, errors } = await serve(
    t,
    quick(),
    (req, res) => {
      req.session.set("a", 1);
      res.setHeader("content-length", 3);
      throw BUG;
    },
    {
      async onError(error, request, res) {
        await tick();
        seen.push(error, request.url);
        res.end("sorry");
      },
    },
  );
  const response = await get(url);
  assert.equal(response.status, 500);
  assert.equal(await response.text(), "sorry");
  assert.deepEqual(seen, [BUG, "/"]);
  assert.deepEqual(errors, []);
});

test("onError is told of what went wrong after the answer began, and cannot leave half of it open", async (t) => {
  const begun: boolean[] = [];
  const { url } = await serve(
    t,
    quick(),
    async (_req, res) => {
      res.write("half");
      await tick();
      throw BUG;
    },
    { onError: (_error, _req, res) => begun.push(res.headersSent) },
  );
  await assert.rejects(get(url).then((response) => response.text()));
  assert.deepEqual(begun, [true]);
});

for (const how of ["throws", "rejects"]) {
  test(`an onError that ${how} is a 500 all the same`, async (t) => {
    const worse = new Error("worse");
    const { url, errors } = await serve(
      t,
      quick(),
      () => {
        throw BUG;
      },
      {
        onError() {
          if (how === "throws") throw worse;
          return Promise.reject(worse);
        },
      },
    );
    const response = await get(url);
    assert.equal(response.status, 500);
    assert.equal(await response.text(), "Internal Server Error");
    assert.deepEqual(errors, [worse]);
  });
}

test("invariant 5, the dead stay dead: a logout takes effect though the handler fails after it", async (t) => {
  const store = new InMemorySessionStore({ onEvent });
  const { url } = await serve(t, store, (req, res) => {
    if (req.url === "/login") req.session.login("ada");
    if (req.url === "/logout") {
      req.session.logout();
      throw BUG;
    }
    res.end(req.session.subject ?? "nobody");
  });
  const cookie = cookiesOf(await get(`${url}/login`));
  const response = await get(`${url}/logout`, { cookie });
  assert.equal(response.status, 500);
  assert.match(response.headers.getSetCookie()[0] ?? "", /^__Host-session=;/);
  assert.equal(await (await get(url, { cookie })).text(), "nobody");
});

test("requests in a row on one connection are answered in their order", async (t) => {
  let count = 0;
  const { url } = await serve(t, slow(), async (req, res) => {
    count += 1;
    req.session.set("count", count);
    const text = `answer ${count};`;
    await tick();
    res.end(text);
  });
  const text = await sendRaw(t, url, "GET /1", "GET /2", "GET /3");
  assert.deepEqual(text.match(/answer \d/g), ["answer 1", "answer 2", "answer 3"]);
  assert.equal(text.match(/set-cookie: __Host-session=/gi)?.length, 3);
});

test("a client that goes while the session is loaded leaves nothing behind", async (t) => {
  const loading = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  const store = quick();
  const handled = Promise.withResolvers<void>();
  const { url, errors } = await serve(
    t,
    {
      async load(request) {
        loading.resolve();
        await gone.promise;
        return store.load(request);
      },
      save: (request, response, session) => store.save(request, response, session),
    },
    (req, res) => {
      req.session.set("a", 1);
      res.end("nobody reads this");
      handled.resolve();
    },
  );
  const abort = new AbortController();
  const request = fetch(url, { signal: abort.signal }).catch((error: Error) => error.name);
  await loading.promise;
  abort.abort();
  assert.equal(await request, "AbortError");
  gone.resolve();
  await handled.promise;
  await tick();
  assert.deepEqual(errors, []);
});

test("what a handler returns may be anything with a then", async (t) => {
  const later = (act: () => void) => setTimeout(act, 1);
  const shapes: Record<string, (response: ServerResponse) => unknown> = {
    later: (response) => ({
      // biome-ignore lint/suspicious/noThenProperty: this is the point
      then: (done: () => void) =>
        later(() => {
          response.end("ok");
          done();
        }),
    }),
    // biome-ignore lint/suspicious/noThenProperty: this is the point
    nested: () => ({ then: (done: (value: unknown) => void) => done(Promise.reject(BUG)) }),
    twice: () => ({
      // biome-ignore lint/suspicious/noThenProperty: this is the point
      then: (_: unknown, fail: (error: unknown) => void) => {
        fail(BUG);
        fail(BUG);
      },
    }),
  };
  const store = new CookieSessionStore({ secret: SECRET });
  const { url, errors } = await serve(t, store, (request, response) =>
    shapes[request.url?.slice(1) ?? ""]?.(response),
  );
  assert.equal(await (await get(`${url}/later`)).text(), "ok");
  for (const path of ["nested", "twice"]) assert.equal((await get(`${url}/${path}`)).status, 500);
  assert.deepEqual(errors, [BUG, BUG]);
});

test("a request that skip excludes has no session to use, and its handler is looked after as any other", async (t) => {
  const { url, errors } = await serve(
    t,
    broken,
    (req, res) => {
      if (req.url === "/static/use") req.session.set("a", 1);
      res.end("a file");
    },
    { skip: ({ url = "" }) => url.startsWith("/static") },
  );
  assert.equal(await (await get(`${url}/static/style.css`)).text(), "a file");
  assert.equal((await get(`${url}/static/use`)).status, 500);
  refusal("ERR_SESSION_MISSING")(errors[0]);
});

test("two kinds of session in one application, each with its own name and cookie", async (t) => {
  const withSession = sessions({ secret: SECRET, onEvent });
  const withAdmin = sessions<{ level: number }, "admin">({
    secret: SECRET,
    property: "admin",
    cookie: { name: "admin" },
    onEvent,
  });
  const handler = withSession((req, res) =>
    withAdmin((inner: IncomingMessage & WithSession<{ level: number }, "admin">, response) => {
      req.session.set("a", 1);
      inner.admin.set("level", 2);
      response.end();
    })(req, res),
  );
  const response = await get(await listenOn(t, createServer(handler)));
  assert.deepEqual(cookieNames(response).sort(), ["__Host-admin", "__Host-session"]);
});

test("what other libraries do to end a session is refused aloud", async (t) => {
  const { url, errors } = await serve(t, quick(), (req) => {
    Object.assign(req, { session: null });
  });
  assert.equal((await get(url)).status, 500);
  assert.match(String(errors[0]), /TypeError: .*req\.session\.logout\(\)/);
});

test("bad options are refused at construction", () => {
  const store = new InMemorySessionStore();
  const config = refusal("ERR_SESSION_CONFIG");
  assert.throws(() => sessions(store, { onError: 1 } as never), config);
  assert.throws(() => sessions(store, { skip: "/static" } as never), config);
  assert.throws(() => sessions(store, { property: "a b" } as never), config);
  assert.throws(() => sessions(store, { mount: 1 } as never), config);
});

for (const [which, createStore] of Object.entries({ "at once": quick, later: () => slow() })) {
  test(`HTTP/2, with a save that is done ${which}: saved before seen, and a handler that fails is a 500`, async (t) => {
    const errors = collectErrors(t);
    const withSession = sessions(createStore(), { onEvent });
    const server = createHttp2Server(
      withSession((req, res) => {
        req.session.set("a", 1);
        if (req.url === "/throw") throw BUG;
        res.write("one ");
        res.end("two");
      }),
    );
    const url = await listenOn(t, server);
    const answer = await getByHttp2(t, url, "/");
    assert.deepEqual([answer.status, answer.body], [200, "one two"]);
    assert.match(answer.cookies[0] ?? "", /^__Host-session=[^;]/);
    const failed = await getByHttp2(t, url, "/throw");
    assert.deepEqual([failed.status, failed.body], [500, "Internal Server Error"]);
    assert.deepEqual(failed.cookies, []);
    assert.deepEqual(errors, [BUG]);
  });
}

test("HTTP/2: a save that fails is a 503", async (t) => {
  const errors = collectErrors(t);
  const withSession = sessions(slow(true), { onEvent });
  const server = createHttp2Server(
    withSession((req, res) => {
      req.session.set("a", 1);
      res.end("done");
    }),
  );
  const answer = await getByHttp2(t, await listenOn(t, server), "/");
  assert.deepEqual([answer.status, answer.body], [503, "Service Unavailable"]);
  assert.equal(errors.length, 1);
});

test("requirement 23: a Secure cookie over HTTP/2 without TLS to another host is an event", async (t) => {
  const hosts: string[] = [];
  const store = new CookieSessionStore({
    secret: SECRET,
    onEvent: (event) => void (event.type === "insecure-transport" && hosts.push(event.host)),
  });
  const withSession = sessions(store);
  const server = createHttp2Server((req, res) => {
    req.headers[":authority"] = "shop.example";
    withSession<Http2ServerRequest, Http2ServerResponse>((request, response) => {
      request.session.set("a", 1);
      response.end();
    })(req, res);
  });
  await getByHttp2(t, await listenOn(t, server), "/");
  assert.deepEqual(hosts, ["shop.example"]);
});

test("types: a session holds what its type says, under the name it was given", () => {
  const withSession = sessions<{ count: number }>(SECRET);
  const withAdmin = sessions<{ level: number }, "admin">(SECRET, { property: "admin" });
  void [
    withSession((req) => {
      const session: Session<{ count: number }> = req.session;
      // @ts-expect-error there is no such key
      session.get("level");
      // @ts-expect-error a count is a number
      session.set("count", "1");
      // @ts-expect-error the session cannot be replaced
      req.session = session;
    }),
    withAdmin((req) => {
      const level: number | undefined = req.admin.get("level");
      // @ts-expect-error it is under another name
      void [level, req.session];
    }),
    // @ts-expect-error a handler takes a request
    withSession((req: string) => req),
    createServer(withSession((req, res) => res.end(String(req.session.get("count", 0))))),
  ];
  // @ts-expect-error the name is that of the type
  assert.ok(sessions<{ level: number }, "admin">(SECRET, { property: "other" }));
});
