import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { assign, copyJson, equalJson, findMisfit, type Values } from "./json.ts";
import { type Any, runs } from "./kit.test.ts";

const find = (value: unknown, depth = 32, keys = 1_000_000) =>
  findMisfit({ k: value }, { depth, keys });

const NASTY_KEYS = [
  "__proto__",
  "constructor",
  "prototype",
  "toJSON",
  "",
  "0",
  "\0",
  "\ud800",
  "a.b",
];
const key = fc.oneof(fc.constantFrom(...NASTY_KEYS), fc.string());
/** Any JSON value, with keys and text that have made trouble somewhere. */
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(null, true, false, 0, 2 ** 53, -(2 ** 53), 5e-324, 1e308, "", "\0", "\ud800x"),
    fc.string({ unit: "binary" }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number || 0),
    fc.array(tie("json"), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie("json")), { maxLength: 4 }).map((entries) => {
      const object: Values = {};
      for (const [name, value] of entries) assign(object, name, value);
      return object;
    }),
  ),
}));

test("what JSON.parse can make has no misfit, survives a copy, and equals it", () => {
  fc.assert(
    fc.property(json, (value) => {
      assert.equal(find(value, 100), undefined);
      const copy = copyJson(value);
      assert.equal(JSON.stringify(copy), JSON.stringify(value));
      assert.deepEqual(copy, value);
      assert.ok(equalJson(copy, value));
    }),
    runs(500),
  );
});

test("equalJson is what JSON says, but for the order of keys", () => {
  const sorted = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(sorted);
    return Object.keys(value)
      .sort()
      .map((name) => [name, sorted((value as Values)[name])])
      .concat([["object", true]]);
  };
  fc.assert(
    fc.property(json, json, (a, b) => {
      const equal = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
      assert.equal(equalJson(a, b), equal);
    }),
    runs(500),
  );
  const distinct: unknown[] = [
    null,
    {},
    [],
    0,
    "",
    "0",
    false,
    [[]],
    [null],
    { a: undefined },
    { toString: 1 },
  ];
  for (const [row, a] of distinct.entries()) {
    for (const [column, b] of distinct.entries()) assert.equal(equalJson(a, b), row === column);
  }
});

class Point {
  x = 1;
}
class List extends Array<number> {}
const cycle: Any = { a: [] };
cycle.a.push(cycle);
// biome-ignore lint/suspicious/noSparseArray: that is the case
const holes = [1, , 3];
const nameForHole = Object.assign(new Array(1), { x: 1 });

/** What JSON would drop, change or choke on. */
const UNFIT: [string, Any, string, RegExp][] = [
  ["undefined", undefined, "k", /undefined/],
  ["NaN", Number.NaN, "k", /NaN/],
  ["Infinity", [Number.POSITIVE_INFINITY], "k[0]", /Infinity/],
  ["a bigint", { a: 1n }, "k.a", /bigint/],
  ["a function", { a: { b: () => 1 } }, "k.a.b", /function/],
  ["a symbol", [Symbol("s")], "k[0]", /symbol/],
  ["a Date", { when: [new Date(0)] }, "k.when[0]", /instance of Date/],
  ["a Map", new Map(), "k", /instance of Map/],
  ["a Set", { "a b": new Set() }, 'k["a b"]', /instance of Set/],
  ["bytes", new Uint8Array(2), "k", /instance of Uint8Array/],
  ["a RegExp", /x/, "k", /instance of RegExp/],
  ["an Error", new Error("x"), "k", /instance of Error/],
  ["a class instance", { p: new Point() }, "k.p", /instance of Point/],
  ["a subclass of Array", new List(), "k", /instance of List/],
  ["a boxed text", new String("x"), "k", /instance of String/],
  ["a promise", Promise.resolve(), "k", /instance of Promise/],
  ["a cycle", cycle, "k.a[0]", /cycle/],
  ["holes", holes, "k", /holes/],
  ["a name in the place of a hole", nameForHole, "k", /holes/],
  ["an array with names", Object.assign([1], { x: 1 }), "k", /named/],
  ["an object with a prototype", Object.create({ a: 1 }), "k", /prototype|instance/],
  ["symbol keys", { [Symbol("s")]: 1 }, "k", /symbols/],
  ["undefined in an object", { a: { b: undefined } }, "k.a.b", /undefined/],
  ["undefined in an array", [[undefined]], "k[0][0]", /undefined/],
  ["toJSON", { toJSON: () => 1 }, "k.toJSON", /function/],
];
for (const [name, value, path, what] of UNFIT) {
  test(`requirement 51: refused with its path: ${name}`, () => {
    const misfit = find(value);
    assert.equal(misfit?.path, path);
    assert.match(misfit?.what ?? "", what);
  });
}

