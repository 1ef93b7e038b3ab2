import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import { type TestContext, test } from "node:test";
import connect from "connect";
import express from "express";
import express4 from "express4";
import { H3 } from "h3";
import { Hono } from "hono";
import {
  CookieSessionStore,
  InMemorySessionStore,
  type Session,
  type SessionStore,
} from "keepsake";
import { sessions as expressSessions, sessionOf } from "keepsake/adapters/express";
import { sessions as fetchSessions } from "keepsake/adapters/fetch";
import { sessions as h3Sessions } from "keepsake/adapters/h3";
import { sessions as honoSessions } from "keepsake/adapters/hono";
import { sessions as koaSessions } from "keepsake/adapters/koa";
import { sessions as nextSessions } from "keepsake/adapters/next";
import { sessions as nodeSessions } from "keepsake/adapters/node";
import { CookieJar } from "keepsake/testing";
import Koa from "koa";
import { SECRET } from "../core/kit.test.ts";
import { listenOn } from "./node-kit.test.ts";

// The same line twice: once for the whole application, and once more for a part of it. Fastify itself refuses that.

const onEvent = () => undefined;
const options = { onEvent };

/** What the application does between the two, and in the route. */
const between = (session: Session) => session.modify("between", (n) => Number(n ?? 0) + 1);
function route(path: string, session: Session): string {
  if (path === "/login") session.login("ada", { keep: ["between"] });
  if (path === "/logout") session.logout();
  if (path === "/set") session.set("route", 1);
  return JSON.stringify([session.subject ?? null, session.toObject()]);
}

/** Serves an application with two middleware in a row, one on each of these stores. */
type Serve = (
  t: TestContext,
  outer: SessionStore,
  inner: SessionStore,
  told: (error: unknown) => void,
) => Promise<(path: string, cookie: string) => Promise<Response>>;

async function over(t: TestContext, listener: RequestListener) {
  const url = await listenOn(t, createServer(listener));
  return (path: string, cookie: string) => fetch(`${url}${path}`, { headers: { cookie } });
}

const requestOf = (path: string, cookie: string) =>
  new Request(`http://localhost${path}`, { headers: { cookie } });

const expressWith =
  (create: typeof express): Serve =>
  (t, outer, inner, told) => {
    const app = create();
    app.use(expressSessions(outer, options));
    app.use((req, _res, next) => {
      between(req.session);
      next();
    });
    const router = create.Router();
    router.use(expressSessions(inner, options));
    router.use((req, res) => void res.send(route(req.path, req.session)));
    app.use(router);
    const onError: express.ErrorRequestHandler = (error, _req, res, _next) => {
      told(error);
      res.end();
    };
    app.use(onError);
    return over(t, app);
  };

const adapters: Record<string, Serve> = {
  express: expressWith(express),
  express4: expressWith(express4),
  connect(t, outer, inner, told) {
    const app = connect();
    app.use(expressSessions(outer, options));
    app.use((req, _res, next) => {
      between(sessionOf(req));
      next();
    });
    app.use(expressSessions(inner, options));
    app.use((req, res) => void res.end(route(req.url ?? "", sessionOf(req))));
    const onError: connect.ErrorHandleFunction = (error, _req, res, _next) => {
      told(error);
      res.end();
    };
    app.use(onError);
    return over(t, app);
  },
  koa(t, outer, inner, told) {
    const app = new Koa<Koa.DefaultState, object>();
    app.on("error", told);
    app
      .use(koaSessions(outer, options))
      .use((ctx, next) => {
        between(ctx.session);
        return next();
      })
      .use(koaSessions(inner, options))
      .use((ctx) => {
        ctx.body = route(ctx.path, ctx.session);
      });
    return over(t, app.callback());
  },
  async hono(_t, outer, inner, told) {
    const app = new Hono()
      .use(honoSessions(outer, options))
      .use((c, next) => {
        between(c.var.session);
        return next();
      })
      .use(honoSessions(inner, options))
      .all("*", (c) => c.text(route(c.req.path, c.var.session)))
      .onError((error, c) => {
        told(error);
        return c.text("", 500);
      });
    return async (path, cookie) => app.fetch(requestOf(path, cookie));
  },
  async h3(_t, outer, inner, told) {
    const app = new H3({ silent: true, onError: ({ cause }) => told(cause) })
      .use(h3Sessions(outer, options))
      .use(({ context }) => void between(context.session))
      .use(h3Sessions(inner, options))
      .all("/**", ({ url, context }) => route(url.pathname, context.session));
    return async (path, cookie) => app.fetch(requestOf(path, cookie));
  },
  node(t, outer, inner, told) {
    const onError = (error: unknown, _req: unknown, res: { end(): unknown }) => {
      told(error);
      res.end();
    };
    const handler = nodeSessions(inner, { onEvent, onError })((req, res) => {
      res.end(route(req.url ?? "", req.session));
    });
    return over(
      t,
      nodeSessions(outer, { onEvent, onError })((req, res) => {
        between(req.session);
        handler(req, res);
      }),
    );
  },
};

