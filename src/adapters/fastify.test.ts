import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { test } from "node:test";
import fastify, { type FastifyRequest } from "fastify";
import { CookieSessionStore, type Session } from "keepsake";
import { sessions } from "keepsake/adapters/fastify";
import { testAdapter } from "../../probe/adapter-cases.ts";
import { SECRET } from "../core/kit.test.ts";
import { leaveWhileSaving, quick, slow, tick } from "./express-kit.test.ts";
import { FILE, get, type Handler, listen, newApp, onEvent, serve } from "./fastify-kit.test.ts";
import { cookieNames, getByHttp2, sendRaw } from "./node-kit.test.ts";

testAdapter("fastify");

declare module "fastify" {
  interface FastifyRequest {
    readonly adminSession: Session<{ level: number }>;
  }
}

const shapes: Record<string, [handler: Handler, status: number, body: string | RegExp]> = {
  "a redirect": [(_, reply) => reply.redirect("/next", 303), 303, ""],
  JSON: [() => ({ a: 1 }), 200, '{"a":1}'],
  "a file": [(_, reply) => reply.type("text/plain").send(createReadStream(FILE)), 200, /^import /],
  "a web stream": [(_, reply) => reply.send(new Blob(["one ", "two"]).stream()), 200, "one two"],
  "a Response": [() => new Response("fetched", { status: 201 }), 201, "fetched"],
  "an empty answer": [(_, reply) => reply.code(204).send(), 204, ""],
  "an answer that is not modified": [(_, reply) => reply.code(304).send(), 304, ""],
  "headers as arrays": [
    (_, reply) =>
      reply.header("Set-Cookie", ["own=1", "other=2"]).header("x-list", ["a", "b"]).send("ok"),
    200,
    "ok",
  ],
  "a header of the raw response": [
    (_, reply) => {
      reply.raw.setHeader("set-cookie", "own=1");
      return reply.send("ok");
    },
    200,
    "ok",
  ],
  "an error below 500": [
    () => {
      throw Object.assign(new Error("no entry"), { statusCode: 403 });
    },
    403,
    /no entry/,
  ],
  "reply.callNotFound": [(_, reply) => reply.callNotFound(), 404, /not found/],
  "a hijacked reply": [
    (_, reply) => {
      reply.hijack();
      reply.raw.writeHead(202, { "set-cookie": ["own=1", "other=2"] });
      reply.raw.write("by ");
      setTimeout(() => reply.raw.end("hand"), 5);
      return reply;
    },
    202,
    "by hand",
  ],
  "server-sent events by hand, without hijack": [
    async (_, reply) => {
      reply.raw.writeHead(200, { "content-type": "text/event-stream" });
      reply.raw.write("data: 1\n\n");
      await tick();
      reply.raw.end("data: 2\n\n");
    },
    200,
    "data: 1\n\ndata: 2\n\n",
  ],
};

for (const [which, store] of Object.entries({ "at once": quick, later: slow })) {
  for (const [shape, [handler, status, body]] of Object.entries(shapes)) {
    test(`invariant 3, saved before seen: ${shape}, saved ${which}`, async (t) => {
      const response = await get(await serve(t, store(), handler));
      assert.equal(response.status, status);
      const text = await response.text();
      if (typeof body === "string") assert.equal(text, body);
      else assert.match(text, body);
      const own = {
        "headers as arrays": ["own", "other"],
        "a hijacked reply": ["own", "other"],
        "a header of the raw response": ["own"],
      }[shape];
      assert.deepEqual(cookieNames(response), [...(own ?? []), "__Host-session"]);
    });
  }

  test(`HTTP/2, saved ${which}`, async (t) => {
    const app = fastify({ http2: true });
    app.register(sessions(store(), { onEvent }));
    app.get("/", async (request) => {
      request.session.set("a", 1);
      return "done";
    });
    app.get("/stream", (request, reply) => {
      request.session.set("a", 1);
      reply.send(createReadStream(FILE));
    });
    app.get("/hijack", (request, reply) => {
      request.session.set("a", 1);
      reply.hijack();
      reply.raw.end("done");
    });
    t.after(() => app.close());
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    for (const path of ["/", "/stream", "/hijack"]) {
      const { status, cookies, body } = await getByHttp2(t, url, path);
      assert.deepEqual([status, cookies.length], [200, 1]);
      assert.match(body, path === "/stream" ? /^import / : /^done$/);
    }
  });

  test(`requests in one go on one connection are answered in order, saved ${which}`, async (t) => {
    const app = newApp(store());
    app.get("/:number", async (request) => {
      request.session.set("a", 1);
      if (request.url === "/1") await tick();
      return `answer ${request.url}`;
    });
    const text = await sendRaw(t, await listen(t, app), "GET /1", "HEAD /2", "GET /3");
    assert.deepEqual(text.match(/answer .[13]/g), ["answer /1", "answer /3"]);
    assert.equal(text.match(/set-cookie: __Host-session/gi)?.length, 3);
  });

  test(`inject, by which Fastify's applications are tested, saved ${which}`, async () => {
    const app = newApp(store());
    app.get("/set", async (request) => {
      request.session.set("a", 1);
      return "done";
    });
    app.get("/get", async (request) => ({ a: request.session.get("a") ?? null }));
    const set = await app.inject("/set");
    const { name = "", value = "" } = set.cookies[0] ?? {};
    const read = await app.inject({ url: "/get", cookies: { [name]: value } });
    assert.deepEqual([set.body, read.json()], ["done", { a: 1 }]);
  });
}

