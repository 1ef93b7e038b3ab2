import assert from "node:assert/strict";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import { type TestContext, test } from "node:test";
import connect from "connect";
import express from "express";
import express4 from "express4";
import fastify from "fastify";
import { H3 } from "h3";
import { Hono } from "hono";
import type { Session, SessionStore } from "keepsake";
import { sessions as expressSessions, sessionOf } from "keepsake/adapters/express";
import { sessions as fastifySessions } from "keepsake/adapters/fastify";
import { sessions as fetchSessions } from "keepsake/adapters/fetch";
import { sessions as h3Sessions } from "keepsake/adapters/h3";
import { sessions as honoSessions } from "keepsake/adapters/hono";
import { sessions as koaSessions } from "keepsake/adapters/koa";
import { sessions as nextSessions } from "keepsake/adapters/next";
import { sessions as nodeSessions } from "keepsake/adapters/node";
import Koa from "koa";
import { failing, listenOn } from "./node-kit.test.ts";

// An application's error handler that says "sorry", and no status: what a client is told is no success, in any framework.

const options = { onEvent: () => undefined };
const change = (session: Session) => session.set("a", 1);

type Serve = (t: TestContext, store: SessionStore) => Promise<() => Promise<Response>>;

async function over(t: TestContext, listener: RequestListener) {
  const url = await listenOn(t, createServer(listener));
  return () => fetch(url);
}

const expressWith =
  (create: typeof express): Serve =>
  (t, store) => {
    const app = create();
    app.use(expressSessions(store, options));
    app.use((req, res) => {
      change(req.session);
      res.status(201).send("done");
    });
    const onError: express.ErrorRequestHandler = (_error, _req, res, _next) =>
      void res.send("sorry");
    app.use(onError);
    return over(t, app);
  };

const sorry = () => new Response("sorry");
const end = (_error: unknown, _request: unknown, response: ServerResponse) => response.end("sorry");
const request = () => new Request("http://localhost/");

const adapters: Record<string, Serve> = {
  express: expressWith(express),
  express4: expressWith(express4),
  connect(t, store) {
    const app = connect();
    app.use(expressSessions(store, options));
    app.use((req, res) => {
      change(sessionOf(req));
      res.end("done");
    });
    const onError: connect.ErrorHandleFunction = (_error, _req, res, _next) => res.end("sorry");
    app.use(onError);
    return over(t, app);
  },
  koa(t, store) {
    const app = new Koa();
    app.use(async (ctx, next) => {
      try {
        await next();
      } catch {
        ctx.body = "sorry";
      }
    });
    app.use(koaSessions(store, options)).use((ctx) => {
      change(ctx.session);
      ctx.body = "done";
    });
    return over(t, app.callback());
  },
  async fastify(t, store) {
    const app = fastify();
    app.setErrorHandler((_error, _request, reply) => reply.code(200).send("sorry"));
    app.register(fastifySessions(store, options));
    app.get("/", async ({ session }) => String(change(session)));
    await app.ready();
    return over(t, (incoming, response) => app.routing(incoming, response));
  },
  node: (t, store) =>
    over(
      t,
      nodeSessions(store, { ...options, onError: end })((req, res) => {
        change(req.session);
        res.end("done");
      }),
    ),
  async fetch(_t, store) {
    const withSession = fetchSessions(store, { ...options, onError: sorry });
    const handler = withSession((_, session) => new Response(String(change(session))));
    return () => handler(request());
  },
  async next(_t, store) {
    const { route } = nextSessions(store, {
      ...options,
      cookies: () => Promise.reject(new Error("unused")),
      headers: () => Promise.reject(new Error("unused")),
      onError: sorry,
    });
    const handler = route((_, session) => new Response(String(change(session))));
    return () => handler(request());
  },
  async hono(_t, store) {
    const app = new Hono()
      .use(honoSessions(store, options))
      .get("/", (c) => c.text(String(change(c.var.session)), 201))
      .onError((_, c) => c.text("sorry"));
    return async () => app.fetch(request());
  },
  async h3(_t, store) {
    const app = new H3({ silent: true, onError: () => "sorry" })
      .use(h3Sessions(store, options))
      .get("/", ({ context, res }) => {
        res.status = 201;
        res.statusText = "Made";
        return String(change(context.session));
      });
    return async () => app.fetch(request());
  },
};

const notLoading: SessionStore = {
  load: () => Promise.reject(new Error("down")),
  save: () => undefined,
};
const notLoadingAtOnce: SessionStore = {
  load() {
    throw new Error("down");
  },
  save: () => undefined,
};

for (const [adapter, serve] of Object.entries(adapters)) {
  for (const [what, store] of Object.entries({
    "a load that fails": notLoading,
    "a load that fails at once": notLoadingAtOnce,
    "a save that fails": failing(new Error("down")),
  })) {
    test(`${adapter}: after ${what} an error handler that says no status answers with that of the error`, async (t) => {
      const visit = await serve(t, store);
      const response = await visit();
      assert.deepEqual([response.status, await response.text()], [503, "sorry"]);
      assert.notEqual(response.statusText, "Made");
    });
  }
}

test("fetch: an answer of onError that is no success is left as it is, and its headers stay", async () => {
  const answers: readonly ResponseInit[] = [
    { status: 303, headers: { location: "/sorry" } },
    { status: 502, statusText: "Alas" },
    { status: 200, statusText: "Fine", headers: { "x-own": "1" } },
    { status: 204 },
  ];
  const seen: unknown[] = [];
  for (const init of answers) {
    const body = init.status === 204 ? null : "sorry";
    const onError = () => new Response(body, init);
    const handler = fetchSessions(notLoading, { ...options, onError })(() => new Response());
    const { status, statusText, headers } = await handler(request());
    seen.push([status, statusText, headers.get("location") ?? headers.get("x-own")]);
  }
  assert.deepEqual(seen, [
    [303, "", "/sorry"],
    [502, "Alas", null],
    [503, "", "1"],
    [503, "", null],
  ]);
});
