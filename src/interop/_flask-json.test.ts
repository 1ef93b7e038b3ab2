import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CookieSessionStore, createSessionConfig, InMemorySessionStore, Session } from "keepsake";
import { Markup, Tuple, taggedJson, Uuid } from "keepsake/interop/itsdangerous";
import { type Any, refusal, runs, SECRET, Visitor } from "../core/kit.test.ts";

const ID = "0123456789abcdef0123456789abcdef";

/** As Flask's TaggedJSONSerializer writes them. */
const WIRE: readonly (readonly [unknown, string])[] = [
  [new Tuple(), '{" t":[]}'],
  [new Tuple(1, "a", null, [true], new Tuple(2)), '{" t":[1,"a",null,[true],{" t":[2]}]}'],
  [Uint8Array.of(), '{" b":""}'],
  [Uint8Array.of(0, 1, 254, 255), '{" b":"AAH+/w=="}'],
  [new Markup("<b>é</b>"), '{" m":"<b>é</b>"}'],
  [new Uuid(ID), `{" u":"${ID}"}`],
  [new Date("2025-01-01T12:34:56Z"), '{" d":"Wed, 01 Jan 2025 12:34:56 GMT"}'],
  [new Date("9999-12-31T23:59:59Z"), '{" d":"Fri, 31 Dec 9999 23:59:59 GMT"}'],
  [{ " t": 1 }, '{" di":{" t__":1}}'],
  [{ " d": new Date(0) }, '{" di":{" d__":{" d":"Thu, 01 Jan 1970 00:00:00 GMT"}}}'],
  [{ " di": { " t": [] } }, '{" di":{" di__":{" di":{" t__":[]}}}}'],
  [{ " t__": 1 }, '{" t__":1}'],
  [{ " t": 1, " b": 2 }, '{" t":1," b":2}'],
  [
    { a: [{ b: new Tuple({ c: new Date(0) }) }] },
    '{"a":[{"b":{" t":[{"c":{" d":"Thu, 01 Jan 1970 00:00:00 GMT"}}]}}]}',
  ],
  [{ t: null, " x": 1.5, "": false }, '{"t":null," x":1.5,"":false}'],
];

for (const [value, text] of WIRE) {
  test(`${text} is written and read`, () => {
    // An object may be a session's data: then it is marked as written here, with white space that JSON allows.
    assert.equal(taggedJson.stringify(value).replace(/^\t(?=\{)/, ""), text);
    assert.deepEqual(taggedJson.parse(text), value);
  });
}

const DATES = fc
  .date({
    min: new Date("1000-01-01T00:00:00Z"),
    max: new Date("9999-12-31T00:00:00Z"),
    noInvalidDate: true,
  })
  .map((date) => new Date(Math.floor(date.getTime() / 1000) * 1000));
const KEYS = fc.oneof(
  fc.string(),
  fc.constantFrom(" t", " b", " di", " d", " di__", " t__", "__proto__"),
);

const { value: VALUES } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    fc.constantFrom(null, true, false),
    fc.uint8Array({ maxLength: 9 }),
    DATES,
    fc.string().map((html) => new Markup(html)),
    fc.uuid().map((text) => new Uuid(text)),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(tie("value"), { maxLength: 4 }).map((items) => new Tuple(...items)),
    fc.array(fc.tuple(KEYS, tie("value")), { maxLength: 3 }).map(objectOf),
  ),
}));

/** Also with `__proto__` for a key, which assignment would take for something else. */
function objectOf(entries: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries(entries);
}

test("any value comes back as it was, and is written the same again", () => {
  fc.assert(
    fc.property(VALUES, (value) => {
      const text = taggedJson.stringify(value);
      const back = taggedJson.parse(text);
      assert.deepEqual(back, value);
      assert.equal(taggedJson.stringify(back), text);
    }),
    runs(500),
  );
});

for (const [kind, make] of Object.entries({
  cookie: () => new CookieSessionStore<Any>({ secret: SECRET, serializer: taggedJson }),
  memory: () => new InMemorySessionStore<Any>({ serializer: taggedJson }),
})) {
  test(`in the ${kind} store they are values, and a change in place is one`, async () => {
    const visitor = new Visitor(make());
    const values = {
      tuple: new Tuple(1, ["a"]),
      bytes: Uint8Array.of(1, 2),
      markup: new Markup("<b>"),
      id: new Uuid(ID),
      at: new Date(5000),
    };
    await visitor.visit((session) => session.update(values));
    assert.deepEqual(await visitor.see((session) => session.toObject()), values);
    await visitor.visit((session) => {
      assert.equal(session.modified, false);
      session.get("bytes")[0] = 9;
      assert.equal(session.modified, true);
      session.get("bytes")[0] = 1;
      assert.equal(session.modified, false);
      session.get("tuple").items[1].push("b");
      session.get("at").setTime(6000);
    });
    const { tuple, at } = await visitor.see((session) => session.toObject());
    assert.deepEqual([...tuple, at], [1, ["a", "b"], new Date(6000)]);
  });
}

