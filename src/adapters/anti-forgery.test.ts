import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import { type TestContext, test } from "node:test";
import express from "express";
import fastify, { type FastifyInstance } from "fastify";
import { H3 } from "h3";
import { Hono } from "hono";
import { CookieSessionStore, type SessionEvent } from "keepsake";
import * as ofExpress from "keepsake/adapters/express";
import * as ofFastify from "keepsake/adapters/fastify";
import * as ofFetch from "keepsake/adapters/fetch";
import * as ofH3 from "keepsake/adapters/h3";
import * as ofHono from "keepsake/adapters/hono";
import * as ofKoa from "keepsake/adapters/koa";
import * as ofNode from "keepsake/adapters/node";
import Koa from "koa";
import { SECRET } from "../core/kit.test.ts";
import { listenOn } from "./node-kit.test.ts";

// What is each framework's own. The rules are tried over every adapter by probe/forgery.test.ts.

const FOREIGN = { "sec-fetch-site": "cross-site" };
const OWN = { "sec-fetch-site": "same-origin" };
/** A browser that proves nothing, with a cookie that opens nothing, so that a token is asked for. */
const UNPROVEN = { cookie: "__Host-session=expired" };
const store = () => new CookieSessionStore({ secret: SECRET });

const serve = (t: TestContext, listener: RequestListener) => listenOn(t, createServer(listener));

const post = (url: string, headers: Record<string, string>, body?: BodyInit) =>
  fetch(url, { method: "POST", headers, ...(body === undefined ? {} : { body }) });

const form = () => new URLSearchParams({ __RequestVerificationToken: "junk" });

function hearing(): {
  readonly reasons: string[];
  readonly onEvent: (event: SessionEvent) => void;
} {
  const reasons: string[] = [];
  const onEvent = (event: SessionEvent): void => {
    if (event.type === "forgery-refused") reasons.push(event.reason);
  };
  return { reasons, onEvent };
}

test("express: where nobody has parsed the form, the reason says so", async (t) => {
  const { reasons, onEvent } = hearing();
  const app = express().use(ofExpress.sessions(store()), ofExpress.antiForgery({ onEvent }));
  const url = await serve(t, app);
  assert.equal((await post(url, UNPROVEN, form())).status, 403);
  assert.deepEqual(reasons, ["no-body"]);
});

test("requirement 83, express: what a form says of its method decides nothing, whatever comes first", async (t) => {
  for (const isFirst of [true, false]) {
    const { reasons, onEvent } = hearing();
    const app = express();
    const override: express.RequestHandler = (req, _res, next) => {
      req.method = "GET";
      next();
    };
    const inOrder = [ofExpress.sessions(store()), override];
    app.use(isFirst ? inOrder : inOrder.toReversed());
    // As the middleware of that name does.
    if (!isFirst) {
      app.use((req, _res, next) => {
        Object.assign(req, { originalMethod: "POST" });
        next();
      });
    }
    app.use(ofExpress.antiForgery({ onEvent }), (_req, res) => void res.send("in"));
    assert.equal((await post(await serve(t, app), FOREIGN)).status, 403);
    assert.deepEqual(reasons, ["cross-origin"]);
  }
});

test("express: in a part of the application the path is the whole one", async (t) => {
  const app = express().use(ofExpress.sessions(store()));
  const rules = { exempt: ["/hooks/a"], onEvent: () => undefined };
  app.use("/hooks", ofExpress.antiForgery(rules), (_req, res) => void res.send("in"));
  const url = await serve(t, app);
  assert.equal((await post(`${url}/hooks/a`, FOREIGN)).status, 200);
  assert.equal((await post(`${url}/hooks/b`, FOREIGN)).status, 403);
});

test("express: a request whose session is skipped is judged all the same, also that of a visitor who was shown a form", async (t) => {
  const app = express();
  app.use(ofExpress.sessions(store(), { skip: () => true }));
  app.use(ofExpress.antiForgery({ onEvent: () => undefined }), (_req, res) => void res.send("in"));
  const url = await serve(t, app);
  assert.equal((await post(url, FOREIGN)).status, 403);
  assert.equal((await post(url, OWN)).status, 200);
  const shown = { cookie: `__Host-aftoken=${"A".repeat(43)}` };
  assert.equal((await post(url, { ...OWN, ...shown })).status, 200);
  assert.equal((await fetch(url, { headers: shown })).status, 200);
});

test("fastify: a route can be exempt, and is listed", async (t) => {
  const app = fastify();
  const protection = ofFastify.antiForgery({ exempt: ["/a"], onEvent: () => undefined });
  await app.register(ofFastify.sessions(store()));
  await app.register(protection);
  app.post("/hook", { config: { antiForgery: false } }, async () => "in");
  app.post("/form", async () => "in");
  const statusOf = async (url: string) =>
    (await app.inject({ method: "POST", url, headers: FOREIGN })).statusCode;
  assert.equal(await statusOf("/hook"), 200);
  assert.equal(await statusOf("/form"), 403);
  assert.deepEqual(protection.exemptions, ["/a", "POST /hook"]);
  t.after(() => app.close());
});

