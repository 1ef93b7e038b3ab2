import assert from "node:assert/strict";
import { test } from "node:test";
import {
  applyChanges,
  InMemorySessionStore,
  MemorySessionRepository,
  ServerSessionStore,
  Session,
} from "keepsake";
import { type Any, type Loose, refusal, Visitor } from "./kit.test.ts";

const loaded = (data: Any = {}): Loose => new Session<Record<string, Any>>(data, { id: "handle" });

/** The changes as text, functions by name only. */
const logOf = (session: Loose): string[] =>
  session.changes.map((change) => {
    const { type, key = "", value } = change as Any;
    return value === undefined ? `${type} ${key}` : `${type} ${key} ${JSON.stringify(value)}`;
  });

test("a change in place is a change, however deep, and by whichever way the value was got", () => {
  const ways: ((session: Loose) => Any)[] = [
    (session) => session.get("cart"),
    (session) => session.getOrThrow("cart"),
    (session) => session.data.cart,
    (session) => session.entries()[0]?.[1],
    (session) => Object.getOwnPropertyDescriptor(session.data, "cart")?.get?.(),
  ];
  for (const way of ways) {
    const session = loaded({ cart: { items: [{ n: 1 }] } });
    way(session).items[0].n = 2;
    assert.equal(session.modified, true);
    assert.deepEqual(logOf(session), ['set cart {"items":[{"n":2}]}']);
  }
});

test("a change in place and back again is no change", () => {
  const session = loaded({ cart: ["a"] });
  const cart = session.get("cart");
  cart.push("b");
  assert.equal(session.modified, true);
  cart.pop();
  assert.equal(session.modified, false);
  assert.deepEqual(session.changes, []);
});

test("reading alone is no change, and primitives are not watched", () => {
  const session = loaded({ a: 1, b: { c: 1 }, d: [] });
  for (const key of session.keys()) session.get(key);
  assert.equal(session.modified, false);
});

test("a change in place of a value that was replaced or deleted since is none of the session's", () => {
  const session = loaded({ cart: ["a"], other: ["x"] });
  const cart = session.get("cart");
  const other = session.get("other");
  session.set("cart", ["b"]);
  session.delete("other");
  cart.push("lost");
  other.push("lost");
  assert.deepEqual(logOf(session), ['set cart ["b"]', "delete other"]);
});

test("a change in place goes on over a login where the key is kept, and is none of the session's where it is not", () => {
  const session = loaded({ cart: ["a"], other: ["x"], rest: 1 });
  const cart = session.get("cart");
  const other = session.get("other");
  cart.push("before");
  const keep = ["cart", "none"];
  session.login("ada", { keep });
  keep.push("other");
  assert.deepEqual(session.changes, [
    { type: "keep", keys: ["cart", "none"] },
    { type: "set", key: "cart", value: ["a", "before"], inPlace: true },
  ]);
  cart.push("after");
  other.push("lost");
  assert.deepEqual(session.toObject(), { cart: ["a", "before", "after"] });
  assert.deepEqual(session.changes.slice(1), [
    { type: "set", key: "cart", value: ["a", "before", "after"], inPlace: true },
  ]);
});

test("a value that was set may be changed in place afterwards", () => {
  const session = loaded();
  const cart: string[] = [];
  session.set("cart", cart);
  cart.push("tea");
  session.get("cart").push("milk");
  assert.deepEqual(session.toStored().data, { cart: ["tea", "milk"] });
});

test("modify comes after the changes in place before it, and before those after it", () => {
  const session = loaded({ n: [1] });
  session.get("n").push(2);
  session.modify("n", (n) => [...n, 3]);
  session.get("n").push(4);
  assert.deepEqual(logOf(session), ["set n [1,2]", "modify n", "set n [1,2,3,4]"]);
  assert.deepEqual(session.get("n"), [1, 2, 3, 4]);
});

test("invariant 4, no lost update: a modify that changes its argument does not change what was logged before it", () => {
  const session = loaded({ n: [1] });
  session.get("n").push(2);
  session.modify("n", (n) => {
    n.push(3);
    return n;
  });
  const contents = { data: { n: [1] }, flash: {} };
  applyChanges(contents, session.changes);
  assert.deepEqual(contents.data, { n: [1, 2, 3] });
  assert.deepEqual(session.get("n"), [1, 2, 3]);
});