/** JSON changes these silently as well, if nobody looks. */
const SUBTLE: [string, Any][] = [
  ["holes and as many names", Object.assign(holes.slice(), { x: 2 })],
  ["symbol keys of an array", Object.assign([1], { [Symbol("s")]: 1 })],
  ["a property that is not enumerable", Object.defineProperty({}, "a", { value: 1 })],
  ["a toJSON that is not enumerable", Object.defineProperty({}, "toJSON", { value: () => 1 })],
];
for (const [name, value] of SUBTLE) {
  test(`invariant 16, any JSON value round-trips: nothing is changed silently: ${name}`, () => {
    assert.notEqual(find(value), undefined, JSON.stringify(value));
  });
}

test("objects without a prototype and frozen ones are as good as any", () => {
  assert.equal(find(Object.create(null)), undefined);
  assert.equal(find(Object.freeze([Object.freeze({})])), undefined);
});

test("the same object twice is no cycle", () => {
  const shared = { a: 1 };
  assert.equal(find([shared, shared, { shared }]), undefined);
});

const nest = (levels: number) => JSON.parse("[".repeat(levels) + "]".repeat(levels));

test("requirement 52: as deep as the limit is fine, one more is not, and a hundred thousand more are no problem", () => {
  assert.equal(find(nest(32)), undefined);
  assert.match(find(nest(33))?.what ?? "", /more than 32 deep/);
  let deep: Any = {};
  for (let level = 0; level < 100_000; level += 1) deep = { deep };
  assert.match(find(deep)?.what ?? "", /more than 32 deep/);
});

test("keys of objects are counted, indices of arrays are not", () => {
  // The session's own key "k" is one of them.
  const value = { a: 1, b: { c: [1, 2, { d: 1 }] }, e: [] };
  assert.equal(find(value, 32, 6), undefined);
  assert.equal(find(value, 32, 5)?.isExcess, true);
  for (const each of [null, 1, "x", [], [1, 2]]) assert.equal(find(each, 32, 1), undefined);
});

test("requirement 50: assigning and copying __proto__ makes a key of it and changes no prototype", () => {
  const values: Values = {};
  assign(values, "__proto__", { polluted: true });
  assign(values, "constructor", 1);
  assert.deepEqual(Object.keys(values), ["__proto__", "constructor"]);
  assert.equal(Object.getPrototypeOf(values), Object.prototype);
  const copy = copyJson(JSON.parse('{"a":{"__proto__":{"polluted":true}}}')) as Any;
  assert.deepEqual(Object.keys(copy.a), ["__proto__"]);
  assert.equal(copy.a.polluted, undefined);
  assert.equal(({} as Any).polluted, undefined);
});

test("raw JSON, which is read back as something else, is none of a session's values", () => {
  const make: unknown = Reflect.get(JSON, "rawJSON");
  if (typeof make !== "function") return;
  for (const text of ["1", '"\\ud800"']) {
    assert.match(find([make(text)])?.what ?? "", /rawJSON/);
  }
  assert.equal(find(Object.assign(Object.create(null), { rawJSON: "1" })), undefined);
});
