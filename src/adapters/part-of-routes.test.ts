import assert from "node:assert/strict";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { type TestContext, test } from "node:test";
import connect from "connect";
import express from "express";
import express4 from "express4";
import fastify, { type FastifyRequest } from "fastify";
import { H3, type H3Event } from "h3";
import { type Context, Hono } from "hono";
import { CookieSessionStore, type Session, type SessionStore } from "keepsake";
import { sessions as expressSessions, sessionOf as ofExpress } from "keepsake/adapters/express";
import { sessions as fastifySessions, sessionOf as ofFastify } from "keepsake/adapters/fastify";
import { sessions as fetchSessions } from "keepsake/adapters/fetch";
import { sessions as h3Sessions, sessionOf as ofH3 } from "keepsake/adapters/h3";
import { sessions as honoSessions, sessionOf as ofHono } from "keepsake/adapters/hono";
import { sessions as koaSessions, sessionOf as ofKoa } from "keepsake/adapters/koa";
import { sessions as nodeSessions, sessionOf as ofNode } from "keepsake/adapters/node";
import { CookieJar } from "keepsake/testing";
import Koa from "koa";
import { SECRET } from "../core/kit.test.ts";
import { cookieNames, listenOn } from "./node-kit.test.ts";

/** Counts the visits of a session, or says that there is none. */
function count(find: () => Session): string {
  try {
    const session = find();
    session.modify("count", (before) => Number(before ?? 0) + 1);
    return String(session.get("count"));
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}

/** Serves an application with sessions under `/shop` alone. */
type Serve = (
  t: TestContext,
  store: SessionStore,
) => Promise<(path: string, cookie: string) => Promise<Response>>;

async function over(t: TestContext, listener: RequestListener) {
  const url = await listenOn(t, createServer(listener));
  return (path: string, cookie: string) => fetch(`${url}${path}`, { headers: { cookie } });
}

const route = (req: IncomingMessage, res: ServerResponse) =>
  void res.end(count(() => ofExpress(req)));

const expressWith =
  (create: typeof express): Serve =>
  (t, store) => {
    const app = create();
    app.use("/shop", expressSessions(store));
    app.use(route);
    return over(t, app);
  };

const requestOf = (path: string, cookie: string) =>
  new Request(`http://localhost${path}`, { headers: { cookie } });

const inShop = (path = "") => path.startsWith("/shop/");

const adapters: Record<string, Serve> = {
  express: expressWith(express),
  express4: expressWith(express4),
  connect(t, store) {
    const app = connect();
    app.use("/shop", expressSessions(store));
    app.use(route);
    return over(t, app);
  },
  koa(t, store) {
    const withSession = koaSessions(store);
    const app = new Koa();
    app.use((ctx, next) => (inShop(ctx.path) ? withSession(ctx, next) : next()));
    app.use((ctx) => {
      ctx.body = count(() => ofKoa(ctx));
    });
    return over(t, app.callback());
  },
  async fastify(t, store) {
    const app = fastify();
    const handler = async (request: FastifyRequest) => count(() => ofFastify(request));
    app.register(
      async (part) => {
        await part.register(fastifySessions(store));
        part.get("/*", handler);
      },
      { prefix: "/shop" },
    );
    app.get("/*", handler);
    await app.ready();
    return over(t, (request, response) => app.routing(request, response));
  },
  node(t, store) {
    const handler = (req: IncomingMessage, res: ServerResponse) =>
      void res.end(count(() => ofNode(req)));
    const shop = nodeSessions(store)(handler);
    return over(t, (req, res) => (inShop(req.url) ? shop : handler)(req, res));
  },
  async fetch(_t, store) {
    const shop = fetchSessions(store)((_, session) => new Response(count(() => session)));
    return async (path, cookie) =>
      inShop(path) ? shop(requestOf(path, cookie)) : new Response("ERR_SESSION_MISSING");
  },
  async hono(_t, store) {
    const app = new Hono()
      .use("/shop/*", honoSessions(store))
      .all("*", (c: Context) => c.text(count(() => ofHono(c))));
    return async (path, cookie) => app.fetch(requestOf(path, cookie));
  },
  async h3(_t, store) {
    const app = new H3()
      .use("/shop/**", h3Sessions(store))
      .all("/**", (event: H3Event) => count(() => ofH3(event)));
    return async (path, cookie) => app.fetch(requestOf(path, cookie));
  },
};

for (const [adapter, serve] of Object.entries(adapters)) {
  test(`${adapter}: on a part of the routes there are sessions, with cookies for it alone, and none elsewhere`, async (t) => {
    const cookie = { path: "/shop" };
    const store = new CookieSessionStore({ secret: SECRET, cookie, onEvent: () => undefined });
    const ask = await serve(t, store);
    const jar = new CookieJar(Date.now);
    const visit = async (path: string) => {
      const response = await ask(path, jar.header(path) ?? "");
      jar.store(response);
      return response;
    };
    const first = await visit("/shop/cart");
    assert.equal(await first.text(), "1");
    assert.deepEqual(cookieNames(first), ["__Secure-session"]);
    assert.match(first.headers.getSetCookie()[0] ?? "", /; Path=\/shop;/);
    assert.equal(await (await visit("/shop/other")).text(), "2");

    const elsewhere = await visit("/about");
    assert.equal(await elsewhere.text(), "ERR_SESSION_MISSING");
    assert.deepEqual([cookieNames(elsewhere), elsewhere.headers.get("vary")], [[], null]);
    assert.equal(jar.header("/about"), undefined, "what a browser sends there");
    assert.equal(await (await visit("/shop/cart")).text(), "3");
  });
}
