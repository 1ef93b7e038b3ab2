import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { CookieSessionStore, SessionError } from "keepsake";
import { type SessionContext, sessions } from "keepsake/adapters/koa";
import Koa from "koa";
import { testAdapter } from "../../probe/adapter-cases.ts";
import { SECRET } from "../core/kit.test.ts";
import { get, leaveWhileSaving, quick, slow, tick } from "./express-kit.test.ts";
import { type Data, FILE, type Handler, onEvent, serve, set } from "./koa-kit.test.ts";
import { cookieNames, getByHttp2, listenOn, sendRaw } from "./node-kit.test.ts";

testAdapter("koa");

const shapes: Record<string, [handler: Handler, status: number, body: string | RegExp]> = {
  "a redirect": [(ctx) => ctx.redirect("/next"), 302, /Redirecting/],
  "a body of JSON": [
    (ctx) => {
      ctx.body = { a: 1 };
    },
    200,
    '{"a":1}',
  ],
  "a file": [
    (ctx) => {
      ctx.body = createReadStream(FILE);
    },
    200,
    /^import /,
  ],
  "a web stream": [
    (ctx) => {
      ctx.body = new Blob(["one ", "two"]).stream();
    },
    200,
    "one two",
  ],
  "a Response": [
    (ctx) => {
      ctx.body = new Response("fetched", { status: 201, headers: { "set-cookie": "own=1" } });
    },
    201,
    "fetched",
  ],
  "server-sent events": [
    (ctx) => {
      const events = new PassThrough();
      ctx.type = "text/event-stream";
      ctx.body = events;
      events.write("data: 1\n\n");
      setImmediate(() => events.end("data: 2\n\n"));
    },
    200,
    "data: 1\n\ndata: 2\n\n",
  ],
  "an empty answer": [
    (ctx) => {
      ctx.status = 204;
    },
    204,
    "",
  ],
  "an answer that is not modified": [
    (ctx) => {
      ctx.status = 200;
      ctx.etag = "x";
      if (ctx.fresh) ctx.status = 304;
    },
    304,
    "",
  ],
  "an answer by hand": [
    (ctx) => {
      ctx.respond = false;
      ctx.res.writeHead(202, { "set-cookie": ["own=1", "other=2"] });
      ctx.res.write("by ");
      setImmediate(() => ctx.res.end("hand"));
    },
    202,
    "by hand",
  ],
  "an answer that flushes its headers": [
    (ctx) => {
      ctx.status = 200;
      ctx.flushHeaders();
      ctx.body = "flushed";
    },
    200,
    "flushed",
  ],
  "headers as arrays": [
    (ctx) => {
      ctx.set("Set-Cookie", ["own=1", "other=2"]);
      ctx.cookies.set("third", "3");
      ctx.body = "ok";
    },
    200,
    "ok",
  ],
  "ctx.throw below 500": [(ctx) => ctx.throw(403, "no entry"), 403, "no entry"],
};

for (const [which, store] of Object.entries({ "at once": quick, later: slow })) {
  for (const [shape, [handler, status, body]] of Object.entries(shapes)) {
    test(`invariant 3, saved before seen: ${shape}, saved ${which}`, async (t) => {
      const { url } = await serve(t, store(), (ctx, next) => {
        ctx.session.set("a", 1);
        return handler(ctx, next);
      });
      const headers = { "if-none-match": '"x"', "cache-control": "max-age=0" };
      const response = await fetch(url, { headers, redirect: "manual" });
      assert.equal(response.status, status);
      const text = await response.text();
      if (typeof body === "string") assert.equal(text, body);
      else assert.match(text, body);
      const names = cookieNames(response);
      assert.equal(names.at(-1), "__Host-session");
      assert.equal(new Set(names).size, names.length);
      if (shape === "headers as arrays")
        assert.deepEqual(names.slice(0, 3), ["own", "other", "third"]);
      if (shape === "an answer by hand") assert.deepEqual(names.slice(0, 2), ["own", "other"]);
    });
  }

  test(`HTTP/2, saved ${which}`, async (t) => {
    const app = new Koa();
    app.use(sessions(store(), { onEvent })).use((ctx) => {
      ctx.session.set("a", 1);
      if (ctx.path === "/stream") ctx.body = createReadStream(FILE);
      else ctx.body = "done";
    });
    const url = await listenOn(t, createHttp2Server(app.callback()));
    for (const path of ["/", "/stream"]) {
      const { status, cookies, body } = await getByHttp2(t, url, path);
      assert.deepEqual([status, cookies.length], [200, 1]);
      assert.match(body, path === "/" ? /^done$/ : /^import /);
    }
  });

  test(`requests in one go on one connection are answered in order, saved ${which}`, async (t) => {
    const { url } = await serve(t, store(), async (ctx) => {
      ctx.session.set("a", 1);
      if (ctx.path === "/1") await tick();
      ctx.body = `answer ${ctx.path}`;
    });
    const text = await sendRaw(t, url, "GET /1", "HEAD /2", "GET /3");
    assert.deepEqual(text.match(/answer .2?[13]/g), ["answer /1", "answer /3"]);
    assert.equal(text.match(/set-cookie: __Host-session/gi)?.length, 3);
  });
}

