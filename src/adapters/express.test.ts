import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import createConnect from "connect";
import express, { type ErrorRequestHandler, type Express } from "express";
import { CookieSessionStore, cookieTransport, headerTransport, type SessionStore } from "keepsake";
import { sessionOf, sessions } from "keepsake/adapters/express";
import { testAdapter } from "../../probe/adapter-cases.ts";
import { listen, slow } from "./express-kit.test.ts";
import { getByHttp2, listenOn } from "./node-kit.test.ts";

testAdapter("express");
testAdapter("express4");
testAdapter("connect");

type Http2Listener = Parameters<typeof createHttp2Server>[1];

const onEvent = () => undefined;
const SECRET = "4eqhFCE9yngFbyB6a!Cro5gubbb92ay_nBb1oCF3";

const stores: Record<string, () => SessionStore> = {
  "a store that saves at once": () => new CookieSessionStore({ secret: SECRET, onEvent }),
  "a store that saves later": () => slow(),
};

function newApp(store: SessionStore): Express {
  const app = express();
  app.set("env", "test");
  app.use(sessions(store));
  return app;
}

for (const [which, createStore] of Object.entries(stores)) {
  test(`${which}: a handler that fails after it answered changes nothing about its answer`, async (t) => {
    const app = newApp(createStore());
    const sent: boolean[] = [];
    app.get("/", (req, res) => {
      req.session.set("a", 1);
      res.send("answered");
      throw new Error("too late");
    });
    const onError: ErrorRequestHandler = (_error, _req, res, _next) => {
      sent.push(res.headersSent);
    };
    app.use(onError);
    const response = await fetch(await listen(t, app));
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "answered");
    assert.deepEqual(sent, [true]);
  });

  test(`${which}: sendFile, download, res.cookie, json and a conditional request`, async (t) => {
    const app = newApp(createStore());
    app.get("/file", (req, res) => {
      req.session.set("a", 1);
      res.cookie("own", "1").sendFile(fileURLToPath(import.meta.url));
    });
    app.get("/download", (req, res) => {
      req.session.set("a", 2);
      res.download(fileURLToPath(import.meta.url), "page.txt");
    });
    app.get("/json", (req, res) => {
      res.json({ a: req.session.get("a", 0) });
    });
    const url = await listen(t, app);
    const file = await fetch(`${url}/file`);
    assert.match(await file.text(), /^import assert/);
    const names = file.headers.getSetCookie().map((line) => line.split("=")[0]);
    assert.deepEqual(names, ["own", "__Host-session"]);
    const download = await fetch(`${url}/download`);
    assert.match(await download.text(), /^import assert/);
    assert.match(download.headers.get("content-disposition") ?? "", /page\.txt/);
    assert.equal(download.headers.getSetCookie().length, 1);
    const part = await fetch(`${url}/download`, { headers: { range: "bytes=0-5" } });
    assert.deepEqual([part.status, await part.text()], [206, "import"]);
    assert.equal(part.headers.getSetCookie().length, 1);
    const cookie = file.headers.getSetCookie().map((line) => line.split(";")[0]);
    const json = await fetch(`${url}/json`, { headers: { cookie: cookie.join("; ") } });
    assert.deepEqual(await json.json(), { a: 1 });
    const again = await fetch(`${url}/json`, {
      headers: {
        cookie: cookie.join("; "),
        "if-none-match": json.headers.get("etag") ?? "",
        // fetch itself would ask for no-cache beside a condition.
        "cache-control": "max-age=0",
      },
    });
    assert.equal(again.status, 304);
    assert.match(again.headers.get("vary") ?? "", /Cookie/);
  });

  test(`${which}: an answer through writeHead keeps the application's own cookies`, async (t) => {
    const app = newApp(createStore());
    app.get("/", (req, res) => {
      req.session.set("a", 1);
      res.writeHead(200, [
        ["Set-Cookie", "own=1"],
        ["Set-Cookie", "other=2"],
        ["Cache-Control", "public"],
      ] as unknown as Record<string, string>);
      res.end("ok");
    });
    const response = await fetch(await listen(t, app));
    const names = response.headers.getSetCookie().map((line) => line.split("=")[0]);
    assert.deepEqual(names, ["own", "other", "__Host-session"]);
    assert.equal(response.headers.get("cache-control"), "no-store");
  });

  // Express itself, in 4 and 5, makes requests of HTTP/1.1 of all that it is given, and fails for those of HTTP/2.
  test(`${which}: HTTP/2, through Connect`, async (t) => {
    const app = createConnect();
    app.use(sessions(createStore()));
    app.use((req: IncomingMessage, res: ServerResponse) => {
      sessionOf(req).set("a", 1);
      res.end("done");
    });
    // What takes Node's own requests takes those of HTTP/2's compatibility API.
    const url = await listenOn(t, createHttp2Server(app as unknown as Http2Listener));
    const { status, cookies, body } = await getByHttp2(t, url, "/");
    assert.deepEqual([status, cookies.length, body], [200, 1, "done"]);
  });
}

