import assert from "node:assert/strict";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { type TestContext, test } from "node:test";
import connect from "connect";
import express, { type Request } from "express";
import express4 from "express4";
import fastify from "fastify";
import { H3 } from "h3";
import { Hono } from "hono";
import { InMemorySessionStore, type Session, SessionError, type SessionStore } from "keepsake";
import { sessions as expressSessions, sessionOf } from "keepsake/adapters/express";
import { sessions as fastifySessions } from "keepsake/adapters/fastify";
import { sessions as fetchSessions } from "keepsake/adapters/fetch";
import { sessions as h3Sessions } from "keepsake/adapters/h3";
import { sessions as honoSessions } from "keepsake/adapters/hono";
import { sessions as koaSessions } from "keepsake/adapters/koa";
import { sessions as nodeSessions } from "keepsake/adapters/node";
import Koa from "koa";
import { get } from "./express-kit.test.ts";
import { listenOn } from "./node-kit.test.ts";

/** A store that counts how often it was asked. */
function counting(): { readonly store: SessionStore; loads: number } {
  const store = new InMemorySessionStore();
  const counter = {
    loads: 0,
    store: {
      load(request) {
        counter.loads += 1;
        return store.load(request);
      },
      save: (request, response, session) => store.save(request, response, session),
    } satisfies SessionStore,
  };
  return counter;
}

/** What using the session leads to. */
function use(session: Session): string {
  try {
    session.set("a", 1);
    return "used";
  } catch (error) {
    return error instanceof SessionError ? error.code : String(error);
  }
}

const isStatic = (url: string) => url.includes("/static");
const skip = ({ url = "" }: { readonly url?: string | undefined }) => isStatic(url);

type Serve = (t: TestContext, store: SessionStore) => Promise<(path: string) => Promise<Response>>;

async function over(t: TestContext, listener: RequestListener) {
  const url = await listenOn(t, createServer(listener));
  return (path: string) => get(`${url}${path}`);
}

const expressWith =
  (create: typeof express): Serve =>
  (t, store) => {
    const app = create();
    app.use(expressSessions(store, { skip }));
    app.use((req: Request, res: ServerResponse) => void res.end(use(req.session)));
    return over(t, app);
  };

const adapters: Record<string, Serve> = {
  express: expressWith(express),
  express4: expressWith(express4),
  connect(t, store) {
    const app = connect();
    app.use(expressSessions(store, { skip }));
    app.use((req: IncomingMessage, res: ServerResponse) => void res.end(use(sessionOf(req))));
    return over(t, app);
  },
  koa(t, store) {
    const app = new Koa().use(koaSessions(store, { skip }));
    app.use((ctx) => {
      ctx.body = use(ctx.session);
    });
    return over(t, app.callback());
  },
  async fastify(t, store) {
    const app = fastify();
    app.register(fastifySessions(store, { skip }));
    app.get("/*", async ({ session }) => use(session));
    await app.ready();
    return over(t, (request, response) => app.routing(request, response));
  },
  node: (t, store) =>
    over(
      t,
      nodeSessions(store, { skip })((req, res) => void res.end(use(req.session))),
    ),
  async fetch(_t, store) {
    const withSession = fetchSessions(store, { skip });
    const handler = withSession((_, session) => new Response(use(session)));
    return (path) => handler(new globalThis.Request(`http://localhost${path}`));
  },
  async hono(_t, store) {
    const app = new Hono()
      .use(honoSessions(store, { skip: (c) => isStatic(c.req.path) }))
      .all("*", (c) => c.text(use(c.var.session)));
    return async (path) => app.request(path);
  },
  async h3(_t, store) {
    const app = new H3()
      .use(h3Sessions(store, { skip: ({ url }) => isStatic(url.pathname) }))
      .all("/**", ({ context }) => use(context.session));
    return async (path) => app.request(path);
  },
};

for (const [name, serve] of Object.entries(adapters)) {
  test(`${name}: a request that skip excludes asks the store for nothing, and using its session throws`, async (t) => {
    const counter = counting();
    const visit = await serve(t, counter.store);
    const skipped = await visit("/static/style.css");
    assert.equal(await skipped.text(), "ERR_SESSION_MISSING");
    assert.deepEqual([counter.loads, skipped.headers.getSetCookie()], [0, []]);
    const other = await visit("/");
    assert.equal(await other.text(), "used");
    assert.deepEqual([counter.loads, other.headers.getSetCookie().length], [1, 1]);
  });
}

test("skip must be a function", () => {
  const bad = { skip: "/static" } as unknown as { skip: () => boolean };
  const store = new InMemorySessionStore();
  const created = {
    express: () => expressSessions(store, bad),
    fastify: () => fastifySessions(store, bad),
    fetch: () => fetchSessions(store, bad),
    h3: () => h3Sessions(store, bad),
    hono: () => honoSessions(store, bad),
    koa: () => koaSessions(store, bad),
    node: () => nodeSessions(store, bad),
  };
  for (const [name, create] of Object.entries(created)) {
    assert.throws(create, /skip must be a function/, name);
  }
});