test("early hints leave at once, and what follows waits for the save", async (t) => {
  const url = await serve(t, slow(), (_, reply) => {
    reply.writeEarlyHints({ link: "</style.css>; rel=preload" });
    return "done";
  });
  assert.match(
    await sendRaw(t, url, "GET /"),
    /^HTTP\/1.1 103 [\s\S]*HTTP\/1.1 200 OK[\s\S]*set-cookie: __Host-session[\s\S]*done$/i,
  );
});

test("a part of the routes has sessions, and the others have none", async (t) => {
  const app = fastify();
  app.register(async (part) => {
    await part.register(sessions(SECRET, { onEvent }));
    part.get("/with", (request) => {
      request.session.set("a", 1);
      return "session" in request;
    });
  });
  app.get("/without", async (request) => "session" in request);
  const url = await listen(t, app);
  const response = await get(`${url}/with`);
  assert.deepEqual([await response.json(), cookieNames(response)], [true, ["__Host-session"]]);
  assert.equal(await (await get(`${url}/without`)).json(), false);
});

test("routes before the plugin, and the answer to what is no route, have a session", async (t) => {
  const app = fastify();
  app.get("/", async (request) => request.session.isNew);
  app.setNotFoundHandler(async (request, reply) => {
    request.session.set("a", 1);
    return reply.code(404).send("nothing here");
  });
  await app.register(sessions(SECRET, { onEvent }));
  const url = await listen(t, app);
  assert.equal(await (await get(url)).json(), true);
  const response = await get(`${url}/nothing`);
  assert.deepEqual([response.status, cookieNames(response)], [404, ["__Host-session"]]);
});

test("ERR_SESSION_MISSING: a hook that runs before the session is loaded", async (t) => {
  const app = fastify();
  app.addHook("onRequest", async (request) => {
    request.session.get("a");
  });
  app.register(sessions(SECRET, { onEvent }));
  app.get("/", async () => "never");
  const response = await get(await listen(t, app));
  assert.equal(response.status, 500);
  assert.match(await response.text(), /ERR_SESSION_MISSING.*Register sessions before/);
});

test("skip excludes a request, and using its session throws", async (t) => {
  const app = fastify();
  const skip = ({ url }: FastifyRequest) => url.startsWith("/static");
  app.register(sessions(SECRET, { onEvent, skip }));
  app.get("/*", async (request) => {
    request.session.set("a", 1);
    return "used";
  });
  const url = await listen(t, app);
  assert.match(await (await get(`${url}/static/style.css`)).text(), /ERR_SESSION_MISSING/);
  assert.equal(await (await get(url)).text(), "used");
});

test("two kinds of session in one application, each in a cookie of its own", async (t) => {
  const admin = new CookieSessionStore<{ level: number }>({
    secret: SECRET,
    cookie: { name: "admin" },
    onEvent,
  });
  const app = newApp(quick());
  app.register(sessions(admin, { property: "adminSession", onEvent }));
  app.get("/both", async (request) => {
    request.session.set("a", 1);
    request.adminSession.set("level", 2);
  });
  app.get("/admin", async (request) => {
    request.adminSession.set("level", 2);
  });
  const url = await listen(t, app);
  assert.deepEqual(cookieNames(await get(`${url}/both`)), ["__Host-session", "__Host-admin"]);
  assert.deepEqual(cookieNames(await get(`${url}/admin`)), ["__Host-admin"]);
});

test("a second plugin under the same name is refused when the application starts", async () => {
  const app = newApp(quick());
  app.register(sessions(SECRET));
  await assert.rejects(async () => app.ready(), { code: "FST_ERR_DEC_ALREADY_PRESENT" });
});

test("what other libraries do to end a session is refused aloud", async (t) => {
  const url = await serve(t, quick(), (request) => Object.assign(request, { session: null }));
  assert.match(await (await get(url)).text(), /request\.session\.logout\(\)/);
});

test("a client that goes while the save is under way harms nobody", async (t) => {
  await leaveWhileSaving((store, began) =>
    serve(t, store, (_, reply) => {
      began(reply.raw);
      return "done";
    }),
  );
});

test("types: the data is that of SessionData, or asked for with the decorator", async () => {
  interface Data {
    a: number;
  }
  const app = fastify();
  app.register(sessions<Data>(SECRET, { onEvent }), { prefix: "/ignored" });
  app.get("/", async (request) => {
    const session = request.getDecorator<Session<Data>>("session");
    // @ts-expect-error a is a number
    session.set("a", "one");
    // @ts-expect-error there is no such key
    session.get("b");
    // @ts-expect-error it cannot be replaced
    assert.throws(() => (request.session = session), TypeError);
    return session.get("a");
  });
  assert.equal((await app.inject("/")).body, "one");
  // @ts-expect-error there is no such option
  assert.throws(() => sessions(SECRET, { rolling: true }));
});
