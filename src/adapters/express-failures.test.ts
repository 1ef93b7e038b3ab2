import assert from "node:assert/strict";
import { once } from "node:events";
import { createReadStream, type ReadStream } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import compression from "compression";
import type { ErrorRequestHandler } from "express";
import { get, late, listen, newApp, quick, slow, tick } from "./express-kit.test.ts";
import { failing } from "./node-kit.test.ts";

const FILE = fileURLToPath(new URL("../../package-lock.json", import.meta.url));

for (const [which, store] of Object.entries({ "at once": quick, later: slow })) {
  for (const order of ["before", "after"]) {
    test(`compression ${order} sessions, with a save that is done ${which}: what is piped arrives whole`, async (t) => {
      const app = newApp(store(), order === "before" ? compression() : undefined);
      if (order === "after") app.use(compression());
      app.get("/", (req, res) => {
        req.session.set("a", 1);
        res.type("json");
        createReadStream(FILE).pipe(res);
      });
      const response = await get(await listen(t, app));
      // Which of them depends on what the runtime's own fetch asks for.
      assert.match(response.headers.get("content-encoding") ?? "", /gzip|br|zstd|deflate/);
      assert.equal(response.headers.getSetCookie().length, 1);
      assert.equal(typeof (await response.json()), "object");
    });

    test(`compression ${order} sessions: a save that fails is still a 503`, async (t) => {
      const app = newApp(slow(true), order === "before" ? compression() : undefined);
      if (order === "after") app.use(compression());
      let source: ReadStream | undefined;
      app.get("/json", (req, res) => {
        req.session.set("a", 1);
        res.json({ text: "x".repeat(5000) });
      });
      app.get("/file", (req, res) => {
        req.session.set("a", 1);
        source = createReadStream(FILE);
        source.pipe(res);
      });
      app.use(late);
      const url = await listen(t, app);
      for (const path of ["/json", "/file"]) {
        const response = await get(`${url}${path}`);
        assert.equal(response.status, 503, path);
        assert.equal(await response.text(), "sorry: ERR_SESSION_STORE");
      }
      if (source?.destroyed === false) await once(source, "close");
      assert.equal(source?.destroyed, true, "the file stays open");
    });
  }
}

test("compression before sessions, which keeps listeners to itself: whoever waits for drain goes on, with a save that is done and one that failed", async (t) => {
  const down = () => {
    throw new Error("down");
  };
  for (const [fails, store] of [
    [false, slow()],
    [true, slow(true)],
    [true, { ...failing(undefined), save: down }],
  ] as const) {
    const done = Promise.withResolvers<void>();
    const app = newApp(store, compression({ threshold: 0 }));
    app.get("/", async (req, res) => {
      req.session.set("a", 1);
      res.type("text");
      if (!res.write("one ")) await once(res, "drain");
      res.end("two");
      done.resolve();
    });
    app.use(late);
    const response = await get(await listen(t, app));
    const text = await response.text();
    assert.equal(text, fails ? "sorry: ERR_SESSION_STORE" : "one two");
    await done.promise;
  }
});

test("invariant 13: what the application writes after a failed save is neither sent nor a success", async (t) => {
  const app = newApp(slow(true));
  app.get("/stream", async (req, res) => {
    req.session.set("a", 1);
    res.write("one ");
    await tick();
    await tick();
    res.write("secret ");
    res.end("two");
  });
  app.get("/twice", async (req, res) => {
    req.session.set("a", 1);
    res.json({ first: true });
    await tick();
    await tick();
    res.status(200).json({ second: true });
  });
  app.use(late);
  const url = await listen(t, app);
  const stream = await get(`${url}/stream`);
  assert.equal(stream.status, 503);
  assert.doesNotMatch(await stream.text(), /one|secret|two/);
  assert.equal((await get(`${url}/twice`)).status, 503);
});

test("invariant 13: an error handler that takes its time sends its own answer, and the handler's is not mixed into it", async (t) => {
  const app = newApp(slow(true));
  app.get("/:how", async (req, res) => {
    req.session.set("a", 1);
    res.write("SECRET 1 ");
    for (let times = 0; times < 3; times += 1) {
      await tick();
      res.write("SECRET 2 ");
    }
    res.end("SUCCESS");
  });
  const tell: ErrorRequestHandler = async (_error, req, res, _next) => {
    const begins = req.path === "/first";
    if (begins) res.status(503).type("text");
    for (let times = 0; times < 5; times += 1) await tick();
    res.status(503).send("sorry");
  };
  app.use(tell);
  const url = await listen(t, app);
  for (const how of ["first", "last"]) {
    const response = await get(`${url}/${how}`);
    assert.deepEqual([response.status, await response.text()], [503, "sorry"], how);
  }
});

test("an error handler that ends the answer without a word is heard", async (t) => {
  const app = newApp(slow(true));
  app.get("/", (req, res) => {
    req.session.set("a", 1);
    res.send("done");
  });
  const silent: ErrorRequestHandler = async (_error, _req, res, _next) => {
    await tick();
    res.end();
  };
  app.use(silent);
  const response = await get(await listen(t, app));
  assert.equal(response.status, 503);
  assert.equal(await response.text(), "");
});

test("what other libraries do to end a session is refused aloud", async (t) => {
  const app = newApp(quick());
  const said: string[] = [];
  const habits: Record<string, (session: { destroy(...args: unknown[]): void }) => unknown> = {
    callback: (session) => session.destroy(() => undefined),
    property: (session) => Object.assign(session, { user: "ada" }),
  };
  app.get("/null", (req) => {
    Object.assign(req, { session: null });
  });
  app.get("/:habit", (req) => {
    habits[req.params.habit]?.(req.session as never);
  });
  const tell: ErrorRequestHandler = (error, _req, res, _next) => {
    said.push(`${error.name}: ${error.message}`);
    res.status(500).end();
  };
  app.use(tell);
  const url = await listen(t, app);
  for (const path of ["/null", "/callback", "/property"]) await get(url + path);
  assert.equal(said.length, 3);
  assert.match(said[0] ?? "", /TypeError: .*req\.session\.logout\(\)/);
  assert.match(said[1] ?? "", /TypeError: .*takes no callback/);
  assert.match(said[2] ?? "", /TypeError: .*not extensible/);
});