test("modify is given undefined where there is no key", () => {
  const session = loaded();
  session.modify("count", (count) => (count ?? 0) + 1);
  session.modify("count", (count) => (count ?? 0) + 1);
  assert.equal(session.get("count"), 2);
  session.modify("toString", (inherited) => inherited === undefined);
  assert.equal(session.get("toString"), true);
});

test("a modify that gives undefined throws, and so does one that gives what cannot be stored", () => {
  const session = loaded({ count: 1 });
  assert.throws(
    () => session.modify("count", () => undefined),
    refusal("ERR_SESSION_VALUE", "count is undefined"),
  );
  assert.throws(
    () => session.modify("count", () => new Map()),
    refusal("ERR_SESSION_VALUE", "count is an instance of Map"),
  );
  assert.equal(session.get("count"), 1);
  assert.equal(session.modified, false);
});

for (const [name, next] of [
  [
    "throws",
    () => {
      throw new Error("mine");
    },
  ],
  ["gives undefined", () => undefined],
] as [string, () => Any][]) {
  test(`invariant 4, no lost update: a change in place after a modify that ${name} is still a change`, () => {
    const session = loaded({ cart: ["a"] });
    const cart = session.get("cart");
    assert.throws(() => session.modify("cart", next));
    cart.push("b");
    assert.equal(session.modified, true);
    assert.deepEqual(logOf(session), ['set cart ["a","b"]']);
  });
}

test("invariant 16, any JSON value round-trips: a change in place that cannot be stored is refused by the save, with its path", async () => {
  const spoils: [(cart: Any) => unknown, RegExp][] = [
    [(cart) => cart.push(new Date(0)), /cart\[1\] is an instance of Date/],
    [(cart) => cart.push(undefined), /cart\[1\] is undefined/],
    [(cart) => (cart[0] = Number.NaN), /cart\[0\] is NaN/],
    [(cart) => cart.push(cart), /cart\[1\] is .*cycle/],
    [(cart) => cart.push(1n), /cart\[1\] is a bigint/],
    [(cart) => (cart.length = 3), /cart is an array with holes/],
  ];
  for (const [spoil, message] of spoils) {
    const visitor = new Visitor(new InMemorySessionStore<Any>());
    await visitor.visit((session) => session.set("cart", [null]));
    const acts: ((session: Loose) => unknown)[] = [
      (session) => spoil(session.get("cart")),
      (session) => {
        const cart = [null];
        session.set("cart", cart);
        spoil(cart);
      },
      (session) => session.modify("cart", (cart) => cart) ?? spoil(session.get("cart")),
    ];
    for (const act of acts) {
      await assert.rejects(visitor.visit(act), refusal("ERR_SESSION_VALUE", message));
      assert.deepEqual(await visitor.see((session) => session.toObject()), { cart: [null] });
    }
  }
});

test("invariant 14, bounded: what was stored over the limits can be read, and is refused only where it is to be saved", async () => {
  const repository = new MemorySessionRepository();
  const deep = [[[[null]]]];
  const wide = { a: 1, b: 2, c: 3 };
  const before = new Visitor(new ServerSessionStore<Any>(repository));
  await before.visit((session) => session.update({ deep, wide, n: 1 }));
  const limits = { depth: 2, keys: 2 };
  const visitor = new Visitor(new ServerSessionStore<Any>(repository, { limits }), before.jar);
  assert.deepEqual(await visitor.see((session) => session.toObject()), { deep, wide, n: 1 });
  for (const [act, code] of [
    [(session: Any) => session.get("deep").push(1), "ERR_SESSION_VALUE"],
    [(session: Any) => Object.assign(session.get("wide"), { a: 2 }), "ERR_SESSION_TOO_LARGE"],
    [(session: Any) => session.set("n", 2), "ERR_SESSION_TOO_LARGE"],
    // It prints as what was there.
    [
      (session: Any) => Object.assign(session.get("deep")[0][0][0], [Number.NaN]),
      "ERR_SESSION_VALUE",
    ],
  ] as const) {
    await assert.rejects(visitor.visit(act), refusal(code));
  }
});

test("a flash value that is set may not be spoilt in place either", async () => {
  const visitor = new Visitor(new InMemorySessionStore<Any>());
  const act = (session: Loose) => {
    const note: Any[] = [];
    session.flash("note", note);
    note.push(new Date(0));
  };
  await assert.rejects(visitor.visit(act), refusal("ERR_SESSION_VALUE", /note\[0\]/));
});
