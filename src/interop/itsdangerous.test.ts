import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import type { SealContext } from "keepsake";
import {
  type Any,
  NOON,
  OLD_SECRET,
  OLDEST_SECRET,
  refusal,
  runs,
  SECRET,
} from "../core/kit.test.ts";
import { readPayload, type SealedPayload, writePayload } from "../core/sealed-payload.ts";
import { pythonReads, pythonWrites, SIDES } from "./_itsdangerous-kit.test.ts";

const NEVER = 2 ** 48 - 1;
const NOW = NOON + 417;
const CONTEXT: SealContext = { purpose: "session", name: "session", now: NOW };
const PAYLOAD: SealedPayload = {
  handle: Uint8Array.from({ length: 16 }, (_, at) => at * 16),
  issuedAt: NOW,
  createdAt: NOON - 86_400_000,
  authenticatedAt: NOON - 3_600_000,
  expiresAt: NOON + 7_200_000,
  antiForgerySecret: Uint8Array.from({ length: 32 }, (_, at) => at * 8),
  subject: "ada, Großbritannien",
  flash: '{"note":"saved"}',
  data: '{"cart":["tea","煎茶 ✨"],"total":12.5}',
};

const KEEPSAKE_KEY = '"_keepsake":';
const NUMBERS_THAT_FIT = [
  ...["0", "-7", "9007199254740991", "0.1", "1e300", "5e-324", "1.0", "1E2", "1e-07"],
  ...["9007199254740992", "1152921504606846976", "-1152921504606846976", "1180591620717411303424"],
  ...["1.2345678901234567e+19", "1e+22", "100000000000000000000"],
];
const NUMBERS_THAT_DO_NOT = ["9007199254740993", "-12345678901234567890", "1e400", "NaN"];
/** JavaScript's digits of a double are not to be taken for Python's whole number, which is none. */
const ONLY_THERE = ["1152921504606847000", "12345678901234567000"];

