import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, InMemorySessionStore, Session, type SessionStore } from "keepsake";

interface Shop {
  cart: string[];
  count?: number;
  theme: "light" | "dark";
}

/** Compiles only if both types are the same. */
function same<A>() {
  return <B>(
    ..._: (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? [] : [never]
  ) => {};
}

test("types: get knows its keys, and that a key may be missing", () => {
  const session = new Session<Shop>({ theme: "dark" });
  const cart = session.get("cart");
  same<string[] | undefined>()<typeof cart>();
  const count = session.get("count", 0);
  same<number>()<typeof count>();
  const theme = session.getOrThrow("theme");
  same<"light" | "dark">()<typeof theme>();
  // @ts-expect-error there is no such key
  assert.equal(session.get("basket"), undefined);
  // @ts-expect-error there is no such key
  assert.equal(session.data.basket, undefined);
});

test("types: values must fit their keys", () => {
  const session = new Session<Shop>();
  session.set("cart", ["tea"]);
  session.update({ count: 1 });
  // @ts-expect-error a cart is a list
  session.set("cart", "tea");
  // @ts-expect-error there is no such theme
  session.data.theme = "blue";
  // @ts-expect-error a count is a number
  session.update({ count: "1" });
  // @ts-expect-error the function must give a number
  session.modify("count", (count) => `${count}`);
  session.modify("count", (count) => (count ?? 0) + 1);
  // @ts-expect-error only keys can be kept
  session.login("ada", { keep: ["basket"] });
  // @ts-expect-error a subject is text
  assert.throws(() => session.login(7));
  assert.throws(() => {
    // @ts-expect-error the handle is the server's
    session.id = "x";
  }, TypeError);
});

test("types: without a type of its own a session takes anything", () => {
  const session = new Session();
  session.set("anything", [1, { b: "c" }]);
  const value = session.get("anything");
  same<unknown>()<typeof value>();
  assert.deepEqual(value, [1, { b: "c" }]);
});

test("types: keys and entries have the keys of the data", () => {
  const session = new Session<Shop>({ cart: [] });
  const keys = session.keys();
  same<(keyof Shop)[]>()<typeof keys>();
  assert.deepEqual(keys, ["cart"]);
});

test("types: a store of an application's own is a dozen lines", async () => {
  const kept = new Map<string, Session<Shop>>();
  const store: SessionStore<Shop> = {
    load: (request) => kept.get(request.headers.get("x-key") ?? "") ?? new Session<Shop>(),
    async save(request, _, session) {
      if (session.modified) kept.set(request.headers.get("x-key") ?? "", session);
    },
  };
  const request = { headers: new Headers({ "x-key": "k" }) };
  const session = await store.load(request);
  session.set("count", 1);
  await store.save(request, { headers: new Headers() }, session);
  assert.equal((await store.load(request)).get("count"), 1);
});

test("types: options are read-only data, and the clock is a function", () => {
  const clock: Clock = () => 0;
  const options = { clock, idleTimeout: 60 } as const;
  const store: SessionStore<Shop> = new InMemorySessionStore<Shop>(options);
  assert.equal(typeof store.load, "function");
  // @ts-expect-error there is no such option
  assert.throws(() => new InMemorySessionStore({ ttl: 60 }));
});
