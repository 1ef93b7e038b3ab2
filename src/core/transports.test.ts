import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CookieSessionStore,
  cookieTransport,
  headerTransport,
  InMemorySessionStore,
  type SessionEvent,
  type SessionStore,
} from "keepsake";
import { type Any, NOON, recorder, refusal, requestOf, SECRET, Time, visit } from "./kit.test.ts";

const NAME = "__Host-session";

async function tokenOf(store: SessionStore<Any>, key = "a"): Promise<string> {
  const { setCookie, headers } = await visit(store, (session) => session.set(key, key));
  return setCookie[0]?.split("; ")[0]?.slice(NAME.length + 1) ?? headers.get("x-session-id") ?? "";
}

/** All orders of a list. */
function permutations<Item>(items: readonly Item[]): Item[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, at) =>
    permutations(items.filter((_, index) => index !== at)).map((rest) => [item, ...rest]),
  );
}

test("requirement 27: exactly one candidate that opens is used, in every order; two different ones are none and an event", async () => {
  for (const make of [
    (onEvent: Any) => new CookieSessionStore<Any>({ secret: SECRET, onEvent }),
    (onEvent: Any) => new InMemorySessionStore<Any>({ onEvent }),
  ]) {
    const { events, onEvent } = recorder();
    const store = make(onEvent);
    const [goodA, goodB] = [await tokenOf(store, "a"), await tokenOf(store, "b")];
    const [bad1, bad2] = [`${goodA}x`, "junk"];
    const table: [string[], string | undefined, number][] = [
      [[goodA], "a", 0],
      [[bad1, goodA], "a", 0],
      [[bad1, bad2, goodA], "a", 0],
      [[bad1, bad2, "", goodA], "a", 0],
      [[goodA, goodA, bad1], "a", 0],
      [[goodA, goodB], undefined, 1],
      [[goodA, goodB, bad1], undefined, 1],
      [[goodA, goodB, bad1, bad2], undefined, 1],
    ];
    for (const [tokens, key, count] of table) {
      for (const order of permutations(tokens)) {
        events.length = 0;
        const cookie = order.map((token) => `${NAME}=${token}`).join("; ");
        const session = await store.load(requestOf({ cookie }));
        assert.deepEqual(session.keys(), key === undefined ? [] : [key], cookie);
        assert.equal(session.isNew, key === undefined);
        assert.deepEqual(events, Array(count).fill({ type: "duplicate-token" }));
      }
    }
  }
});

function both() {
  return new CookieSessionStore<Any>({
    secret: SECRET,
    transport: [cookieTransport(), headerTransport()],
  });
}

test("requirement 87: a cookie and a header that name different sessions are a 400, and neither is used", async () => {
  const store = both();
  const cookie = await tokenOf(store);
  const other = await visit(store, (session) => session.set("b", 1), {
    headers: { "x-session-id": "" },
  });
  const header = other.headers.get("x-session-id") ?? "";
  assert.deepEqual(other.setCookie, [], "a client that sent the header is answered in the header");
  const ask = (headers: Record<string, string>) => visit(store, (s) => s.keys(), { headers });
  await assert.rejects(ask({ cookie: `${NAME}=${cookie}`, "x-session-id": header }), (error) => {
    refusal("ERR_SESSION_AMBIGUOUS")(error);
    assert.equal((error as { status?: number }).status, 400);
    return true;
  });
  const keysOf = async (headers: Record<string, string>) => (await ask(headers)).session.keys();
  assert.deepEqual(await keysOf({ cookie: `${NAME}=${cookie}` }), ["a"]);
  assert.deepEqual(await keysOf({ "x-session-id": header }), ["b"]);
  assert.deepEqual(await keysOf({ cookie: `${NAME}=${cookie}`, "x-session-id": "junk" }), ["a"]);
  assert.deepEqual(await keysOf({ cookie: `${NAME}=junk`, "x-session-id": header }), ["b"]);
});

test("requirement 87: a cookie and a header that name the same session are that session", async () => {
  const store = new InMemorySessionStore<Any>({
    transport: [cookieTransport(), headerTransport()],
  });
  const token = await tokenOf(store);
  const headers = { cookie: `${NAME}=${token}`, "x-session-id": token };
  assert.deepEqual((await visit(store, (s) => s.keys(), { headers })).session.keys(), ["a"]);
});

test("a token is good only in the transport it was sealed for", async () => {
  const store = both();
  const token = await tokenOf(store);
  assert.equal((await store.load(requestOf({ "x-session-id": token }))).isNew, true);
  assert.equal((await store.load(requestOf({ cookie: `${NAME}=${token}` }))).isNew, false);
});

test("a response varies by every header that is read", async () => {
  const { headers } = await visit(both(), (session) => session.get("a"), {
    responseHeaders: { vary: "accept-encoding, cookie" },
  });
  assert.equal(headers.get("vary"), "accept-encoding, cookie, X-Session-ID, X-Session-ID-seen");
  const star = await visit(both(), (session) => session.get("a"), {
    responseHeaders: { vary: "*" },
  });
  assert.equal(star.headers.get("vary"), "*");
});

