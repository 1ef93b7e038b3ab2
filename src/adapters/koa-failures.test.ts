import assert from "node:assert/strict";
import { once } from "node:events";
import { createReadStream, type ReadStream } from "node:fs";
import { test } from "node:test";
import { headerTransport, InMemorySessionStore, SessionError, type SessionStore } from "keepsake";
import type { Context } from "koa";
import { get, quick, slow } from "./express-kit.test.ts";
import { FILE, type Handler, onEvent, serve, set } from "./koa-kit.test.ts";
import { busy, cookieNames, cookiesOf, failing } from "./node-kit.test.ts";

test("invariant 17, a failed handler changes nothing: what Koa itself answers with 500", async (t) => {
  const { url, errors } = await serve(t, quick(), (ctx) => {
    ctx.session.set("a", 1);
    if (ctx.path === "/throw") ctx.throw(500, "hidden");
    throw new Error("hidden");
  });
  for (const path of ["/throw", "/"]) {
    const response = await get(url + path);
    assert.deepEqual([response.status, await response.text()], [500, "Internal Server Error"]);
    assert.deepEqual(cookieNames(response), []);
  }
  assert.equal(errors.length, 2);
});

for (const [when, handler] of Object.entries<Handler>({
  "after the handler": set,
  "when an error passes by": (ctx) => {
    ctx.session.set("a", 1);
    ctx.throw(404);
  },
  "when the application answers by hand": (ctx) => {
    ctx.session.set("a", 1);
    ctx.respond = false;
    ctx.res.setHeader("x-success", "1");
    ctx.res.end("done");
  },
})) {
  test(`invariant 13: what Koa answers to a save that fails ${when} has the headers of the error`, async (t) => {
    const { url, errors } = await serve(t, failing(busy()), handler);
    const response = await get(url);
    assert.deepEqual([response.status, await response.text()], [503, "Service Unavailable"]);
    assert.equal(response.headers.get("retry-after"), "2");
    assert.equal(response.headers.get("x-success"), null);
    assert.deepEqual(cookieNames(response), ["__Host-session"]);
    assert.equal(errors.filter((error) => error instanceof SessionError).length, 1);
  });
}

test("the application's error middleware is given what kept a session from being saved", async (t) => {
  let source: ReadStream | undefined;
  const caught: unknown[] = [];
  const { url, errors } = await serve(
    t,
    failing(busy()),
    (ctx) => {
      ctx.session.set("a", 1);
      ctx.set({ location: "/secret", "x-success": "1" });
      source = createReadStream(FILE);
      ctx.body = source;
    },
    async (ctx, next) => {
      ctx.set("x-request-id", "7");
      try {
        await next();
      } catch (error) {
        caught.push(error);
        // Neither a status nor a thought of headers.
        ctx.body = "sorry";
      }
    },
  );
  const response = await get(url);
  assert.deepEqual([response.status, await response.text()], [503, "sorry"]);
  assert.equal(response.headers.get("x-request-id"), "7");
  assert.equal(response.headers.get("retry-after"), "2");
  assert.equal(response.headers.get("location"), null);
  assert.equal(response.headers.get("x-success"), null);
  assert.deepEqual([caught.length, errors.length], [1, 0]);
  if (source?.destroyed === false) await once(source, "close");
  assert.equal(source?.destroyed, true, "the file stays open");
});

test("error middleware that sets nothing but a status does not send what the handler wrote", async (t) => {
  const { url } = await serve(t, failing(new Error("down")), set, async (ctx, next) => {
    await next().catch(() => {
      ctx.status = 502;
    });
  });
  const response = await get(url);
  assert.deepEqual([response.status, await response.text()], [502, "Bad Gateway"]);
});

test("a session can be changed until an answer by hand begins, also when the handler is done", async (t) => {
  const { url } = await serve(t, quick(), (ctx) => {
    ctx.respond = false;
    setTimeout(() => {
      ctx.session.set("a", 1);
      ctx.res.end("done");
    }, 5);
  });
  assert.deepEqual(cookieNames(await get(url)), ["__Host-session"]);
});

test("invariant 13: error middleware that answers a failed save with 200 is overruled", async (t) => {
  const { url } = await serve(t, failing(new Error("down")), set, async (ctx, next) => {
    await next().catch(() => undefined);
    ctx.status = 200;
    ctx.body = "all is well";
  });
  assert.equal((await get(url)).status, 503);
});

