import assert from "node:assert/strict";
import { once } from "node:events";
import { createReadStream, type ReadStream } from "node:fs";
import { Readable } from "node:stream";
import { test } from "node:test";
import { SessionError, type SessionStore } from "keepsake";
import { refusal } from "../core/kit.test.ts";
import { quick, slow } from "./express-kit.test.ts";
import { FILE, get, type Handler, listen, newApp, serve } from "./fastify-kit.test.ts";
import { busy, cookieNames, failing } from "./node-kit.test.ts";

const failingAtOnce = (error: unknown): SessionStore => ({
  ...failing(error),
  save() {
    throw error;
  },
});

const answers: Record<string, Handler> = {
  "an answer": () => "done",
  "an error that Fastify answers": () => {
    throw Object.assign(new Error("no entry"), { statusCode: 403 });
  },
  "a hijacked reply": (_, reply) => {
    reply.hijack();
    reply.raw.end("done");
  },
};

for (const [what, handler] of Object.entries(answers)) {
  for (const store of [failing, failingAtOnce]) {
    test(`invariant 13: without an error handler ${what} becomes a 503 with the headers of the error (${store.name})`, async (t) => {
      const response = await get(await serve(t, store(busy()), handler));
      assert.equal(response.status, 503);
      assert.doesNotMatch(await response.text(), /done|no entry/);
      assert.equal(response.headers.get("retry-after"), "2");
      assert.deepEqual(cookieNames(response), ["__Host-session"]);
    });
  }
}

for (const [how, answerWith] of Object.entries<Handler>({
  "returns its answer": () => "sorry",
  "sends with a cookie of its own": (_, reply) => {
    reply.header("set-cookie", "own=1").code(502).send("sorry");
  },
})) {
  test(`the error handler is given what kept a session from being saved, and ${how}`, async (t) => {
    const app = newApp(failing(busy()));
    let source: ReadStream | undefined;
    const caught: unknown[] = [];
    const sent: unknown[] = [];
    app.addHook("onRequest", async (_request, reply) => {
      reply.header("x-request-id", "7");
    });
    app.addHook("onSend", async (_request, _reply, payload) => void sent.push(typeof payload));
    app.setErrorHandler((error, request, reply) => {
      caught.push(error);
      assert.equal(request.session.get("a"), 1);
      return answerWith(request, reply);
    });
    app.get("/", (request, reply) => {
      request.session.set("a", 1);
      source = createReadStream(FILE);
      reply.headers({ location: "/secret", "x-success": "1", "content-length": "5" }).send(source);
    });
    const response = await get(await listen(t, app));
    assert.deepEqual(
      [response.status, await response.text()],
      [how === "returns its answer" ? 503 : 502, "sorry"],
    );
    assert.equal(response.headers.get("x-request-id"), "7");
    assert.equal(response.headers.get("retry-after"), "2");
    assert.equal(response.headers.get("location"), null);
    assert.equal(response.headers.get("x-success"), null);
    assert.deepEqual(
      cookieNames(response),
      how === "returns its answer" ? ["__Host-session"] : ["own", "__Host-session"],
    );
    assert.deepEqual(sent, ["string"]);
    assert.equal(caught.length, 1);
    if (source?.destroyed === false) await once(source, "close");
    assert.equal(source?.destroyed, true, "the file stays open");
  });
}

test("Fastify's own error handler does not tell a client what an error says to those who run the server", async (t) => {
  const own = { statusCode: 503, code: "ERR_SESSION_STORE", error: "Service Unavailable" };
  const loading: SessionStore = { load: () => Promise.reject(busy()), save: () => undefined };
  for (const store of [failing(busy()), failingAtOnce(busy()), loading]) {
    const response = await get(await serve(t, store, () => "done"));
    assert.deepEqual(await response.json(), { ...own, message: "Service Unavailable" });
  }
});

test("an error handler that answers with the message of an error has it sent", async (t) => {
  const app = newApp(failing(busy()));
  app.setErrorHandler((error: Error, _request, reply) => reply.send({ said: error.message }));
  app.get("/", async (request) => {
    request.session.set("a", 1);
    return "done";
  });
  const response = await get(await listen(t, app));
  assert.deepEqual(await response.json(), { said: "down for a moment" });
});

test("a save that fails while an error is answered is answered by Fastify, which asks an error handler once", async (t) => {
  const app = newApp(failing(busy()));
  let asked = 0;
  app.setErrorHandler((_error, _request, reply) => {
    asked += 1;
    return reply.code(404).send("not here");
  });
  app.get("/", async (request) => {
    request.session.set("a", 1);
    throw new Error("not found");
  });
  const response = await get(await listen(t, app));
  assert.equal(response.status, 503);
  assert.doesNotMatch(await response.text(), /not here|down for a moment/);
  assert.equal(asked, 1);
});