/** Those that hand the session to a function, where two stores are two sessions. */
const wrappers: Record<string, Serve> = {
  async fetch(_t, outer, inner) {
    const handler = fetchSessions(
      inner,
      options,
    )((request, session) => new Response(route(new URL(request.url).pathname, session)));
    const whole = fetchSessions(
      outer,
      options,
    )((request, session) => {
      between(session);
      return handler(request);
    });
    return (path, cookie) => whole(requestOf(path, cookie));
  },
  async next(_t, outer, inner) {
    const unused = {
      cookies: () => Promise.reject(new Error("unused")),
      headers: () => Promise.reject(new Error("unused")),
    };
    const handler = nextSessions(inner, { ...unused, onEvent }).route(
      (request, session) => new Response(route(new URL(request.url).pathname, session)),
    );
    const whole = nextSessions(outer, { ...unused, onEvent }).route((request, session) => {
      between(session);
      return handler(request);
    });
    return (path, cookie) => whole(requestOf(path, cookie));
  },
};

const stores: Record<string, () => SessionStore> = {
  "a cookie store": () => new CookieSessionStore({ secret: SECRET, onEvent }),
  "a server store": () => new InMemorySessionStore({ onEvent }),
};

for (const [adapter, serve] of Object.entries({ ...adapters, ...wrappers })) {
  for (const [which, create] of Object.entries(stores)) {
    test(`${adapter}, ${which}: sessions twice in the way of a request are one session`, async (t) => {
      const store = create();
      const ask = await serve(t, store, store, assert.ifError);
      const jar = new CookieJar(Date.now);
      const visit = async (path: string) => {
        const response = await ask(path, jar.header("/") ?? "");
        jar.store(response);
        assert.equal(new Set(response.headers.getSetCookie()).size <= 1, true, "one cookie");
        return response.json();
      };
      assert.deepEqual(await visit("/set"), [null, { between: 1, route: 1 }]);
      assert.deepEqual(await visit("/login"), ["ada", { between: 2 }]);
      assert.deepEqual(await visit("/read"), ["ada", { between: 3 }]);
      assert.deepEqual(await visit("/logout"), [null, {}]);
      assert.deepEqual(await visit("/read"), [null, { between: 1 }]);
    });
  }
}

for (const [adapter, serve] of Object.entries(adapters)) {
  test(`${adapter}: a session of another store in its place is an error that names property`, async (t) => {
    const errors: unknown[] = [];
    const [outer, inner] = [new InMemorySessionStore(), new InMemorySessionStore()];
    const ask = await serve(t, outer, inner, (error) => errors.push(error));
    await ask("/set", "").then((response) => response.text());
    const [error] = errors;
    assert.ok(error instanceof Error && "code" in error);
    assert.equal(error.code, "ERR_SESSION_CONFIG");
    assert.match(error.message, /session of another store already.*property: "adminSession"/);
    assert.equal(errors.length, 1);
  });
}

test("a wrapper around another request, or after the first has answered, has a session of its own", async () => {
  const store = new InMemorySessionStore({ onEvent });
  const withSession = fetchSessions(store, options);
  const seen = new Set<Session>();
  const handler = withSession((_, session) => {
    seen.add(session);
    return new Response(session.id);
  });
  const request = requestOf("/", "");
  await handler(request);
  await handler(request);
  assert.equal(seen.size, 2);
});

test("a session that is saved by then is none any more, and another one is loaded", async (t) => {
  const store = new InMemorySessionStore({ onEvent });
  const withSession = koaSessions(store, options);
  const app = new Koa().use(async (ctx, next) => {
    await withSession(ctx, async () => void ctx.session.subject);
    await withSession(ctx, next);
  });
  app.use((ctx) => {
    ctx.body = route("/set", ctx.session);
  });
  const visit = await over(t, app.callback());
  const response = await visit("/", "");
  assert.deepEqual([response.status, store.size], [200, 1]);
});

test("where skip leaves a request out, the session of another middleware stays in its place", async () => {
  const isAdmin = (path: string) => path.startsWith("/admin");
  const [shop, admin] = [new InMemorySessionStore(), new InMemorySessionStore()];
  const app = new Hono()
    .use(honoSessions(shop, { skip: (c) => isAdmin(c.req.path) }))
    .use(honoSessions(admin, { skip: (c) => !isAdmin(c.req.path) }))
    .all("*", (c) => c.text(String(c.var.session.set("a", 1))));
  assert.equal((await app.request("/shop")).status, 200);
  assert.deepEqual([shop.size, admin.size], [1, 0]);
  assert.equal((await app.request("/admin")).status, 200);
  assert.deepEqual([shop.size, admin.size], [1, 1]);
});