test("fastify: what the headers decide is refused before the body is parsed", async (t) => {
  let parsed = 0;
  const app = fastify();
  app.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "string" },
    (_request, body, done) => {
      parsed += 1;
      done(null, Object.fromEntries(new URLSearchParams(String(body))));
    },
  );
  const { reasons, onEvent } = hearing();
  await app.register(ofFastify.sessions(store()));
  await app.register(ofFastify.antiForgery({ onEvent }));
  app.post("/", async () => "in");
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  t.after(() => app.close());
  assert.equal((await post(url, FOREIGN, form())).status, 403);
  assert.equal(parsed, 0);
  assert.equal((await post(url, UNPROVEN, form())).status, 403);
  assert.equal(parsed, 1);
  assert.deepEqual(reasons, ["cross-origin", "bad-token"]);
});

test("fastify: a route that is exempt and not listed is an error, and not let through", async (t) => {
  const app = fastify();
  t.after(() => app.close());
  app.post("/hook", { config: { antiForgery: false } }, async () => "in");
  await app.register(ofFastify.sessions(store()));
  await app.register(ofFastify.antiForgery());
  const { statusCode, body } = await app.inject({ method: "POST", url: "/hook", headers: FOREIGN });
  assert.equal(statusCode, 500);
  assert.match(body, /before the routes/);
});

test("koa: in an application that is mounted the path is the whole one", async (t) => {
  const app = new Koa().use(ofKoa.sessions(store()));
  app.use(async (ctx, next) => {
    ctx.path = ctx.path.slice("/admin".length);
    await next();
  });
  app.use(ofKoa.antiForgery({ exempt: ["/admin/hook"], onEvent: () => undefined }));
  app.use((ctx) => {
    ctx.body = "in";
  });
  const url = await serve(t, app.callback());
  assert.equal((await post(`${url}/admin/hook`, FOREIGN)).status, 200);
  assert.equal((await post(`${url}/admin/admin/hook`, FOREIGN)).status, 403);
});

test("hono: what was read past it is not parsed, and is no exception", async () => {
  const { reasons, onEvent } = hearing();
  for (const read of [
    (request: Request) => request.text(),
    (request: Request) => request.body?.getReader(),
  ]) {
    const app = new Hono().use(ofHono.sessions(store()));
    app.use(async (c, next) => {
      await read(c.req.raw);
      await next();
    });
    app.use(ofHono.antiForgery({ onEvent })).post("/", (c) => c.text("in"));
    const { status } = await app.request("/", { method: "POST", headers: UNPROVEN, body: form() });
    assert.equal(status, 403);
  }
  assert.deepEqual(reasons, ["no-body", "no-body"]);
});

test("hono: a form that was read before is read from there, and one that is not stays to be read", async () => {
  const { reasons, onEvent } = hearing();
  const read: unknown[] = [];
  for (const isRead of [true, false]) {
    const app = new Hono().use(ofHono.sessions(store()));
    app.use(async (c, next) => {
      if (isRead) await c.req.parseBody();
      await next();
    });
    app.use(ofHono.antiForgery({ onEvent, logOnly: true }));
    app.post("/", async (c) => {
      read.push({ ...(await c.req.parseBody()) });
      return c.text("in");
    });
    await app.request("/", { method: "POST", headers: UNPROVEN, body: form() });
  }
  assert.deepEqual(reasons, ["bad-token", "bad-token"]);
  const fields = { __RequestVerificationToken: "junk" };
  assert.deepEqual(read, [fields, fields]);
});

test("h3: the handler reads the form all the same", async () => {
  const { reasons, onEvent } = hearing();
  const app = new H3()
    .use(ofH3.sessions(store()))
    .use(ofH3.antiForgery({ onEvent, logOnly: true }));
  app.post("/", async ({ req }) => [...(await req.formData()).keys()].join());
  const answer = await app.request("/", { method: "POST", headers: UNPROVEN, body: form() });
  assert.equal(await answer.text(), "__RequestVerificationToken");
  assert.deepEqual(reasons, ["bad-token"]);
});

test("node: a form's token is found where the application parses the body", async (t) => {
  for (const [expected, more] of [
    ["no-body", {}],
    ["bad-token", { readBody: () => ({ __RequestVerificationToken: "junk" }) }],
    ["bad-token", { readBody: async () => form() }],
    // As what reads forms part by part gives a field that is there twice.
    [
      "bad-token",
      { readBody: () => ({ __RequestVerificationToken: [{ value: "a" }, { value: "b" }] }) },
    ],
  ] as const) {
    const { reasons, onEvent } = hearing();
    const protect = ofNode.antiForgery({ onEvent, ...more });
    const handler = ofNode.sessions(store())(protect((_req, res) => res.end("in")));
    assert.equal((await post(await serve(t, handler), UNPROVEN, form())).status, 403);
    assert.deepEqual(reasons, [expected]);
  }
});