test("invariant 13: an error handler that answers a failed save with 200 is overruled", async (t) => {
  const app = newApp(failing(new Error("down")));
  app.setErrorHandler((_error, _request, reply) => reply.code(200).send("all is well"));
  app.get("/", async (request) => {
    request.session.set("a", 1);
    return "done";
  });
  assert.equal((await get(await listen(t, app))).status, 503);
});

test("invariant 17, a failed handler changes nothing: what Fastify itself answers with 500", async (t) => {
  const url = await serve(t, quick(), () => {
    throw new Error("hidden");
  });
  const response = await get(url);
  assert.deepEqual([response.status, cookieNames(response)], [500, []]);
});

test("invariant 17, a failed handler changes nothing: a Response with a status of 500", async (t) => {
  const url = await serve(t, quick(), () => new Response("failed", { status: 500 }));
  const response = await get(url);
  assert.deepEqual([response.status, cookieNames(response)], [500, []]);
});

test("invariant 15, caches stay clean: what later hooks and a Response set is overruled, too", async (t) => {
  const app = newApp(slow());
  const forever = { "cache-control": "public, max-age=60", "cdn-cache-control": "max-age=60" };
  app.addHook("onSend", async (_request, reply, payload) => {
    reply.headers({ ...forever, vary: "Accept-Encoding" });
    return payload;
  });
  app.get("/", async (request) => {
    request.session.set("a", 1);
    return new Response("done", { headers: { ...forever, "set-cookie": "own=1" } });
  });
  const response = await get(await listen(t, app));
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.equal(response.headers.get("cdn-cache-control"), null);
  assert.equal(response.headers.get("vary"), "Accept-Encoding, Cookie");
  assert.deepEqual(cookieNames(response).toSorted(), ["__Host-session", "own"]);
});

test("an answer that begins by hand and goes on in Fastify is saved once", async (t) => {
  const store = slow();
  let saves = 0;
  const counting: SessionStore = {
    load: (request) => store.load(request),
    save(...args) {
      saves += 1;
      return store.save(...args);
    },
  };
  const url = await serve(t, counting, (_, reply) => {
    reply.raw.writeHead(200);
    return reply.send(Readable.from(["by ", "hand"]));
  });
  const response = await get(url);
  assert.deepEqual([await response.text(), saves], ["by hand", 1]);
  assert.deepEqual(cookieNames(response), ["__Host-session"]);
});

test("what cannot be sent is an error like any other", async (t) => {
  for (const store of [quick, slow]) {
    const url = await serve(t, store(), (_, reply) => reply.type("text/plain").send({ a: 1 }));
    const response = await get(url);
    assert.equal(response.status, 500);
    assert.match(await response.text(), /FST_ERR_REP_INVALID_PAYLOAD_TYPE/);
  }
});

test("a bad request is answered, and no error of the application", async (t) => {
  const ambiguous = new SessionError("ERR_SESSION_AMBIGUOUS", "two sessions");
  const loads: (() => never | Promise<never>)[] = [
    () => Promise.reject(ambiguous),
    () => {
      throw ambiguous;
    },
  ];
  const stores = [
    ...loads.map((load) => ({ load, save: () => undefined })),
    failing(ambiguous),
    failingAtOnce(ambiguous),
  ];
  for (const store of stores) {
    const lines: string[] = [];
    const stream = { write: (line: string) => void lines.push(line) };
    const app = newApp(store, { logger: { level: "warn", stream } });
    app.setErrorHandler((_error, _request, reply) => reply.send("an error"));
    const send: Handler = (request, reply) => {
      request.session.set("a", 1);
      reply.type("application/json").send("{}");
    };
    app.get("/", send);
    app.get("/hijack", (request, reply) => {
      request.session.set("a", 1);
      reply.hijack().raw.end("done");
    });
    const url = await listen(t, app);
    for (const path of ["/", "/hijack"]) {
      const response = await get(url + path);
      assert.deepEqual([response.status, await response.text()], [400, "Bad Request"]);
      assert.equal(response.headers.get("content-type"), "text/plain; charset=utf-8");
    }
    assert.deepEqual(lines, []);
  }
});

test("a session that cannot be loaded is an error of the application, with the headers it has", async (t) => {
  let ran = false;
  const app = newApp({ load: () => Promise.reject(busy()), save: () => undefined });
  app.setErrorHandler((error, request, reply) => {
    assert.throws(() => request.session, refusal("ERR_SESSION_STORE"));
    reply.send(error);
  });
  app.get("/", () => {
    ran = true;
  });
  const response = await get(await listen(t, app));
  assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "2"]);
  assert.deepEqual(cookieNames(response), ["__Host-session"]);
  assert.equal(ran, false);
});
