import assert from "node:assert/strict";
import { test } from "node:test";
import standIn from "./assert.ts";

const circle: unknown[] = [1];
circle.push(circle);
const otherCircle: unknown[] = [1];
otherCircle.push(otherCircle);

/** Whatever may be compared, and the same again as other objects. */
const values = (): unknown[] => [
  undefined,
  null,
  0,
  -0,
  Number.NaN,
  1,
  1n,
  "1",
  "",
  true,
  Symbol.iterator,
  {},
  { a: undefined },
  { a: 1, b: [2, { c: 3 }] },
  { b: [2, { c: 3 }], a: 1 },
  { a: 1, b: [2, { c: 4 }] },
  Object.create(null),
  Object.defineProperty({}, "hidden", { value: 1 }),
  { [Symbol.for("a")]: 1 },
  [],
  [undefined],
  new Array(1),
  [1, 2],
  [2, 1],
  Object.assign([1, 2], { a: 1 }),
  { 0: 1, 1: 2, length: 2 },
  new Date(0),
  new Date(1),
  new Date(Number.NaN),
  /a/,
  /a/g,
  new Error("a"),
  new Error("b"),
  new TypeError("a"),
  new Error("a", { cause: 1 }),
  new Map([["a", { b: 1 }]]),
  new Map([["a", { b: 2 }]]),
  new Set([1, { a: 1 }]),
  new Set([1, { a: 2 }]),
  new Uint8Array([1, 2]),
  new Uint8Array([1, 3]),
  new Uint16Array([1, 2]),
  Object("a"),
  Object("b"),
];

const holds = (act: () => unknown): boolean => {
  try {
    act();
    return true;
  } catch {
    return false;
  }
};

test("the stand-in for node:assert in a worker compares as that does", () => {
  let equal = 0;
  for (const [row, a] of [...values(), circle].entries()) {
    for (const [column, b] of [...values(), otherCircle].entries()) {
      const expected = holds(() => assert.deepEqual(a, b));
      if (expected) equal += 1;
      const where = `values ${row} and ${column}`;
      assert.equal(
        holds(() => standIn.deepEqual(a, b)),
        expected,
        where,
      );
      assert.equal(
        holds(() => standIn.notDeepEqual(a, b)),
        !expected,
        where,
      );
      const isSame = holds(() => assert.equal(a, b));
      assert.equal(
        holds(() => standIn.equal(a, b)),
        isSame,
        where,
      );
      assert.equal(
        holds(() => standIn.notEqual(a, b)),
        !isSame,
        where,
      );
    }
  }
  assert.ok(equal > values().length);
});

test("the stand-in expects of what is thrown what node:assert does", async () => {
  const errors = [new TypeError("one"), Object.assign(new Error("two"), { code: 2 }), "text"];
  const expectations = [
    undefined,
    "a message",
    /one/,
    /^TypeError: one$/,
    TypeError,
    Error,
    { code: 2 },
    { message: /^tw/, name: "Error" },
    { message: "one" },
    (error: unknown) => error instanceof TypeError,
    () => 1,
  ];
  for (const expected of expectations) {
    for (const error of [...errors, undefined]) {
      const act = () => {
        if (error !== undefined) throw error;
      };
      const wanted = holds(() => assert.throws(act, expected as RegExp));
      const what = `${String(expected)} of ${String(error)}`;
      assert.equal(
        holds(() => standIn.throws(act, expected as RegExp)),
        wanted,
        what,
      );
      const rejecting = standIn.rejects(async () => act(), expected as RegExp);
      const rejected = await rejecting.then(
        () => true,
        () => false,
      );
      assert.equal(rejected, wanted, what);
    }
  }
});

test("the stand-in's other methods fail where those of node:assert do", () => {
  for (const value of [0, "", null, 1, "a", {}]) {
    assert.equal(
      holds(() => standIn(value)),
      Boolean(value),
    );
    assert.equal(
      holds(() => standIn.ok(value)),
      Boolean(value),
    );
    assert.equal(
      holds(() => standIn.match(value, /a/)),
      value === "a",
    );
    assert.equal(
      holds(() => standIn.doesNotMatch(value, /a/)),
      value === "",
    );
  }
  assert.equal(
    holds(() => standIn.fail("on purpose")),
    false,
  );
  assert.equal(
    holds(() => standIn.doesNotThrow(standIn.fail)),
    false,
  );
  assert.equal(
    holds(() => standIn.doesNotThrow(() => 1)),
    true,
  );
});
