import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Change, Conflict, OnConflict } from "keepsake";
import { createCodec } from "../codec.ts";
import { type Any, refusal, runs } from "../kit.test.ts";
import { DEFAULT_LIMITS } from "../limits.ts";
import { settleConflicts } from "./merge.ts";

const codec = createCodec(JSON, DEFAULT_LIMITS);
const set = (key: string, value: unknown): Change => ({ type: "set", key, value });
const remove = (key: string): Change => ({ type: "delete", key });

function settle(changes: readonly Change[], base: Any, theirs: Any, onConflict: OnConflict) {
  const of = (data: Any) => ({ data, flash: {} });
  return settleConflicts(changes, of(base), of(theirs), onConflict, codec);
}

test("last-wins takes this request's value, whatever the other left", () => {
  const changes = [set("a", 1), remove("b"), set("c", [1])];
  assert.deepEqual(settle(changes, {}, { a: 2, b: 2, c: 2 }, "last-wins"), changes);
});

test("no conflict where only one changed the key, or both to the same", () => {
  const fine: [Change, Any, Any][] = [
    [set("a", 2), { a: 1 }, { a: 1 }],
    [set("a", 2), {}, {}],
    [set("a", { x: 1, y: 2 }), { a: 0 }, { a: { y: 2, x: 1 } }],
    [remove("a"), { a: 1 }, {}],
    [remove("a"), { a: 1 }, { a: 1 }],
    [set("a", 1), { a: 1 }, { a: 1, b: 2 }],
    [set("__proto__", 1), {}, {}],
    [set("toString", 1), {}, {}],
  ];
  for (const [change, base, theirs] of fine) {
    const never = () => assert.fail(JSON.stringify([change, base, theirs]));
    for (const onConflict of ["fail", never] as const) {
      assert.deepEqual(settle([change], base, theirs, onConflict), [change]);
    }
  }
});

test("invariant 4, no lost update: where both changed the key, fail says which, and that nothing was saved", () => {
  const conflicts: [Change, Any, Any][] = [
    [set("a", 2), { a: 1 }, { a: 3 }],
    [set("a", 2), {}, { a: 3 }],
    [set("a", 2), { a: 1 }, {}],
    [remove("a"), { a: 1 }, { a: 3 }],
    [set("a", null), { a: 1 }, {}],
    [set("a", [1, 2]), { a: [] }, { a: [2, 1] }],
  ];
  for (const [change, base, theirs] of conflicts) {
    assert.throws(
      () => settle([change], base, theirs, "fail"),
      refusal("ERR_SESSION_CONFLICT", '"a"', "not saved", "modify()"),
    );
  }
});

test("a function gives the value to keep, from what both began with, mine and theirs; undefined removes the key", () => {
  const asked: Conflict[] = [];
  const union: OnConflict = (conflict) => {
    asked.push(conflict);
    return [...new Set([...(conflict.mine as Any), ...(conflict.theirs as Any)])];
  };
  assert.deepEqual(settle([set("a", [1, 2])], { a: [1] }, { a: [1, 3] }, union), [
    set("a", [1, 2, 3]),
  ]);
  assert.deepEqual(asked, [{ key: "a", base: [1], mine: [1, 2], theirs: [1, 3] }]);
  assert.deepEqual(settle([set("a", 1)], {}, { a: 2 }, () => undefined).map(kind), ["delete a"]);
  assert.deepEqual(
    settle([remove("a")], { a: 1 }, { a: 2 }, ({ theirs }) => theirs),
    [set("a", 2)],
  );
});

const kind = ({ type, key }: Any) => `${type} ${key}`;

test("invariant 16, nothing is changed silently: what the function gives and cannot be stored is refused with its path", () => {
  for (const bad of [new Date(0), { when: new Date(0) }, Number.NaN, () => 1, 1n]) {
    assert.throws(
      () => settle([set("a", 1)], {}, { a: 2 }, () => bad),
      refusal("ERR_SESSION_VALUE", /^a/),
    );
  }
});

test("modify, clear, keep and flash never conflict", () => {
  const changes: Change[] = [
    { type: "modify", key: "a", next: () => 1 },
    { type: "clear" },
    { type: "keep", keys: ["a"] },
    { type: "flash", key: "a", value: 1 },
  ];
  assert.deepEqual(settle(changes, {}, { a: 2 }, "fail"), changes);
});

test("a key that a clear or a login takes away never conflicts, before it or after it; one that the login keeps does", () => {
  const keep: Change = { type: "keep", keys: ["a"] };
  const fine: Change[][] = [
    [set("a", 1), { type: "clear" }, remove("b")],
    [{ type: "clear" }, set("a", 1), set("b", 1)],
    [set("b", 1), keep, set("b", 3), remove("b")],
    [keep, { type: "clear" }, set("a", 1)],
    [keep, { type: "keep", keys: ["b"] }, set("a", 1), set("b", 1)],
  ];
  const theirs = { a: 2, b: 2 };
  for (const changes of fine) assert.deepEqual(settle(changes, {}, theirs, "fail"), changes);
  for (const changes of [
    [keep, set("a", 1)],
    [remove("b"), set("a", 1), keep],
  ]) {
    assert.throws(
      () => settle(changes, { a: 1 }, { a: 3 }, "fail"),
      refusal("ERR_SESSION_CONFLICT", '"a"'),
    );
  }
});

test("a change in place conflicts as an assignment does, and stays one in place", () => {
  const inPlace: Change = { type: "set", key: "a", value: [1], inPlace: true };
  assert.throws(() => settle([inPlace], {}, { a: [2] }, "fail"), refusal("ERR_SESSION_CONFLICT"));
  const [kept] = settle([inPlace], {}, { a: [2] }, () => [3]);
  assert.deepEqual(kept, { ...inPlace, value: [3] });
});

test("invariant 4, no lost update: reading a flash value takes away that value, and not one that was flashed meanwhile", () => {
  const read: Change = { type: "flash-read", key: "note" };
  const of = (flash: Any) => ({ data: {}, flash });
  for (const onConflict of ["last-wins", "fail"] as const) {
    const settled = (base: Any, theirs: Any): readonly Change[] =>
      settleConflicts([read], of(base), of(theirs), onConflict, codec);
    assert.deepEqual(settled({ note: 1 }, { note: 1 }), [read]);
    assert.deepEqual(settled({ note: 1 }, { note: 2 }), []);
  }
});

test("a property: without conflicts nothing is changed, with them last-wins and a function that takes mine agree", () => {
  const values = fc.dictionary(fc.constantFrom("a", "b", "c"), fc.nat(3));
  const change = fc.oneof(
    fc.record({
      type: fc.constant("set" as const),
      key: fc.constantFrom("a", "b"),
      value: fc.nat(3),
    }),
    fc.record({ type: fc.constant("delete" as const), key: fc.constantFrom("a", "b") }),
  );
  fc.assert(
    fc.property(fc.array(change), values, values, (changes, base, theirs) => {
      const mine = settle(changes, base, theirs, ({ mine }) => mine);
      const last = settle(changes, base, theirs, "last-wins");
      const plain = (list: readonly Any[]) =>
        list.map(({ type, key, value }) => (type === "set" ? [type, key, value] : [type, key]));
      assert.deepEqual(plain(mine), plain(last));
      assert.deepEqual(settle(changes, base, base, "fail"), changes);
    }),
    runs(),
  );
});