test("requirement 26: a Cookie header in several fields is one", async (t) => {
  const app = newApp(new CookieSessionStore({ secret: SECRET }));
  app.get("/set", (req, res) => {
    req.session.set("a", 1);
    res.end();
  });
  app.get("/read", (req, res) => void res.json(req.session.get("a", 0)));
  const url = await listen(t, app);
  const line = (await fetch(`${url}/set`)).headers.getSetCookie()[0] ?? "";
  const fields = ["own=1", line.split(";")[0], "other=2"].map((pair) => `Cookie: ${pair}\r\n`);
  assert.match(await raw(t, url, fields.join("")), /\r\n\r\n1$/);
});

test("requirement 89: a token header that was sent twice is none", async (t) => {
  const app = newApp(new CookieSessionStore({ secret: SECRET, transport: headerTransport() }));
  app.get("/set", (req, res) => {
    req.session.set("a", 1);
    res.end();
  });
  app.get("/read", (req, res) => void res.json(req.session.get("a", 0)));
  const url = await listen(t, app);
  const token = (await fetch(`${url}/set`)).headers.get("x-session-id") ?? "";
  const field = `X-Session-ID: ${token}\r\n`;
  assert.match(await raw(t, url, field), /\r\n\r\n1$/);
  assert.match(await raw(t, url, field + field), /\r\n\r\n0$/);
});

/** Sends `GET /read` with header fields just as they are given. */
async function raw(t: TestContext, url: string, fields: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  socket.write(`GET /read HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${fields}\r\n`);
  return (await socket.setEncoding("latin1").toArray()).join("");
}

test("a bad request is answered without the application's error handler", async (t) => {
  const store = new CookieSessionStore({
    secret: SECRET,
    transport: [cookieTransport(), headerTransport()],
  });
  const app = newApp(store);
  let errors = 0;
  app.get("/", (req, res) => {
    req.session.set("a", 1);
    res.end();
  });
  const onError: ErrorRequestHandler = (_error, _req, res, _next) => {
    errors += 1;
    res.end();
  };
  app.use(onError);
  const url = await listen(t, app);
  const cookie = (await fetch(url)).headers.getSetCookie()[0]?.split(";")[0] ?? "";
  const header = (await fetch(url, { headers: { "x-session-id": "" } })).headers.get(
    "x-session-id",
  );
  const response = await fetch(url, { headers: { cookie, "x-session-id": header ?? "" } });
  assert.equal(response.status, 400);
  assert.equal(errors, 0);
});

test("requirement 23: a Secure cookie over plain http to another host is one event", async (t) => {
  const events: string[] = [];
  const store = new CookieSessionStore({
    secret: SECRET,
    onEvent: (event) => events.push(event.type === "insecure-transport" ? event.host : event.type),
  });
  const app = newApp(store);
  app.get("/read", (req, res) => {
    req.session.set("a", 1);
    res.end();
  });
  const url = await listen(t, app);
  const { hostname, port } = new URL(url);
  for (let round = 0; round < 2; round += 1) {
    const socket = connect(Number(port), hostname);
    t.after(() => socket.destroy());
    socket.write("GET /read HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n");
    assert.match(
      (await socket.setEncoding("latin1").toArray()).join(""),
      /set-cookie: __Host-session=/i,
    );
  }
  assert.deepEqual(events, ["shop.example"]);
});
