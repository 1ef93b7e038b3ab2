import assert from "node:assert/strict";
import { test } from "node:test";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { stream, streamSSE } from "hono/streaming";
import { SessionError, type SessionStore } from "keepsake";
import { type SessionEnv, sessions } from "keepsake/adapters/hono";
import { testAdapter } from "../../probe/adapter-cases.ts";

testAdapter("hono");

const SECRET = "4eqhFCE9yngFbyB6a!Cro5gubbb92ay_nBb1oCF3";

interface Data {
  a: number;
  text: string;
}

const newApp = () =>
  new Hono<SessionEnv<Data>>().use(sessions<Data>(SECRET, { onEvent: () => undefined }));

const down: SessionStore<Data> = {
  load: () => Promise.reject(new Error("down")),
  save: () => undefined,
};

test("a redirect whose headers cannot be changed carries the token", async () => {
  const app = newApp().get("/", (c) => {
    c.var.session.set("a", 1);
    return Response.redirect("http://localhost/next", 303);
  });
  const response = await app.request("/");
  assert.equal(response.status, 303);
  assert.equal(response.headers.get("location"), "http://localhost/next");
  assert.equal(response.headers.getSetCookie().length, 1);
});

test("a stream, and server-sent events, begin with the token and arrive whole", async () => {
  const app = newApp()
    .use((c, next) => {
      c.var.session.set("a", 1);
      return next();
    })
    .get("/body", (c) => c.body(new Blob(["one ", "two"]).stream()))
    .get("/stream", (c) =>
      stream(c, async (body) => {
        await body.write("one ");
        await body.write("two");
      }),
    )
    .get("/events", (c) =>
      streamSSE(c, async (body) => {
        await body.writeSSE({ data: "1" });
        await body.writeSSE({ data: "2" });
      }),
    )
    .get("/late", (c) =>
      stream(c, async (body) => {
        await body.write("first ");
        // What comes after the headers comes too late, and is told so.
        assert.throws(() => c.var.session.set("a", 2), { code: "ERR_SESSION_COMMITTED" });
        await body.write("last");
      }),
    );
  const bodies: [string, string][] = [
    ["/body", "one two"],
    ["/stream", "one two"],
    ["/events", "data: 1\n\ndata: 2\n\n"],
    ["/late", "first last"],
  ];
  for (const [path, body] of bodies) {
    const response = await app.request(path);
    assert.equal(response.headers.getSetCookie().length, 1, path);
    assert.equal(await response.text(), body);
  }
});

test("what the session's middleware took off a response does not come back", async () => {
  const app = newApp().get("/", (c) => {
    c.var.session.set("a", 1);
    const response = Response.redirect("http://localhost/next", 303);
    const headers = new Headers(response.headers);
    headers.set("cache-control", "public");
    headers.append("set-cookie", "own=1");
    headers.append("set-cookie", "__Host-session=planted");
    return new Response(null, { status: 303, headers });
  });
  const response = await app.request("/");
  assert.equal(response.headers.get("cache-control"), "no-store");
  const names = response.headers.getSetCookie().map((line) => line.split("=")[0]);
  assert.deepEqual(names, ["own", "__Host-session"]);
  assert.doesNotMatch(response.headers.getSetCookie().join(), /planted/);
});

test("a thrown HTTPException counts as its response: below 500 the session is saved", async () => {
  const app = newApp().get("/:status", (c) => {
    c.var.session.set("a", 1);
    throw new HTTPException(c.req.param("status") === "403" ? 403 : 500);
  });
  assert.equal((await app.request("/403")).headers.getSetCookie().length, 1);
  assert.equal((await app.request("/500")).headers.getSetCookie().length, 0);
});

test("a store that is down is a 503 also where the application has no error handler", async () => {
  const app = new Hono().use(sessions(down)).get("/", (c) => c.text("never"));
  const response = await app.request("/");
  assert.equal(response.status, 503);
  assert.equal(await response.text(), "Service Unavailable");
});

test("the application's error handler is given the error, and its answer inherits no headers", async () => {
  const errors: unknown[] = [];
  const app = newApp()
    .get("/", (c) => {
      c.var.session.set("text", "x".repeat(5000));
      return new Response("done", { headers: { "x-success": "1", "set-cookie": "own=1" } });
    })
    .onError((error, c) => {
      errors.push(error);
      return c.text("sorry", 500);
    });
  const response = await app.request("/");
  assert.equal(response.status, 500);
  assert.equal(response.headers.get("x-success"), null);
  assert.deepEqual(response.headers.getSetCookie(), []);
  const [error] = errors;
  assert.ok(error instanceof SessionError);
  assert.equal(error.code, "ERR_COOKIE_TOO_LARGE");
});

test("routes that the middleware is not mounted on have no session", async () => {
  const app = new Hono()
    .use("/with/*", sessions(SECRET))
    .get("/with/session", (c) => c.json("session" in c.var))
    .get("/without", (c) => c.json("session" in c.var));
  assert.equal(await (await app.request("/with/session")).json(), true);
  assert.equal(await (await app.request("/without")).json(), false);
});
