import assert from "node:assert/strict";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { connect } from "node:net";
import { test } from "node:test";
import { quick, slow, tick } from "./express-kit.test.ts";
import { FILE, get, type Handler, listen, newApp, serve } from "./fastify-kit.test.ts";
import { busy, cookieNames, failing } from "./node-kit.test.ts";

// Handlers that answer more than once, which Fastify allows and warns of.

const twice: Record<string, Handler> = {
  "sends and returns": (_, reply) => {
    reply.send("one");
    return "two";
  },
  "sends and sends": (_, reply) => {
    reply.send("one");
    reply.send("two");
    return reply;
  },
  "sends and throws": (_, reply) => {
    reply.send("one");
    throw new Error("two");
  },
};

for (const [how, handler] of Object.entries(twice)) {
  for (const [which, store] of Object.entries({ "at once": quick, later: slow })) {
    test(`a handler that ${how}, saved ${which}: the first answer is sent, with its cookie`, async (t) => {
      const response = await get(await serve(t, store(), handler));
      assert.equal(await response.text(), "one");
      assert.deepEqual(cookieNames(response), ["__Host-session"]);
    });
  }

  test(`invariant 13: a handler that ${how}, and a save that fails: neither answer is sent`, async (t) => {
    const app = newApp(failing(busy()));
    const caught: unknown[] = [];
    app.setErrorHandler(async (error: Error) => {
      caught.push(error.message);
      await tick();
      return "sorry";
    });
    app.get("/", async (request, reply) => {
      request.session.set("a", 1);
      return handler(request, reply);
    });
    const response = await get(await listen(t, app));
    assert.notEqual(response.status, 200);
    assert.doesNotMatch(await response.text(), /one|two/);
    assert.deepEqual(cookieNames(response), ["__Host-session"], "what the error carries");
  });
}

test("a stream that is sent second, and never read, is closed", async (t) => {
  const source = createReadStream(FILE);
  const url = await serve(t, failing(busy()), (_, reply) => {
    reply.send("one");
    return source;
  });
  assert.equal((await get(url)).status, 503);
  if (!source.closed) await once(source, "close");
  assert.equal(source.destroyed, true);
});

test("a handler that sends again, while the error handler takes its time, adds nothing to its answer", async (t) => {
  const app = newApp(failing(busy()));
  const asked = Promise.withResolvers<void>();
  app.setErrorHandler(async () => {
    asked.resolve();
    await tick();
    await tick();
    return "sorry";
  });
  app.get("/", async (request, reply) => {
    request.session.set("a", 1);
    reply.send("one");
    await asked.promise;
    return "two";
  });
  const response = await get(await listen(t, app));
  assert.equal(response.status, 503);
  assert.doesNotMatch(await response.text(), /one|two/);
});

test("what is written by hand arrives before the connection is cut, where the handler answers again", async (t) => {
  for (const store of [quick, slow]) {
    const url = await serve(t, store(), async (_, reply) => {
      reply.raw.write("by hand");
      // Deno's server sends nothing in the same turn.
      await new Promise((resolve) => setImmediate(resolve));
      return "returned";
    });
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    t.after(() => socket.destroy());
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let text = "";
    socket.setEncoding("latin1").on("data", (chunk) => {
      text += chunk;
    });
    socket.on("error", () => undefined);
    await once(socket, "close");
    assert.match(text, /set-cookie: __Host-session=[\s\S]*\r\n\r\n7\r\nby hand\r\n$/i);
  }
});
