import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type CookieOptions,
  CookieSessionStore,
  cookieTransport,
  type SessionEvent,
} from "keepsake";
import {
  Jar,
  NOON,
  recorder,
  refusal,
  requestOf,
  runs,
  SECRET,
  Time,
  Visitor,
} from "./kit.test.ts";

const quiet = { clock: () => NOON, onEvent: () => {} };

/** What is written to a response that has these headers already. */
function write(options: CookieOptions = {}, headers: Record<string, string> = {}) {
  const { events, onEvent } = recorder();
  const response = { headers: new Headers(headers) };
  const transport = cookieTransport(options, { ...quiet, onEvent });
  transport.write(requestOf(), response, "token", NOON + 60_000);
  return { response, events, transport };
}

test("requirement 16: name and value of 4,096 octets together are written, 4,097 are not", async () => {
  for (const name of ["session", "s", "a".repeat(200)]) {
    const most = 4096 - `__Host-${name}`.length;
    for (const length of [most, most + 1]) {
      const sealer = { seal: () => "x".repeat(length), open: () => undefined };
      const store = new CookieSessionStore({ sealer, cookie: { name }, ...quiet });
      const session = await store.load(requestOf());
      session.set("k", 1);
      const response = { headers: new Headers() };
      if (length === most) {
        store.save(requestOf(), response, session);
        assert.ok(new Jar().store(response.headers.getSetCookie()[0] ?? ""), "a browser keeps it");
      } else {
        const act = () => store.save(requestOf(), response, session);
        assert.throws(act, refusal("ERR_COOKIE_TOO_LARGE", String(length), String(most)));
        assert.deepEqual([...response.headers], []);
      }
    }
  }
});

test("requirement 16: the error names the largest keys, and the response stays as it was", async () => {
  const store = new CookieSessionStore({ secret: SECRET, ...quiet });
  const session = await store.load(requestOf());
  session.update({ small: "s", large: "x".repeat(4000), middle: "y".repeat(500), tiny: 1 });
  const response = { headers: new Headers({ "set-cookie": "own=1" }) };
  assert.throws(
    () => store.save(requestOf(), response, session),
    refusal("ERR_COOKIE_TOO_LARGE", /"large".*"middle".*"small"/, "4082"),
  );
  assert.deepEqual([...response.headers], [["set-cookie", "own=1"]]);
});

test("requirement 18: setting, setting again and clearing leave one line of the name, and the application's own", () => {
  const { response, transport } = write({}, { "set-cookie": "own=1; Path=/" });
  response.headers.append("set-cookie", "__Host-session-like=2");
  transport.write(requestOf(), response, "second");
  assert.equal(response.headers.getSetCookie().length, 3);
  transport.clear(requestOf(), response);
  const lines = response.headers.getSetCookie();
  assert.deepEqual(lines.slice(0, 2), ["own=1; Path=/", "__Host-session-like=2"]);
  assert.match(lines[2] ?? "", /^__Host-session=; /);
  assert.equal(lines.length, 3);
});

test("requirement 18: the lines of random sessions keep the grammar, and no attribute comes twice", async () => {
  const store = new CookieSessionStore({ secret: SECRET, ...quiet });
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })), async (data) => {
      const { setCookie } = await new Visitor(store).visit((session) => session.update(data));
      if (Object.keys(data).length === 0) return assert.deepEqual(setCookie, []);
      assert.equal(setCookie.length, 1);
      const [pair = "", ...attributes] = (setCookie[0] ?? "").split("; ");
      assert.match(pair, /^__Host-session=[!#-+\--:<-[\]-~]*$/);
      const names = attributes.map((attribute) => attribute.split("=")[0]?.toLowerCase());
      assert.equal(new Set(names).size, names.length);
      return undefined;
    }),
    runs(100),
  );
});