test("invariant 15, caches stay clean: an answer that the application itself forbids to keep, about a session that was read, stays so", async (t) => {
  const readOnly: Handler = (ctx) => {
    ctx.set("cache-control", "no-store");
    ctx.body = String(ctx.session.get("a"));
  };
  const { url } = await serve(t, quick(), readOnly, async (ctx, next) => {
    await next();
    ctx.set("cache-control", "public, max-age=60");
  });
  assert.equal((await get(url)).headers.get("cache-control"), "no-store");
});

test("invariant 15, caches stay clean: what middleware around the sessions sets is overruled, too", async (t) => {
  const { url } = await serve(t, quick(), set, async (ctx, next) => {
    await next();
    ctx.set({ "cache-control": "public, max-age=60", "cdn-cache-control": "max-age=60" });
    ctx.set("vary", "Accept-Encoding");
  });
  const response = await get(url);
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.equal(response.headers.get("cdn-cache-control"), null);
  assert.equal(response.headers.get("vary"), "Accept-Encoding, Cookie");
});

const circle: { self?: unknown } = {};
circle.self = circle;
const boom = () => {
  throw new Error("outer");
};

for (const [what, body, outer] of [
  ["middleware around it throws", "done", boom],
  ["middleware around it answers 404", "done", (ctx: Context) => ctx.throw(404)],
  ["middleware around it sets nothing but a status", "done", (ctx: Context) => (ctx.status = 500)],
  ["its answer cannot be serialised", circle, () => undefined],
] as const) {
  for (const [which, store] of Object.entries({ "at once": quick(), later: slow() })) {
    test(`a login that was saved ${which} keeps its token where ${what} afterwards`, async (t) => {
      const { url } = await serve(
        t,
        store,
        (ctx) => {
          if (ctx.path === "/who") {
            ctx.body = ctx.session.subject ?? "nobody";
            return;
          }
          ctx.session.login("ada");
          ctx.append("set-cookie", "own=1");
          ctx.body = body;
        },
        async (ctx, next) => {
          await next();
          if (ctx.path !== "/who") outer(ctx);
        },
      );
      const response = await get(url);
      assert.ok(response.status >= 400);
      const names = cookieNames(response).filter((name) => name === "__Host-session");
      assert.deepEqual(names, ["__Host-session"], "the token, once");
      assert.equal(response.headers.get("cache-control"), "no-store");
      assert.match(response.headers.get("vary") ?? "", /Cookie/);
      const who = await get(`${url}/who`, { cookie: cookiesOf(response) });
      assert.equal(await who.text(), "ada");
    });
  }
}

test("the token in a header is kept in the same way", async (t) => {
  const store = new InMemorySessionStore({ onEvent, transport: headerTransport() });
  const { url } = await serve(t, store, set, async (_, next) => {
    await next();
    throw new Error("outer");
  });
  const response = await get(url);
  assert.equal(response.status, 500);
  assert.match(response.headers.get("x-session-id") ?? "", /./);
});

test("a bad request is answered, and no error of the application", async (t) => {
  const ambiguous = new SessionError("ERR_SESSION_AMBIGUOUS", "two sessions");
  const onLoad: SessionStore = {
    load: () => Promise.reject(ambiguous),
    save: () => undefined,
  };
  const byHand: Handler = (ctx) => {
    ctx.respond = false;
    ctx.session.set("a", 1);
    ctx.res.end("done");
  };
  for (const [store, handler] of [
    [onLoad, set],
    [failing(ambiguous), set],
    [failing(ambiguous), byHand],
  ] as const) {
    const { url, errors } = await serve(t, store, handler);
    const response = await get(url);
    assert.deepEqual([response.status, await response.text()], [400, "Bad Request"]);
    assert.equal(errors.length, 0);
  }
});

test("a session that cannot be loaded is a 503 of Koa's, with the headers of the error", async (t) => {
  let ran = false;
  const down: SessionStore = { load: () => Promise.reject(busy()), save: () => undefined };
  const { url } = await serve(t, down, () => {
    ran = true;
  });
  const response = await get(url);
  assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "2"]);
  assert.equal(ran, false);
});