test("early hints leave at once, and what follows waits for the save", async (t) => {
  const { url } = await serve(t, slow(), (ctx) => {
    ctx.session.set("a", 1);
    ctx.res.writeEarlyHints({ link: "</style.css>; rel=preload" });
    ctx.body = "done";
  });
  assert.match(
    await sendRaw(t, url, "GET /"),
    /^HTTP\/1.1 103 [\s\S]*HTTP\/1.1 200 OK[\s\S]*set-cookie: __Host-session[\s\S]*done$/i,
  );
});

test("two kinds of session in one application, each in a cookie of its own", async (t) => {
  const app = new Koa<Koa.DefaultState, object>();
  const admin = new CookieSessionStore({ secret: SECRET, cookie: { name: "admin" }, onEvent });
  const typed = app
    .use(sessions<Data>(SECRET, { onEvent }))
    .use(sessions(admin, { property: "adminSession", onEvent }));
  typed.use((ctx) => {
    if (ctx.path === "/both") ctx.session.set("a", 1);
    ctx.adminSession.set("b", 2);
    ctx.body = "done";
  });
  const url = await listenOn(t, createServer(app.callback()));
  assert.deepEqual(cookieNames(await get(`${url}/both`)), ["__Host-admin", "__Host-session"]);
  assert.deepEqual(cookieNames(await get(`${url}/admin`)), ["__Host-admin"]);
});

test("routes that the middleware is not mounted on have no session", async (t) => {
  const app = new Koa();
  const withSession = sessions(SECRET, { onEvent });
  app.use((ctx, next) => (ctx.path.startsWith("/with/") ? withSession(ctx, next) : next()));
  app.use((ctx) => {
    ctx.body = "session" in ctx;
  });
  const url = await listenOn(t, createServer(app.callback()));
  assert.equal(await (await get(`${url}/with/session`)).json(), true);
  assert.equal(await (await get(`${url}/without`)).json(), false);
});

test("skip excludes a request, and using its session throws", async (t) => {
  const app = new Koa();
  const skip = ({ path }: { readonly path: string }) => path.startsWith("/static");
  app.use(sessions(SECRET, { onEvent, skip }));
  app.use((ctx) => {
    ctx.session.set("a", 1);
    ctx.body = "used";
  });
  const errors: unknown[] = [];
  app.on("error", (error: SessionError) => errors.push(error.code));
  const url = await listenOn(t, createServer(app.callback()));
  assert.equal((await get(`${url}/static/style.css`)).status, 500);
  assert.deepEqual(errors, ["ERR_SESSION_MISSING"]);
  assert.equal(await (await get(url)).text(), "used");
});

test("what other libraries do to end a session is refused aloud", async (t) => {
  const { url, errors } = await serve(t, quick(), (ctx) => {
    Object.assign(ctx, { session: null });
  });
  assert.equal((await get(url)).status, 500);
  assert.match(String(errors[0]), /TypeError: .*ctx\.session\.logout\(\)/);
});

test("property must be a name", () => {
  for (const property of ["", "a b", 1, null, "1a", "x".repeat(99).concat(" ")]) {
    assert.throws(
      () => sessions(SECRET, { property: property as string }),
      /sessions: property must be a name such as "adminSession"/,
    );
  }
});

test("a client that goes while the save is under way harms nobody", async (t) => {
  let errors: readonly unknown[] = [];
  await leaveWhileSaving(async (store, began) => {
    const served = await serve(t, store, set, (ctx, next) => {
      began(ctx.res);
      return next();
    });
    errors = served.errors;
    return served.url;
  });
  // Koa itself tells of the connection.
  assert.deepEqual(
    errors.filter((error) => error instanceof SessionError),
    [],
  );
});

test("types: the data is the argument of sessions, in what use gives back", () => {
  const app = new Koa().use(sessions<Data>(SECRET, { onEvent }));
  app.use((ctx) => {
    const a: number = ctx.session.get("a", 0);
    ctx.session.set("a", a + 1);
    // @ts-expect-error a is a number
    ctx.session.set("a", "one");
    // @ts-expect-error there is no such key
    ctx.session.get("b");
    // @ts-expect-error it cannot be replaced
    ctx.session = undefined;
  });
  const fits: Koa.Middleware[] = [sessions(SECRET, { onEvent })];
  assert.equal(fits.length, 1);
  const wide = new Koa<Koa.DefaultState, SessionContext<Data>>();
  wide.use(sessions<Data>(SECRET, { onEvent }));
  wide.use((ctx) => {
    // @ts-expect-error there is no such key
    ctx.session.get("b");
  });
  // @ts-expect-error the name of another property has to be in the type, too
  sessions<Data>(SECRET, { property: "other" });
  // @ts-expect-error there is no such option
  assert.throws(() => sessions(SECRET, { rolling: true }));
});