test("node: a body that is given up half-way is no exception", async (t) => {
  const { reasons, onEvent } = hearing();
  const protect = ofNode.antiForgery({
    onEvent,
    async readBody(request) {
      // It ends the request with it.
      for await (const _ of request) return undefined;
    },
  });
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  const handler = ofNode.sessions(store(), { onError })(protect((_req, res) => res.end("in")));
  await post(await serve(t, handler), UNPROVEN, form()).catch(() => undefined);
  assert.deepEqual(reasons, ["no-body"]);
  assert.deepEqual(errors, []);
});

/** An application that answers refusals by itself, in each framework's way. */
const ANSWERING: Record<
  string,
  (t: TestContext) => Promise<(init: RequestInit) => Promise<Response>>
> = {
  express: async (t) => {
    const app = express().use(
      ofExpress.sessions(store()),
      ofExpress.antiForgery({
        onEvent: () => undefined,
        onRefused: (_req, res, { reason }) => res.end(reason),
      }),
    );
    const url = await serve(t, app);
    return (init) => fetch(url, init);
  },
  koa: async (t) => {
    const app = new Koa().use(ofKoa.sessions(store()));
    const onRefused: ofKoa.KoaAntiForgeryOptions["onRefused"] = (ctx, { reason }) => {
      ctx.body = reason;
    };
    app.use(ofKoa.antiForgery({ onEvent: () => undefined, onRefused }));
    const url = await serve(t, app.callback());
    return (init) => fetch(url, init);
  },
  fastify: async (t) => {
    const app: FastifyInstance = fastify();
    await app.register(ofFastify.sessions(store()));
    await app.register(
      ofFastify.antiForgery({
        onEvent: () => undefined,
        onRefused: (_request, _reply, { reason }) => reason,
      }),
    );
    app.post("/", async () => "in");
    const url = await app.listen({ host: "127.0.0.1", port: 0 });
    t.after(() => app.close());
    return (init) => fetch(url, init);
  },
  node: async (t) => {
    const protect = ofNode.antiForgery({
      onEvent: () => undefined,
      onRefused: (_req, res, { reason }) => res.end(reason),
    });
    const url = await serve(t, ofNode.sessions(store())(protect((_req, res) => res.end("in"))));
    return (init) => fetch(url, init);
  },
  hono: async () => {
    const onRefused: ofHono.HonoAntiForgeryOptions["onRefused"] = (c, { reason, status }) =>
      c.text(reason, status);
    const app = new Hono()
      .use(ofHono.sessions(store()))
      .use(ofHono.antiForgery({ onEvent: () => undefined, onRefused }));
    return async (init) => app.request("/", init);
  },
  h3: async () => {
    const onRefused: ofH3.H3AntiForgeryOptions["onRefused"] = (_event, { reason, status }) =>
      new Response(reason, { status });
    const app = new H3()
      .use(ofH3.sessions(store()))
      .use(ofH3.antiForgery({ onEvent: () => undefined, onRefused }));
    return async (init) => app.request("/", init);
  },
  fetch: async () => {
    const protect = ofFetch.antiForgery({
      onEvent: () => undefined,
      onRefused: (_request, { reason, status }) => new Response(reason, { status }),
    });
    const handler = ofFetch.sessions(store())(protect(() => new Response("in")));
    return (init) => handler(new Request("https://app.example/", init));
  },
};

for (const [name, begin] of Object.entries(ANSWERING)) {
  test(`${name}: the application answers a refusal by itself, with the headers of every refusal`, async (t) => {
    const ask = await begin(t);
    const answer = await ask({ method: "POST", headers: FOREIGN });
    assert.equal(answer.status, 403);
    assert.equal(await answer.text(), "cross-origin");
    assert.equal(answer.headers.get("cache-control"), "no-store");
    assert.match(answer.headers.get("vary") ?? "", /Sec-Fetch-Site, Origin/);
  });
}

test("without sessions before it, the protection says which line is missing", async (t) => {
  const seen: string[] = [];
  const note = (error: unknown): string => {
    seen.push(error instanceof Error && "code" in error ? `${error.code}` : String(error));
    return "noted";
  };
  const expressApp = express().use(ofExpress.antiForgery());
  const handle: express.ErrorRequestHandler = (error, _req, res, _next) =>
    void res.send(note(error));
  await fetch(await serve(t, expressApp.use(handle)));
  const koaApp = new Koa();
  koaApp.use(async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      ctx.body = note(error);
    }
  });
  await fetch(await serve(t, koaApp.use(ofKoa.antiForgery()).callback()));
  const fastifyApp = fastify();
  fastifyApp.setErrorHandler(note);
  await fastifyApp.register(ofFastify.antiForgery());
  fastifyApp.get("/", async () => "in");
  await fastifyApp.inject("/");
  const honoApp = new Hono().use(ofHono.antiForgery()).onError((error, c) => c.text(note(error)));
  await honoApp.request("/");
  const h3App = new H3({ silent: true, onError: ({ cause }) => note(cause) }).use(
    ofH3.antiForgery(),
  );
  await h3App.request("/");
  assert.deepEqual(
    seen,
    Array.from({ length: 5 }, () => "ERR_SESSION_MISSING"),
  );
});
