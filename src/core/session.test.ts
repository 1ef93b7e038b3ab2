import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { Session } from "keepsake";
import { type Any, type Loose, NOON, refusal } from "./kit.test.ts";
import { internals } from "./session.ts";

const fresh = (data: Any = {}, state: Any = {}): Loose =>
  new Session<Record<string, Any>>(data, state);
const loaded = (data: Any = {}, state: Any = {}): Loose => fresh(data, { id: "handle", ...state });

test("get, has, keys, entries, size and toObject agree", () => {
  const session = fresh({ a: 1, b: null, c: { d: [2] } });
  assert.equal(session.get("a"), 1);
  assert.equal(session.get("b"), null);
  assert.equal(session.get("b", 7), null, "null is a value");
  assert.equal(session.get("x"), undefined);
  assert.equal(session.get("x", 7), 7);
  assert.deepEqual([session.has("b"), session.has("x")], [true, false]);
  assert.deepEqual(session.keys(), ["a", "b", "c"]);
  assert.deepEqual(session.entries(), [
    ["a", 1],
    ["b", null],
    ["c", { d: [2] }],
  ]);
  assert.equal(session.size, 3);
  assert.deepEqual(session.toObject(), { a: 1, b: null, c: { d: [2] } });
  assert.equal(session.modified, false);
});

test("getOrThrow gives the value, and throws where there is no key", () => {
  const session = fresh({ a: 0, b: null });
  assert.equal(session.getOrThrow("a"), 0);
  assert.equal(session.getOrThrow("b"), null);
  assert.throws(
    () => session.getOrThrow("x"),
    refusal("ERR_SESSION_KEY", '"x"', "get(key, fallback)"),
  );
});

test("set, delete, update and clear change the data and are recorded in order", () => {
  const session = loaded({ a: 1 });
  session.set("b", 2);
  assert.equal(session.delete("a"), true);
  assert.equal(session.delete("a"), false);
  session.update({ c: 3, d: 4 });
  assert.deepEqual(session.toObject(), { b: 2, c: 3, d: 4 });
  session.clear();
  assert.equal(session.size, 0);
  session.clear();
  assert.deepEqual(
    session.changes.map(({ type, ...rest }) => `${type} ${(rest as Any).key ?? ""}`),
    ["set b", "delete a", "set c", "set d", "clear "],
  );
});

test("a set to the value that is there is a change, a delete or clear of nothing is none", () => {
  const session = loaded();
  session.delete("x");
  session.clear();
  assert.equal(session.modified, false);
  const same = loaded({ a: 1 });
  same.set("a", 1);
  assert.equal(same.modified, true);
});

test("update sets all or nothing", () => {
  const session = loaded({ a: 1 });
  const values = { b: 2, when: new Date(0) };
  assert.throws(() => session.update(values), refusal("ERR_SESSION_VALUE", "when", "Date"));
  assert.deepEqual(session.toObject(), { a: 1 });
  assert.equal(session.modified, false);
});

test("equals compares with a session or an object, whatever the order of keys", () => {
  const session = fresh({ a: 1, b: { c: [1, 2] } });
  assert.equal(session.equals({ b: { c: [1, 2] }, a: 1 }), true);
  assert.equal(session.equals(fresh({ b: { c: [1, 2] }, a: 1 })), true);
  for (const other of [{}, { a: 1 }, { a: 1, b: { c: [2, 1] } }, { a: "1", b: { c: [1, 2] } }]) {
    assert.equal(session.equals(other), false);
  }
  assert.equal(fresh().equals({}), true);
});

test("requirement 55: the constructor, toObject and toStored share nothing with the session", () => {
  const given = { list: [1] };
  const flash = { note: ["x"] };
  const session = loaded(given, { flash });
  given.list.push(2);
  flash.note.push("y");
  assert.deepEqual(session.toObject(), { list: [1], note: ["x"] });
  const copy = loaded({ list: [1] }, { flash: { note: ["x"] } });
  (copy.toStored().data as Any).list.push(3);
  (copy.toStored().flash as Any).note.push(3);
  assert.deepEqual(copy.toStored().flash, { note: ["x"] });
  copy.toObject().list.push(3);
  assert.deepEqual(copy.toStored().data, { list: [1] });
  assert.deepEqual(
    session.changes.filter(({ type }) => type !== "flash-read"),
    [],
  );
});