test("equals tells a tuple from a list, and one date from another", () => {
  const config = createSessionConfig("test", { serializer: taggedJson });
  const session = new Session<Any>({ a: new Tuple(1), at: new Date(1000) }, { config });
  assert.equal(session.equals({ a: new Tuple(1), at: new Date(1000) }), true);
  assert.equal(session.equals({ a: [1], at: new Date(1000) }), false);
  assert.equal(session.equals({ a: new Tuple(1), at: new Date(2000) }), false);
});

test("what Flask could not read is refused at the line, with its path as the cause", () => {
  const config = createSessionConfig("test", { serializer: taggedJson });
  const session = new Session<Any>({}, { config });
  const cycle: Any = {};
  cycle.cycle = cycle;
  class Mine {}
  const bad: Any[] = [
    undefined,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    1n,
    Symbol("a"),
    () => 1,
    new Map(),
    new Set(),
    /x/,
    new Mine(),
    new Uint16Array(2),
    new Date(1234),
    new Date(Number.NaN),
    new Date("0999-12-31T00:00:00Z"),
    new Date("+010000-01-01T00:00:00Z"),
    cycle,
    // biome-ignore lint/suspicious/noSparseArray: that is what is refused
    [1, , 2],
  ];
  for (const value of bad) {
    if (value !== undefined) {
      assert.throws(() => session.set("a", value), refusal("ERR_SESSION_VALUE", "a is"));
    }
    for (const around of [{ b: [value] }, new Tuple({ b: value })]) {
      assert.throws(() => session.set("a", around), refusal("ERR_SESSION_VALUE", "a is"));
    }
  }
  assert.throws(() => taggedJson.stringify(cycle), refusal("ERR_SESSION_VALUE", "in itself"));
  assert.throws(
    () => taggedJson.stringify({ list: [{ at: new Date(1) }] }),
    refusal("ERR_SESSION_VALUE", '["list"][0]["at"] is', "whole seconds"),
  );
});

test("a tag around what it cannot be is refused", () => {
  for (const text of [
    '{" t":1}',
    '{" t":"ab"}',
    '{" t":{}}',
    '{" b":1}',
    '{" b":"AA"}',
    '{" b":"AAH-/w=="}',
    '{" b":"AA=="}x',
    '{" m":1}',
    '{" u":"0123"}',
    `{" u":"${ID.toUpperCase()}"}`,
    '{" u":7}',
    '{" d":"2025-01-01"}',
    '{" d":"Thu, 01 Jan 2025 12:34:56 GMT"}',
    '{" d":"Wed, 01 Jan 2025 12:34:56"}',
    '{" d":null}',
    '{" di":1}',
    '{" di":{}}',
    '{" di":{"a__":1}}',
    '{" di":{" t":[]}}',
    '{" di":{" t__":1," b__":2}}',
    '{" di":[]}',
    "{",
    "",
  ]) {
    assert.throws(() => taggedJson.parse(text), Error, text);
  }
});

test("a UUID has one form, however it is given", () => {
  const text = "01234567-89ab-cdef-0123-456789abcdef";
  for (const form of [text, text.toUpperCase(), ID]) {
    const id = new Uuid(form);
    assert.deepEqual([id.hex, String(id), `${id}`], [ID, text, text]);
  }
  for (const form of ["", "x", `${ID}0`, `{${text}}`, text.replace("-", ""), `${text}\n`]) {
    assert.throws(() => new Uuid(form), refusal("ERR_SESSION_VALUE", "UUID"));
  }
  assert.equal(String(new Markup("<b>")), "<b>");
});

test("in an answer's JSON they are a list and text", () => {
  const values = { tuple: new Tuple(1, new Tuple()), markup: new Markup("<b>"), id: new Uuid(ID) };
  assert.deepEqual(JSON.parse(JSON.stringify(values)), {
    tuple: [1, []],
    markup: "<b>",
    id: "01234567-89ab-cdef-0123-456789abcdef",
  });
});
