import assert from "node:assert/strict";
import { test } from "node:test";
import { CookieSessionStore, headerTransport, InMemorySessionStore } from "keepsake";
import { type Any, recorder, refusal, requestOf, SECRET, visit } from "./kit.test.ts";

const bad = (name: Any, options?: Any) =>
  assert.throws(
    () => headerTransport(name, options),
    refusal("ERR_SESSION_CONFIG", "headerTransport"),
  );

test("a session travels in the header both ways, and an end is an empty value", async () => {
  for (const store of [
    new CookieSessionStore({ secret: SECRET, transport: headerTransport() }),
    new InMemorySessionStore({ transport: headerTransport() }),
  ]) {
    const first = await visit(store, (session) => session.set("a", 1));
    const token = first.headers.get("x-session-id") ?? "";
    assert.notEqual(token, "");
    assert.deepEqual(first.setCookie, []);
    const second = await visit(store, (session) => assert.equal(session.get("a"), 1), {
      headers: { "X-Session-ID": token },
    });
    assert.equal(second.headers.get("x-session-id"), null);
    const third = await visit(store, (session) => session.logout(), {
      headers: { "X-Session-ID": token },
    });
    assert.equal(third.headers.get("x-session-id"), "");
  }
});

test("requirement 89: one field, one token: repeated, joined, padded and overlong ones are refused", () => {
  const transport = headerTransport();
  const read = (value: string) =>
    transport.read({ headers: { get: (name) => (name === "X-Session-ID" ? value : null) } });
  assert.deepEqual(read("k1.abc.DEF-_~+/=0"), ["k1.abc.DEF-_~+/=0"]);
  for (const value of [
    "",
    "a, b",
    "a,b",
    "a b",
    " a",
    "a ",
    "a;b",
    '"a"',
    "a\tb",
    "ä",
    "a\n",
    "a\0",
  ]) {
    assert.deepEqual(read(value), [], JSON.stringify(value));
  }
  assert.equal(read("a".repeat(8000)).length, 1);
  assert.deepEqual(read("a".repeat(8001)), []);
  const twice = new Headers([
    ["x-session-id", "a"],
    ["x-session-id", "b"],
  ]);
  assert.deepEqual(transport.read({ headers: twice }), []);
});

test("requirement 90: the response is no-store, varies by the header, and exposes it only where asked to", () => {
  for (const expose of [false, true]) {
    const { events, onEvent } = recorder();
    const transport = headerTransport("X-Session-ID", { expose, onEvent });
    for (const act of ["write", "clear"] as const) {
      const response = { headers: new Headers({ vary: "Accept" }) };
      if (act === "write") transport.write(requestOf(), response, "token");
      else transport.clear(requestOf(), response);
      assert.equal(response.headers.get("cache-control"), "no-store");
      assert.equal(response.headers.get("vary"), "Accept, X-Session-ID");
      const exposed = response.headers.get("access-control-expose-headers");
      assert.equal(exposed, expose ? "X-Session-ID" : null);
    }
    assert.deepEqual(events, []);
  }
});

test("requirement 90: a response that only read the session varies by the header too", async () => {
  const store = new CookieSessionStore({ secret: SECRET, transport: headerTransport() });
  const { headers } = await visit(store, (session) => session.get("a"));
  assert.equal(headers.get("vary"), "X-Session-ID, X-Session-ID-seen");
  assert.equal(headers.get("cache-control"), null);
});

test("event token-on-redirect: a token that changes on a redirect, where no script can read it", () => {
  const table: [number | undefined, number][] = [
    [301, 1],
    [302, 1],
    [303, 1],
    [307, 1],
    [308, 1],
    [304, 0],
    [200, 0],
    [401, 0],
    [undefined, 0],
  ];
  for (const [status, count] of table) {
    const { events, onEvent } = recorder();
    const response = { headers: new Headers(), ...(status === undefined ? {} : { status }) };
    headerTransport("X-Session-ID", { onEvent }).write(requestOf(), response, "token");
    assert.deepEqual(events, count === 0 ? [] : [{ type: "token-on-redirect", status }]);
  }
});

test("overruling a public response is an event here too", () => {
  const { events, onEvent } = recorder();
  const response = { headers: new Headers({ "cache-control": "public" }) };
  headerTransport("X-Session-ID", { onEvent }).write(requestOf(), response, "token");
  assert.deepEqual(events, [{ type: "cache-control-overruled", cacheControl: "public" }]);
});

test("names that are no header's, or have a meaning of their own, are refused", () => {
  for (const name of ["", "X Session", "X:", "X\r\n", "é", 7, null]) bad(name);
  for (const name of ["Cookie", "Set-Cookie", "Host", "ORIGIN", "Vary", "content-type"]) bad(name);
  bad("X-Session-ID", { exposed: true });
  bad("X-Session-ID", { expose: "yes" });
  bad("X-Session-ID", { onEvent: "log" });
  bad("X-Session-ID", null);
});

test("a header that the transport itself sets beside the token cannot carry it", () => {
  bad("Cache-Control");
  bad("Access-Control-Expose-Headers");
});

test("the name is compared without regard to case, and sealed to in lower case", () => {
  assert.equal(headerTransport("X-Shop-Session").name, "x-shop-session");
  const request = { headers: new Headers({ "x-shop-session": "token" }) };
  assert.deepEqual(headerTransport("X-Shop-Session").read(request), ["token"]);
});
