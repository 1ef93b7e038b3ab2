import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { test } from "node:test";
import { inspect } from "node:util";
import { serve } from "./_node-hold-kit.test.ts";
import { get, newApp, quick, listen as serveApp, slow, tick } from "./express-kit.test.ts";
import { sendRaw } from "./node-kit.test.ts";

const METHODS = ["writeHead", "flushHeaders", "write", "end", "destroy", "addTrailers"] as const;

test("no response has functions of its own, which would be kept longer than the response", async (t) => {
  const responses: ServerResponse[] = [];
  const url = await serve(
    t,
    ({ response }) => {
      responses.push(response);
      response.end();
    },
    { sync: true },
  );
  await get(url);
  await get(url);
  const [first, second] = responses;
  assert.ok(first !== undefined && second !== undefined);
  for (const name of METHODS) {
    assert.ok(Object.hasOwn(first, name), name);
    assert.equal(first[name], second[name], name);
  }
  for (const event of ["pipe", "unpipe", "drain"]) {
    assert.deepEqual(first.rawListeners(event), second.rawListeners(event), event);
  }
});

test("an answer under a session that was not used is Node's own, and its head is not touched", async (t) => {
  const url = await serve(
    t,
    ({ response, asked }) => {
      void asked.then(() => assert.fail("nothing is to be saved"));
      response.setHeader("trailer", "x-trailer");
      response.addTrailers({ "x-trailer": "1" });
      response.writeHead(201, "Made", { "X-Own": ["1", "2"], "transfer-encoding": "chunked" });
      assert.equal(response.headersSent, true);
      response.flushHeaders();
      assert.equal(response.write("a"), true);
      response.end("b");
      assert.equal(response.writableEnded, true);
    },
    { unused: true },
  );
  const text = await sendRaw(t, url, "GET /");
  assert.match(text, /^HTTP\/1\.1 201 /);
  assert.match(text, /\r\nX-Own: 1\r\nX-Own: 2\r\n/);
  assert.doesNotMatch(text, /x-saved/i);
});

test("a stream that was piped and taken off again stays the application's where the save fails", async (t) => {
  const [off, on] = [Readable.from(["off"]), Readable.from(["on"])];
  const url = await serve(t, async ({ response, asked, finish }) => {
    off.pipe(response);
    off.unpipe(response);
    on.pipe(response);
    await asked;
    finish(new Error("down"));
  });
  assert.equal(await (await get(url)).text(), "refused");
  assert.deepEqual([off.destroyed, on.destroyed], [false, true]);
  off.destroy();
});

test("a method that was taken off a response before the answer holds it back, too", async (t) => {
  const url = await serve(t, async ({ response, asked, finish }) => {
    const { writeHead, write, end } = response;
    Object.assign(response, {
      write: (...args: never[]) => Reflect.apply(write, response, args),
      end: (...args: never[]) => Reflect.apply(end, response, args),
    });
    Reflect.apply(writeHead, response, [202]);
    assert.equal(response.write("a"), false);
    await asked;
    finish();
    response.end("b");
  });
  const answer = await get(url);
  assert.deepEqual([answer.status, await answer.text()], [202, "ab"]);
  assert.equal(answer.headers.get("x-saved"), "1");
});

for (const [how, store] of [
  ["at once", quick()],
  ["later", slow()],
] as const) {
  test(`a change that a listener makes when the head is written is saved ${how}`, async (t) => {
    const app = newApp(store);
    app.get("/", (req, res) => {
      // As on-headers does, for compression, response-time and others.
      const { writeHead } = res;
      let isFirst = true;
      res.writeHead = function listened(this: ServerResponse, ...args: never[]) {
        if (isFirst) req.session.set("seen", true);
        isFirst = false;
        return Reflect.apply(writeHead, this, args);
      } as typeof writeHead;
      res.writeHead(200);
      res.end("ok");
    });
    app.get("/look", (req, res) => void res.json(req.session.toObject()));
    const url = await serveApp(t, app);
    const answer = await get(url);
    assert.equal(await answer.text(), "ok");
    const [cookie = ""] = answer.headers.getSetCookie();
    await tick();
    const seen = await get(`${url}/look`, { cookie: cookie.split(";", 1)[0] ?? "" });
    assert.deepEqual(await seen.json(), { seen: true });
  });
}

test("looking at a request and its response is no use of the session", async (t) => {
  const app = newApp(quick());
  app.get("/", (req, res) => {
    const shown = inspect(req, { depth: 5 }) + inspect(res, { depth: 5 });
    res.send(/Session \{/.test(shown) ? "shown" : "hidden");
  });
  const answer = await get(await serveApp(t, app));
  assert.equal(await answer.text(), "hidden");
  assert.equal(answer.headers.get("vary"), null);
});