for (const side of SIDES) {
  const { name, sealer } = side;
  const seal = (payload: SealedPayload, context = CONTEXT) =>
    sealer(SECRET).seal(writePayload(payload), context);
  const open = (token: string, context = CONTEXT, options = {}) => {
    const opened = sealer([SECRET, OLD_SECRET], options).open(token, context);
    return opened && readPayload(opened.bytes);
  };
  const fromPython = (json: string, seconds = NOON / 1000, secret = SECRET) =>
    pythonWrites(side, secret, json, seconds);

  describe(`${name}Sealer`, () => {
    test("a session comes back whole, with and without what is optional", () => {
      assert.deepEqual(open(seal(PAYLOAD)), PAYLOAD);
      const bare = {
        ...PAYLOAD,
        authenticatedAt: undefined,
        antiForgerySecret: undefined,
        subject: undefined,
        flash: undefined,
        data: "{}",
      };
      assert.deepEqual(open(seal(bare)), bare);
      const json = pythonReads(side, SECRET, seal(bare)) ?? "";
      assert.deepEqual(Object.keys(JSON.parse(json)._keepsake), [
        "id",
        "issued",
        "created",
        "expires",
      ]);
    });

    test("any JSON object comes back", () => {
      fc.assert(
        fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (values, text) => {
          fc.pre(!Object.hasOwn(values, "_keepsake"));
          const data = JSON.stringify({ ...values, [`x${text}`]: text });
          // An object whose only key is one of Flask's tags is refused.
          fc.pre(!/" (?:t|u|b|m|d|di)":/.test(data));
          assert.equal(open(seal({ ...PAYLOAD, data }))?.data, JSON.stringify(JSON.parse(data)));
        }),
        runs(200),
      );
    });

    test("JSON of another layout comes back, too", () => {
      const data = JSON.stringify({ a: [1, { b: "x, y: {z}" }] }, null, 2);
      assert.equal(
        open(seal({ ...PAYLOAD, data: `\n${data}\n ` }))?.data,
        '{"a":[1,{"b":"x, y: {z}"}]}',
      );
      assert.equal(open(seal({ ...PAYLOAD, data: "{ }" }))?.data, "{}");
      const json = pythonReads(side, SECRET, seal({ ...PAYLOAD, data })) ?? "";
      assert.ok(json.startsWith(name === "starlette" ? '{"a": [1, {"b":' : '{"a":[1,{"b":'), json);
    });

    test("what the other side re-signs keeps handle, subject and login; its time is the new one", () => {
      const json = pythonReads(side, SECRET, seal(PAYLOAD)) ?? "";
      const changed = JSON.stringify({ ...JSON.parse(json), added: true });
      const later = open(fromPython(changed, NOON / 1000 + 60), { ...CONTEXT, now: NOON + 90_000 });
      assert.deepEqual(later, {
        ...PAYLOAD,
        issuedAt: NOON + 60_000,
        expiresAt: NEVER,
        data: '{"cart":["tea","煎茶 ✨"],"total":12.5,"added":true}',
      });
    });

    test("a _keepsake that is not as written here counts as none", () => {
      const json = pythonReads(side, SECRET, seal(PAYLOAD)) ?? "";
      const good = JSON.parse(json)._keepsake;
      const bad: Any[] = [
        null,
        7,
        "text",
        [],
        {},
        [good],
        ...[
          undefined,
          "",
          "short",
          7,
          `${good.id}=`,
          `${good.id}AA`,
          good.id.replace(/.$/, "B"),
        ].map((id) => ({ ...good, id })),
        ...["issued", "created", "expires"].flatMap((time) =>
          [undefined, null, -1, 0.5, 2 ** 48, "1", true].map((value) => ({
            ...good,
            [time]: value,
          })),
        ),
        ...[null, 0, -1, 0.5, 2 ** 48, "1"].map((authenticated) => ({ ...good, authenticated })),
        ...[null, 7, {}, [], "\ud800"].flatMap((text) => [
          { ...good, subject: text },
          { ...good, flash: text },
        ]),
      ];
      for (const _keepsake of bad) {
        const payload = open(fromPython(JSON.stringify({ a: 1, _keepsake }))) ?? assert.fail();
        assert.equal(payload.subject, undefined, JSON.stringify(_keepsake));
        assert.equal(payload.createdAt, NOON);
        assert.equal(payload.authenticatedAt, undefined);
        assert.notDeepEqual(payload.handle, PAYLOAD.handle);
        assert.equal(payload.data, '{"a":1}');
      }
    });

    test("a _keepsake whose anti-forgery secret is none, or missing as before there was one, is otherwise as it was", () => {
      const json = pythonReads(side, SECRET, seal(PAYLOAD)) ?? "";
      const { form, ...others } = JSON.parse(json)._keepsake;
      assert.match(form, /^[\w-]{43}$/);
      const bad: Any[] = [undefined, null, 7, "", {}, `${form}A`, form.slice(1), `${form}=`, " "];
      for (const other of [...bad, form.replace(/.$/, "_")]) {
        const text = JSON.stringify({ a: 1, _keepsake: { ...others, form: other } });
        const { antiForgerySecret, subject } = open(fromPython(text)) ?? assert.fail();
        assert.deepEqual([antiForgerySecret, subject], [undefined, PAYLOAD.subject], text);
      }
    });

    test("the keys of an object are all there, __proto__ and empty ones too, and the last of two alike", () => {
      const payload = open(fromPython('{"__proto__":{"a":1},"":2,"constructor":3,"a":1,"a":2}'));
      assert.equal(payload?.data, '{"__proto__":{"a":1},"":2,"constructor":3,"a":2}');
    });

    test("numbers that fit are read; others are never changed, but make data that is refused", () => {
      for (const number of NUMBERS_THAT_FIT) {
        const payload = open(fromPython(`{"a":[${number}]}`)) ?? assert.fail();
        assert.deepEqual(JSON.parse(payload.data), { a: [Number(number)] });
      }
      const others = [...ONLY_THERE, "Infinity", "-Infinity", "1".repeat(400)];
      for (const number of [...NUMBERS_THAT_DO_NOT, ...others]) {
        const token = fromPython(`{"a":[${number}]}`);
        assert.match(sealer(SECRET).open(token, CONTEXT)?.unreadable ?? "", /number/);
        const payload = open(token) ?? assert.fail(number);
        assert.throws(() => JSON.parse(payload.data));
        assert.equal(open(fromPython(`{"a":"${number}"}`))?.data, `{"a":"${number}"}`);
      }
    });

    test("whole numbers are written to the last digit, so that both sides have the same", () => {
      const values = [2 ** 53, 2 ** 60, -(2 ** 60), 1.2345678901234567e19, 1e20, 2 ** 70, 1e21];
      const json = pythonReads(
        side,
        SECRET,
        seal({ ...PAYLOAD, data: JSON.stringify({ values }) }),
      );
      const written = /"values": ?\[([^\]]*)\]/.exec(json ?? "")?.[1]?.split(/, ?/) ?? [];
      assert.deepEqual(written.slice(0, 5).map(BigInt), values.slice(0, 5).map(BigInt));
      assert.deepEqual(written.map(Number), values);
      const back = open(fromPython(json ?? "")) ?? assert.fail();
      assert.deepEqual(JSON.parse(back.data), { values });
    });

    test("a note that has not the shape of one costs no cryptography", () => {
      let keys = 0;
      const note = {
        ...CONTEXT,
        purpose: "seen",
        get name() {
          keys += 1; // The key is derived from it.
          return "session-seen";
        },
      };
      const good = sealer(SECRET).seal(Uint8Array.of(1), note);
      assert.ok(keys > 0);
      keys = 0;
      for (const bad of ["", "x", `${good}A`, `.${good}`, good.replace(".", ""), "a.b.c"]) {
        assert.equal(sealer(SECRET).open(bad, note), undefined);
      }
      assert.equal(keys, 0);
      assert.notEqual(sealer(SECRET).open(good, note), undefined);
    });

    test("requirement 38: maxAge counts from the signature, to the second; without it there is no limit", () => {
      const token = fromPython("{}");
      const opens = (age: number, options = {}) =>
        open(token, { ...CONTEXT, now: NOON + age * 1000 }, options) !== undefined;
      assert.deepEqual(
        [0, 59, 60, 60.999, 61].map((age) => opens(age, { maxAge: 60 })),
        [true, true, true, true, false],
      );
      assert.equal(opens(86_400 * 4000), true);
      assert.equal(opens(86_400 * 4000, { maxAge: undefined }), true);
    });

    test("requirement 41, invariant 12, keys rotate: the newest seals, the newest first; all listed open", () => {
      const keys = [SECRET, OLD_SECRET, OLDEST_SECRET];
      const stale = (secrets: string[], secret: string) =>
        sealer(secrets).open(fromPython("{}", NOON / 1000, secret), CONTEXT)?.stale;
      assert.deepEqual(
        keys.map((key) => stale(keys, key)),
        [false, true, true],
      );
      assert.deepEqual(
        keys.map((key) => stale([SECRET], key)),
        [false, undefined, undefined],
      );
      const token = sealer([OLD_SECRET, SECRET]).seal(writePayload(PAYLOAD), CONTEXT);
      assert.notEqual(pythonReads(side, OLD_SECRET, token), undefined);
      assert.equal(pythonReads(side, SECRET, token), undefined);
    });

    test("requirement 36: the cookie's name is not bound, because the format knows none; a note is, to purpose and name", () => {
      const token = seal(PAYLOAD);
      assert.notEqual(open(token, { ...CONTEXT, name: "other" }), undefined);
      const bytes = Uint8Array.of(0, 1, 250);
      const note = { ...CONTEXT, purpose: "seen", name: "session-seen" };
      const sealed = sealer(OLD_SECRET).seal(bytes, note);
      const opened = sealer([SECRET, OLD_SECRET]).open(sealed, note);
      assert.deepEqual(Uint8Array.from(opened?.bytes ?? []), bytes);
      assert.equal(opened?.stale, true);
      for (const change of [
        { purpose: "session" },
        { purpose: "" },
        { purpose: "seensession-", name: "seen" },
        { name: "other-seen" },
        { name: "" },
      ]) {
        assert.equal(sealer(OLD_SECRET).open(sealed, { ...note, ...change }), undefined);
      }
      assert.equal(sealer(SECRET).open(token, note), undefined);
      for (const other of SIDES.filter((each) => each.name !== name)) {
        assert.equal(other.sealer(OLD_SECRET).open(sealed, note), undefined);
        assert.equal(other.sealer(SECRET).open(token, CONTEXT), undefined);
      }
    });

    test("notes of any bytes survive, the empty ones too", () => {
      const note = { ...CONTEXT, purpose: "seen" };
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
          const opened = sealer(SECRET).open(sealer(SECRET).seal(bytes, note), note);
          assert.deepEqual(Uint8Array.from(opened?.bytes ?? [1, 2]), bytes);
        }),
        runs(50),
      );
    });

    test("it is signed and no more: whoever holds the cookie reads it", () => {
      assert.ok(pythonReads(side, SECRET, seal(PAYLOAD))?.includes(KEEPSAKE_KEY));
    });

    test("what cannot be written is refused", () => {
      const refuse = (data: string, code: Any, ...words: string[]) =>
        assert.throws(() => seal({ ...PAYLOAD, data }), refusal(code, `${name}Sealer`, ...words));
      for (const data of ["[]", "null", '"a"', "7", "", "{", "[[1],{}]"]) {
        refuse(data, "ERR_SESSION_CONFIG", "serializer", "JSON object");
      }
      refuse('{"_keepsake":1}', "ERR_SESSION_VALUE", "_keepsake");
      refuse('{"a":1,"_k\\u0065epsake":{}}', "ERR_SESSION_VALUE", "_keepsake");
      for (const number of NUMBERS_THAT_DO_NOT) {
        refuse(`{"a":${number}}`, "ERR_SESSION_VALUE", "number");
      }
      assert.notEqual(seal({ ...PAYLOAD, data: '{"a":{"_keepsake":1}}' }), "");
      assert.throws(
        () => sealer(SECRET).seal(Uint8Array.of(1, 2), CONTEXT),
        refusal("ERR_SESSION_CONFIG", "CookieSessionStore"),
      );
    });

    test("requirements 33 and 35: no good secret, no sealer; and options are checked", () => {
      for (const secret of [
        undefined,
        null,
        "",
        [],
        7,
        "keyboard cat",
        "a".repeat(32),
        "x1".repeat(15),
      ]) {
        assert.throws(() => sealer(secret as Any), refusal("ERR_SESSION_SECRET", `${name}Sealer`));
      }
      for (const options of [
        { maxAge: 0 },
        { maxAge: -1 },
        { maxAge: "1h" },
        { maxAge: Number.NaN },
        { maxAge: 86_400_000 },
        { maxInflated: 0 },
        { maxInflated: 1.5 },
        { maxInflated: "64k" },
        { maxInflated: Number.POSITIVE_INFINITY },
        { salt: "x" },
        { subjectFrom: "user_id" },
        null,
        7,
      ] as Any[]) {
        assert.throws(
          () => sealer(SECRET, options),
          refusal("ERR_SESSION_CONFIG", `${name}Sealer`),
        );
      }
    });

    test("requirement 49: a sealer shows no secret and no key, however it is looked at", () => {
      const options = { depth: Number.POSITIVE_INFINITY, showHidden: true, customInspect: false };
      const made = sealer([SECRET, OLD_SECRET]);
      const shown = inspect(made, options) + inspect(made) + JSON.stringify(made) + String(made);
      for (const secret of [SECRET, OLD_SECRET]) assert.ok(!shown.includes(secret));
      assert.doesNotMatch(shown, /Uint8Array|Buffer|Map|0x|\d{2,}, \d{2,}/);
    });
  });
}

test("a session whose only key is a tag of Flask's is refused both ways, and only for Flask", () => {
  for (const side of SIDES) {
    for (const key of [" t", " b", " m", " u", " d", " di"]) {
      const data = JSON.stringify({ [key]: [1] });
      const write = () => side.sealer(SECRET).seal(writePayload({ ...PAYLOAD, data }), CONTEXT);
      const opened = side
        .sealer(SECRET)
        .open(pythonWrites(side, SECRET, data, NOON / 1000), CONTEXT);
      const read = readPayload(opened?.bytes ?? assert.fail())?.data;
      if (side.name === "flask") {
        assert.throws(write, refusal("ERR_SESSION_VALUE", "only key"));
        assert.notEqual(read, data);
        assert.match(opened?.unreadable ?? "", /only key/);
      } else {
        assert.equal(read, data);
        write();
      }
    }
  }
});