for (const [name, value, what] of [
  ["a Date", new Date(0), /when\.at is an instance of Date/],
  ["undefined", undefined, /when\.at is undefined/],
  ["NaN", Number.NaN, /when\.at is NaN/],
] as const) {
  test(`invariant 16, any JSON value round-trips: set, update, modify, flash and data refuse ${name} with its path`, () => {
    const bad = { at: value };
    const acts: ((session: Loose) => unknown)[] = [
      (session) => session.set("when", bad),
      (session) => session.update({ when: bad }),
      (session) => session.modify("when", () => bad),
      (session) => session.flash("when", bad),
      (session) => {
        session.data.when = bad;
      },
    ];
    for (const act of acts) {
      const session = loaded({ a: 1 });
      assert.throws(() => act(session), refusal("ERR_SESSION_VALUE", what));
      assert.deepEqual(session.toStored().data, { a: 1 });
      assert.equal(session.modified, false);
    }
  });

  test(`invariant 16, any JSON value round-trips: the constructor changes ${name} no more silently than set does`, () => {
    assert.throws(() => fresh({ when: { at: value } }), refusal("ERR_SESSION_VALUE", what));
  });
}

test("requirement 56: keys named like the API are keys, and the API stays what it is", () => {
  const names = [
    "save",
    "destroy",
    "cookie",
    "id",
    "toJSON",
    "then",
    "data",
    "get",
    "size",
    "keys",
  ];
  const nasty = [...names, "__proto__", "constructor", "prototype", "hasOwnProperty", ""];
  const session = loaded();
  for (const name of nasty) session.set(name, `my ${name}`);
  const again = loaded(session.toObject(), {});
  for (const each of [session, again]) {
    assert.deepEqual(each.keys().sort(), [...nasty].sort());
    for (const name of nasty) {
      assert.equal(each.get(name), `my ${name}`);
      assert.equal(each.data[name], `my ${name}`);
    }
    assert.equal(each.id, "handle");
    assert.equal(each.size, nasty.length);
    for (const name of nasty) assert.equal(each.delete(name), true);
    assert.equal(each.size, 0);
    each.destroy();
  }
  assert.equal(({} as Any).polluted, undefined);
});

test("requirement 50: what objects inherit is in no session", () => {
  const session = loaded(
    JSON.parse('{"__proto__":{"isAdmin":true},"constructor":{"prototype":1}}'),
  );
  assert.equal(session.get("isAdmin"), undefined);
  assert.equal(session.data.isAdmin, undefined);
  assert.deepEqual(session.get("__proto__"), { isAdmin: true });
  for (const name of ["toString", "hasOwnProperty", "valueOf"]) {
    assert.equal(session.has(name), false);
    assert.equal(session.get(name), undefined);
    assert.equal(session.get(name, 1), 1);
    assert.equal(name in session.data, false);
  }
  assert.equal(({} as Any).isAdmin, undefined);
});

test("a session is no promise and has no JSON of its own", async () => {
  const session = loaded(JSON.parse('{"then":"x","toJSON":"y"}'));
  assert.equal(await session, session);
  assert.equal(JSON.stringify(session), "{}");
});

test("invariant 10, secrets stay secret: an inspected session shows its keys and no values", () => {
  const session = loaded({ password: "hunter2", list: ["hunter2"] });
  session.flash("note", "hunter2");
  const shown = inspect(session) + inspect({ deep: [session] }, { depth: 9, showHidden: true });
  assert.match(shown, /handle.*password/);
  assert.ok(!shown.includes("hunter2"));
});

test("to inspect a session is not to use it", () => {
  for (const session of [loaded({ a: 1 }), loaded({}, { flash: { note: "hi" } }), new Session()]) {
    inspect(session);
    assert.equal(internals.isAccessed(session), false);
  }
});

test("toStored is the way to a store and back", () => {
  const state = { id: "h", subject: "ada", createdAt: NOON, authenticatedAt: NOON + 1 };
  const session = loaded({ a: [1] }, { ...state, flash: { f: 2 } });
  const stored = JSON.parse(JSON.stringify(session.toStored()));
  assert.deepEqual(stored, { ...state, data: { a: [1] }, flash: { f: 2 } });
  assert.deepEqual(fresh(stored.data, stored).toStored(), stored);
  const anonymous = fresh({}, { id: "h", createdAt: NOON }).toStored();
  assert.deepEqual(Object.keys(anonymous).sort(), ["createdAt", "data", "flash", "id"]);
});