test("a stranger gets the first transport, or the one whose header the request has", async () => {
  const first = await visit(both(), (session) => session.set("a", 1));
  assert.equal(first.setCookie.length, 1);
  assert.equal(first.headers.get("x-session-id"), null);
});

test("transports that cannot be told apart, or are none, are refused", () => {
  const bad = (options: Any, words: string) =>
    assert.throws(
      () => new CookieSessionStore({ secret: SECRET, ...options }),
      refusal("ERR_SESSION_CONFIG", words),
    );
  bad({ cookie: {}, transport: cookieTransport() }, "two ways of saying one thing");
  bad({ transport: [] }, "transport must be");
  bad({ transport: "cookie" }, "transport must be");
  bad({ transport: [cookieTransport(), null] }, "transport must be");
  bad({ transport: [cookieTransport(), cookieTransport()] }, "two transports");
  bad({ transport: [headerTransport("X-A"), headerTransport("x-a")] }, "two transports");
});

const STORES = {
  "on the server": (options: Any) => new InMemorySessionStore<Any>(options),
  "in the cookie": (options: Any) => new CookieSessionStore<Any>({ secret: SECRET, ...options }),
};
const OVERRULED = { type: "cache-control-overruled", cacheControl: "public" };
/** Over plain http, cacheable and on a redirect: all that a transport tells of. */
const PLAIN = {
  url: "http://shop.example/",
  status: 302,
  responseHeaders: { "cache-control": "public" },
};

/** Leaves out what the store itself tells. */
function transportRecorder() {
  const { events, onEvent } = recorder();
  return { events, onEvent: (event: SessionEvent) => event.type !== "created" && onEvent(event) };
}

for (const [where, storeOf] of Object.entries(STORES)) {
  test(`a store ${where} passes its onEvent on to transports that were given none`, async () => {
    const { events, onEvent } = transportRecorder();
    const of = (transport: Any) => storeOf({ transport, onEvent });
    await visit(of(cookieTransport()), (session) => session.set("a", 1), PLAIN);
    assert.deepEqual(events.splice(0), [
      { type: "insecure-transport", host: "shop.example" },
      OVERRULED,
    ]);
    await visit(of([headerTransport()]), (session) => session.set("a", 1), PLAIN);
    assert.deepEqual(events, [OVERRULED, { type: "token-on-redirect", status: 302 }]);
  });

  test(`a transport of a store ${where} keeps to the onEvent that it was given itself`, async () => {
    const ofStore = transportRecorder();
    const own = transportRecorder();
    for (const transport of [
      cookieTransport({}, { onEvent: own.onEvent }),
      headerTransport("X-Token", { onEvent: own.onEvent }),
    ]) {
      const store = storeOf({ transport, onEvent: ofStore.onEvent });
      await visit(store, (session) => session.set("a", 1), PLAIN);
    }
    assert.equal(own.events.length, 4);
    assert.deepEqual(ofStore.events, []);
  });

  test(`a persistent cookie of a store ${where} ages by the store's clock, or by its own`, async () => {
    const clock = () => NOON;
    const ageBy = async (more?: Any) => {
      const transport = cookieTransport({ persistent: true }, more);
      const store = storeOf({ transport, clock, absoluteTimeout: 7200 });
      const { setCookie } = await visit(store, (session) => session.set("a", 1));
      return /Max-Age=(\d+)/.exec(setCookie[0] ?? "")?.[1];
    };
    assert.equal(await ageBy(), "7200");
    assert.equal(await ageBy({ clock: () => NOON + 3_600_000 }), "3600");
  });
}

test("one transport of two stores tells each of them of its own", async () => {
  const transport = headerTransport();
  const [one, two] = [transportRecorder(), transportRecorder()];
  const first = new InMemorySessionStore({ transport, onEvent: one.onEvent });
  const second = new CookieSessionStore({ secret: SECRET, transport, onEvent: two.onEvent });
  await visit(first, (session) => session.set("a", 1), PLAIN);
  assert.deepEqual([one.events.length, two.events.length], [2, 0]);
  await visit(second, (session) => session.set("a", 1), PLAIN);
  assert.deepEqual([one.events.length, two.events.length], [2, 2]);
});

test("the note of the last use, too, tells the store of a redirect", async () => {
  const { events, onEvent } = recorder();
  const time = new Time();
  const { clock } = time;
  const transport = headerTransport();
  const store = new CookieSessionStore<Any>({ secret: SECRET, transport, clock, onEvent });
  const token = await tokenOf(store);
  time.advance(10_000);
  const headers = { "x-session-id": token };
  const done = await visit(store, (session) => session.get("a"), { headers, status: 302 });
  assert.notEqual(done.headers.get("x-session-id-seen"), null);
  assert.deepEqual(events, [{ type: "token-on-redirect", status: 302 }]);
});

test("a transport that an application makes of another is used as it is", async () => {
  const { events, onEvent } = recorder();
  const transport = { ...cookieTransport({}, { onEvent }), read: () => [] };
  const store = new CookieSessionStore<Any>({ secret: SECRET, transport, onEvent });
  const token = await tokenOf(store);
  assert.equal((await store.load(requestOf({ cookie: `${NAME}=${token}` }))).isNew, true);
  assert.deepEqual(events, []);
});
