import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { TestContext } from "node:test";
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
import { sessions as nodeSessions } from "keepsake/adapters/node";
import Koa from "koa";
import { statusOf } from "../../probe/app.ts";
import { listenOn } from "./node-kit.test.ts";

// Applications with two kinds of session, one for each adapter; it has no tests of its own.

export interface TwoSessions {
  readonly session: Session;
  readonly adminSession: Session;
}

/** Says what to answer to a request. */
export type Act = (path: string, sessions: TwoSessions) => string;

/** Serves an application whose sessions are in these two stores. */
export type ServeTwo = (
  t: TestContext,
  session: SessionStore,
  admin: SessionStore,
  act: Act,
) => Promise<(path: string, cookie: string) => Promise<Response>>;

const onEvent = () => undefined;
const property = "adminSession";
const second = { property, onEvent } as const;

/** A route as Express and Connect take it. */
const answerWith = (act: Act) => (req: IncomingMessage, res: ServerResponse) => {
  const session = sessionOf(req);
  res.end(act(req.url ?? "", { session, adminSession: sessionOf(req, property) }));
};
/** Quiet, and with the status of the error. */
const onError = (error: unknown, _req: IncomingMessage, res: ServerResponse, _next: unknown) => {
  res.statusCode = statusOf(error);
  res.end("sorry");
};

async function over(t: TestContext, listener: Parameters<typeof createServer>[1]) {
  const url = await listenOn(t, createServer(listener ?? (() => undefined)));
  return (path: string, cookie: string) => fetch(`${url}${path}`, { headers: { cookie } });
}

const expressWith =
  (create: typeof express): ServeTwo =>
  (t, session, admin, act) => {
    const app = create();
    app.use(expressSessions(session, { onEvent }), expressSessions(admin, second));
    app.use(answerWith(act));
    app.use(onError);
    return over(t, app);
  };

const requestOf = (path: string, cookie: string) =>
  new Request(`http://localhost${path}`, { headers: { cookie } });

export const serveTwo: Record<string, ServeTwo> = {
  express: expressWith(express),
  express4: expressWith(express4),
  connect(t, session, admin, act) {
    const app = connect();
    app.use(expressSessions(session, { onEvent }));
    app.use(expressSessions(admin, second));
    app.use(answerWith(act));
    app.use(onError);
    return over(t, app);
  },
  koa(t, session, admin, act) {
    const app = new Koa<Koa.DefaultState, object>();
    app.silent = true;
    app
      .use(koaSessions(session, { onEvent }))
      .use(koaSessions(admin, second))
      .use((ctx) => {
        ctx.body = act(ctx.path, ctx);
      });
    return over(t, app.callback());
  },
  async fastify(t, session, admin, act) {
    const app = fastify();
    await app.register(fastifySessions(session, { onEvent }));
    await app.register(fastifySessions(admin, second));
    app.all("/*", async (request) => act(request.url, request));
    t.after(() => app.close());
    return async (url, cookie) => {
      const { statusCode, headers, body } = await app.inject({ url, headers: { cookie } });
      const response = new Response(body, { status: statusCode });
      for (const line of [headers["set-cookie"] ?? []].flat()) {
        response.headers.append("set-cookie", line);
      }
      return response;
    };
  },
  node(t, session, admin, act) {
    const quietly = {
      onError: (error: unknown, req: IncomingMessage, res: ServerResponse) =>
        onError(error, req, res, undefined),
    };
    const withSession = nodeSessions(session, { onEvent, ...quietly });
    const withAdmin = nodeSessions(admin, { ...second, ...quietly });
    return over(
      t,
      withSession((outer, res) =>
        withAdmin((req, response) => {
          response.end(act(req.url ?? "", { session: outer.session, ...req }));
        })(outer, res),
      ),
    );
  },
  async fetch(_t, session, admin, act) {
    const withSession = fetchSessions(session, { onEvent, onError: sorry });
    const withAdmin = fetchSessions(admin, { onEvent, onError: sorry });
    const handler = withSession((request, session) => {
      const inner = withAdmin(
        (_, adminSession) =>
          new Response(act(new URL(request.url).pathname, { session, adminSession })),
      );
      return inner(request);
    });
    return (path, cookie) => handler(requestOf(path, cookie));
  },
  async hono(_t, session, admin, act) {
    const app = new Hono()
      .use(honoSessions(session, { onEvent }))
      .use(honoSessions(admin, second))
      .all("*", (c) => c.body(act(c.req.path, c.var)));
    return async (path, cookie) => app.fetch(requestOf(path, cookie));
  },
  async h3(_t, session, admin, act) {
    const app = new H3({ silent: true })
      .use(h3Sessions(session, { onEvent }))
      .use(h3Sessions(admin, second))
      .all("/**", ({ url, context }) => act(url.pathname, context));
    return async (path, cookie) => app.fetch(requestOf(path, cookie));
  },
};

function sorry(error: unknown): Response {
  return new Response("sorry", { status: statusOf(error) });
}
