import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { applyChanges, type Change, type Contents, Session } from "keepsake";
import { type Any, type Loose, runs } from "./kit.test.ts";

const contents = (data: object = {}, flash: object = {}): Contents => ({
  data: { ...data },
  flash: { ...flash },
});
const after = (start: Contents, ...changes: Change[]) => {
  applyChanges(start, changes);
  return start;
};

test("each change does what it says, and a set or delete ends a flash value of the key", () => {
  const start = () => contents({ a: 1, b: 2 }, { a: 3 });
  const table: [Change, Contents][] = [
    [{ type: "set", key: "a", value: 9 }, contents({ a: 9, b: 2 })],
    [{ type: "set", key: "c", value: 9 }, contents({ a: 1, b: 2, c: 9 }, { a: 3 })],
    [{ type: "delete", key: "a" }, contents({ b: 2 })],
    [{ type: "modify", key: "b", next: (b) => Number(b) + 1 }, contents({ a: 1, b: 3 }, { a: 3 })],
    [
      { type: "modify", key: "c", next: String },
      contents({ a: 1, b: 2, c: "undefined" }, { a: 3 }),
    ],
    [{ type: "clear" }, contents()],
    [{ type: "keep", keys: ["a", "c", "toString"] }, contents({ a: 1 }, { a: 3 })],
    [{ type: "keep", keys: [] }, contents()],
    [{ type: "flash", key: "b", value: 4 }, contents({ a: 1, b: 2 }, { a: 3, b: 4 })],
    [{ type: "flash-read", key: "a" }, contents({ a: 1, b: 2 })],
    [{ type: "flash-read", key: "b" }, start()],
  ];
  for (const [change, expected] of table) assert.deepEqual(after(start(), change), expected);
});

test("requirement 50: changes of inherited names are changes of keys", () => {
  for (const key of ["__proto__", "constructor", "toString"]) {
    const inherited = after(contents(), {
      type: "modify",
      key,
      next: (current) => current === undefined,
    });
    assert.deepEqual(Object.entries(inherited.data), [[key, true]]);
    assert.deepEqual(after(contents({ b: 1 }), { type: "keep", keys: [key] }), contents());
    after(
      inherited,
      { type: "keep", keys: [key] },
      { type: "set", key, value: { polluted: 1 } },
      { type: "flash", key, value: 2 },
    );
    assert.deepEqual(Object.keys(inherited.data), [key]);
    assert.deepEqual(Object.keys(inherited.flash), [key]);
    assert.deepEqual(after(inherited, { type: "delete", key }), contents());
    assert.equal(({} as Any).polluted, undefined);
  }
});

type Step = (session: Loose) => unknown;
const key = fc.constantFrom("a", "b", "__proto__");
const value = fc.oneof(fc.nat(9), fc.array(fc.nat(9), { maxLength: 2 }));

/** One thing that a handler may do, as text for a counterexample. */
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(key, value).map(([k, v]) => named(`set ${k} ${v}`, (s) => s.set(k, structuredClone(v)))),
  key.map((k) => named(`delete ${k}`, (s) => s.delete(k))),
  key.map((k) =>
    named(`append to ${k}`, (s) => s.modify(k, (old) => [].concat(old ?? [], 7 as Any))),
  ),
  key.map((k) => named(`push in place ${k}`, (s) => Array.isArray(s.get(k)) && s.get(k).push(8))),
  fc.tuple(key, value).map(([k, v]) => named(`flash ${k} ${v}`, (s) => s.flash(k, v))),
  key.map((k) => named(`read ${k}`, (s) => s.get(k))),
  fc.constant(named("clear", (s) => s.clear())),
  key.map((k) => named(`login keeping ${k}`, (s) => s.login("ada", { keep: [k] }))),
);

function named(name: string, act: Step): Step {
  return Object.assign(act, { [fc.toStringMethod]: () => name });
}

test("invariant 4, no lost update: the changes of a session, applied to what it was, make what it is", () => {
  const object = fc.dictionary(key, value, { maxKeys: 3 });
  fc.assert(
    fc.property(object, object, fc.array(step, { maxLength: 8 }), (data, flash, steps) => {
      const session: Loose = new Session<Record<string, Any>>(data, { id: "h", flash });
      for (const act of steps) act(session);
      const replayed = contents(structuredClone(data), structuredClone(flash));
      applyChanges(replayed, session.changes);
      const { data: now, flash: left } = session.toStored();
      assert.deepEqual([replayed.data, replayed.flash], [now, left]);
    }),
    runs(1000),
  );
});

test("invariant 4, no lost update: a value that was set, and that modify changed in place, is not changed twice", () => {
  const session: Loose = new Session<Record<string, Any>>({}, { id: "h" });
  session.set("cart", ["tea"]);
  session.modify("cart", (cart) => {
    cart.push("milk");
    return cart;
  });
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    const replayed = contents();
    applyChanges(replayed, session.changes);
    assert.deepEqual(replayed.data, { cart: ["tea", "milk"] }, `attempt ${attempt}`);
  }
});

test("invariant 4, no lost update: a change in place leaves the flash value of the same key alone", () => {
  const session: Loose = new Session<Record<string, Any>>({ b: [] }, { id: "h" });
  session.flash("b", "saved");
  session.get("b").push(8);
  const replayed = after(contents({ b: [] }), ...session.changes);
  assert.deepEqual(replayed, contents({ b: [8] }, { b: "saved" }));
});