test("requirement 18: a token that would say more than a value is refused, and no line is written of it", () => {
  const refused = [
    ";",
    " ",
    "\t",
    "\n",
    "\0",
    "\x7f",
    "é",
    "\u2028",
    "; Domain=evil.example",
    "; Path=/; ",
  ];
  for (const chunks of [1, 2] as const) {
    for (const text of refused) {
      for (const token of [
        text,
        `${text}t`,
        `t${text}`,
        `t${text}t`,
        `t${text}`.padEnd(5000, "t"),
      ]) {
        const response = { headers: new Headers({ "set-cookie": "own=1" }) };
        const act = () => cookieTransport({ chunks }, quiet).write(requestOf(), response, token);
        assert.throws(act, TypeError, JSON.stringify(token.slice(0, 20)));
        assert.deepEqual(response.headers.getSetCookie(), ["own=1"]);
      }
    }
    const { response } = write({ chunks });
    const every = Array.from({ length: 0x7f - 0x21 }, (_, at) => String.fromCharCode(at + 0x21));
    const token = every.filter((each) => each !== ";").join("");
    cookieTransport({ chunks }, quiet).write(requestOf(), response, token);
    assert.match(response.headers.getSetCookie()[0] ?? "", /^__Host-session=!"#.*}~; Path=/);
  }
});

test("requirement 20: the deletion repeats every attribute, and a browser's jar obeys it", () => {
  const table: CookieOptions[] = [
    {},
    { domain: "example.com" },
    { path: "/app" },
    { sameSite: "none", partitioned: true },
    { sameSite: "strict", persistent: true },
    { prefix: "__Host-Http-" },
    { prefix: "none", httpOnly: false },
  ];
  for (const options of table) {
    const jar = new Jar("https://app.example.com/app", () => NOON);
    const { response, transport } = write(options);
    const [set = ""] = response.headers.getSetCookie();
    assert.ok(jar.store(set));
    assert.deepEqual(jar.names, [transport.name]);
    transport.clear(requestOf(), response);
    const [cleared = ""] = response.headers.getSetCookie();
    assert.ok(jar.store(cleared), "the browser obeys the deletion");
    assert.deepEqual(jar.names, []);
    const kept = (line: string) =>
      line.split("; ").filter((part) => !/^(max-age|expires)=|^__|^session=/i.test(part));
    assert.deepEqual(kept(cleared), kept(set));
    assert.match(cleared, /; Max-Age=0(;|$)/);
    assert.match(cleared, /; Expires=Thu, 01 Jan 1970 00:00:00 GMT(;|$)/);
  }
});

test("requirement 20: over http with secure: false the jar obeys as well", () => {
  const jar = new Jar("http://app.example.com/");
  const { response, transport } = write({ secure: false });
  jar.receive(response);
  assert.deepEqual(jar.names, ["session"]);
  transport.clear(requestOf(), response);
  jar.receive(response);
  assert.deepEqual(jar.names, []);
});

test("requirement 22: reading, or doing nothing, sets no cookie", async () => {
  const store = new CookieSessionStore({ secret: SECRET, ...quiet });
  const reads: ((session: { data: object; id: string; size: number }) => unknown)[] = [
    () => {},
    (session) => session.id,
    (session) => session.size,
    (session) => "x" in session.data,
  ];
  for (const read of reads) {
    assert.deepEqual((await new Visitor(store).visit(read)).setCookie, []);
  }
});

test("invariant 15, caches stay clean: what sets or clears the cookie is no-store, and overruling public is an event", () => {
  const table: [string | undefined, number][] = [
    [undefined, 0],
    ["no-store", 0],
    ["private, max-age=0", 0],
    ["public, max-age=600", 1],
    ["max-age=600,PUBLIC", 1],
    ["s-maxage=60", 1],
  ];
  for (const [cacheControl, count] of table) {
    const headers: Record<string, string> =
      cacheControl === undefined ? {} : { "cache-control": cacheControl };
    const { response, events, transport } = write({}, headers);
    assert.equal(response.headers.get("cache-control"), "no-store");
    const expected: SessionEvent[] = [];
    if (count === 1 && cacheControl)
      expected.push({ type: "cache-control-overruled", cacheControl });
    assert.deepEqual(events, expected);
    const cleared = { headers: new Headers(headers) };
    transport.clear(requestOf(), cleared);
    assert.equal(cleared.headers.get("cache-control"), "no-store");
  }
});

test("a persistent cookie lives until the absolute end, as the injected clock tells it", () => {
  const time = new Time();
  const transport = cookieTransport({ persistent: true }, { ...quiet, clock: time.clock });
  const response = { headers: new Headers() };
  time.advance(10);
  transport.write(requestOf(), response, "token", NOON + 70_999);
  const line = response.headers.getSetCookie()[0] ?? "";
  assert.match(line, /; Max-Age=60;/);
  assert.match(line, new RegExp(`Expires=${new Date(NOON + 70_000).toUTCString()}`));
});

test("a companion has the cookie's attributes and a name of its own", () => {
  const { transport } = write({ domain: "example.com", sameSite: "strict" });
  const companion = transport.companion("seen");
  assert.equal(companion.name, "__Secure-session-seen");
  const response = { headers: new Headers() };
  companion.write(requestOf(), response, "t");
  transport.write(requestOf(), response, "t");
  const [seen = "", session = ""] = response.headers.getSetCookie();
  assert.equal(seen.replace("-seen", ""), session);
});
