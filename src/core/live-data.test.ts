import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { Session } from "keepsake";
import { type Any, type Loose, refusal } from "./kit.test.ts";

const loaded = (data: Any = {}, state: Any = {}): Loose =>
  new Session<Record<string, Any>>(data, { id: "handle", ...state });

test("data: reading, assigning, in and delete are the same as the methods", () => {
  const session = loaded({ a: 1 });
  const { data } = session;
  assert.equal(session.data, data);
  assert.equal(data.a, 1);
  assert.equal(data.x, undefined);
  data.b = [2];
  assert.deepEqual(session.get("b"), [2]);
  assert.equal("b" in data, true);
  assert.equal("x" in data, false);
  assert.equal(Object.hasOwn(data, "b"), true);
  delete data.a;
  assert.equal(session.has("a"), false);
  delete data.x;
  assert.deepEqual(
    session.changes.map(({ type }) => type),
    ["set", "delete"],
  );
});

test("data: Object.keys, entries, values, spread, for-in, JSON and assign work as on any object", () => {
  const session = loaded({ a: 1, b: { c: 2 } });
  const { data } = session;
  assert.deepEqual(Object.keys(data), ["a", "b"]);
  assert.deepEqual(Object.values(data), [1, { c: 2 }]);
  assert.deepEqual(Object.entries(data), [
    ["a", 1],
    ["b", { c: 2 }],
  ]);
  assert.deepEqual({ ...data }, { a: 1, b: { c: 2 } });
  assert.deepEqual(Object.assign({}, data), { a: 1, b: { c: 2 } });
  const names: string[] = [];
  for (const name in data) names.push(name);
  assert.deepEqual(names, ["a", "b"]);
  const { a, ...rest } = data;
  assert.deepEqual([a, rest], [1, { b: { c: 2 } }]);
  assert.deepEqual(Reflect.ownKeys(data), ["a", "b"]);
  assert.equal(session.modified, false, "looking changes nothing");
});

test("data: JSON.stringify gives the data", () => {
  assert.equal(JSON.stringify(loaded({ a: 1, b: { c: 2 } }).data), '{"a":1,"b":{"c":2}}');
});

test("data: Object.assign into it sets every key", () => {
  const session = loaded({ a: 1 });
  Object.assign(session.data, { b: 2, a: 3 });
  assert.deepEqual(session.toStored().data, { a: 3, b: 2 });
  assert.equal(session.modified, true);
});

test("data: a change of something nested is a change", () => {
  const session = loaded({ cart: { items: [] } });
  session.data.cart.items.push("tea");
  assert.equal(session.modified, true);
  assert.deepEqual(session.changes, [
    { type: "set", key: "cart", value: { items: ["tea"] }, inPlace: true },
  ]);
});

test("data: defineProperty sets values, and accessors are refused", () => {
  const session = loaded();
  Object.defineProperty(session.data, "a", { value: 1 });
  assert.equal(session.get("a"), 1);
  assert.throws(() => Object.defineProperty(session.data, "b", { get: () => 1 }), TypeError);
  assert.equal(session.has("b"), false);
});

test("data: symbols are no keys", () => {
  const session = loaded({ a: 1 });
  const data = session.data as Any;
  const symbol = Symbol("s");
  assert.equal(data[symbol], undefined);
  assert.equal(symbol in data, false);
  assert.throws(() => {
    data[symbol] = 1;
  }, TypeError);
  assert.equal(data[Symbol.iterator], undefined);
  assert.equal(data[Symbol.toPrimitive], undefined);
  delete data[symbol];
  assert.equal(session.modified, false);
});

test("data: the symbol that consoles look for is read like any other, without an exception", () => {
  const data = loaded({ a: 1 }).data as Any;
  for (const name of ["nodejs.util.inspect.custom", "Deno.customInspect"]) {
    assert.doesNotThrow(() => data[Symbol.for(name)]);
    assert.doesNotThrow(() => Symbol.for(name) in data);
  }
});

test("data: a console prints the data", () => {
  assert.match(inspect(loaded({ a: 1 }).data), /a: 1/);
});

test("data: prototype and extensibility are not to be changed", () => {
  const { data } = loaded({ a: 1 });
  assert.equal(Object.getPrototypeOf(data), null);
  assert.throws(() => Object.setPrototypeOf(data, {}), TypeError);
  assert.throws(() => Object.freeze(data), TypeError);
  Reflect.set(data, "__proto__", { polluted: 1 });
  assert.equal((data as Any).polluted, undefined);
  assert.equal(({} as Any).polluted, undefined);
});

test("data: what cannot be stored is refused at the line", () => {
  const { data } = loaded();
  assert.throws(
    () => {
      data.when = new Date(0);
    },
    refusal("ERR_SESSION_VALUE", "when", "Date"),
  );
});

test("data: listing the keys reads no flash value, reading one does", () => {
  const session = loaded({}, { flash: { note: "saved" } });
  assert.deepEqual(Reflect.ownKeys(session.data), ["note"]);
  assert.equal("note" in session.data, true);
  assert.deepEqual(Object.keys(session.data), ["note"]);
  assert.equal(session.modified, false);
  assert.equal(session.data.note, "saved");
  assert.equal(session.modified, true);
});
