import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type SealContext, xchachaSealer } from "keepsake";
import { toBase64url } from "../core/base64url.ts";
import { NOON, OLD_SECRET, runs, SECRET } from "../core/kit.test.ts";
import { readPayload, writePayload } from "../core/sealed-payload.ts";
import { pythonSigns, pythonSignsText, pythonWrites, SIDES } from "./_itsdangerous-kit.test.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=";
const CONTEXT: SealContext = { purpose: "session", name: "session", now: NOON };
const PAYLOAD = {
  handle: new Uint8Array(16).fill(7),
  issuedAt: NOON,
  createdAt: NOON,
  authenticatedAt: NOON,
  expiresAt: NOON + 3_600_000,
  antiForgerySecret: undefined,
  subject: "ada",
  flash: undefined,
  data: '{"cart":["tea","煎茶 ✨"],"total":12.5}',
};

for (const side of SIDES) {
  const { name, sealer } = side;
  const open = (token: string, context = CONTEXT) => {
    const opened = sealer([SECRET, OLD_SECRET]).open(token, context);
    return opened && readPayload(opened.bytes);
  };
  const fromPython = (json: string, seconds = NOON / 1000) =>
    pythonWrites(side, SECRET, json, seconds);

  describe(`The tokens of ${name}Sealer`, () => {
    test("what is signed and no JSON object is no session", () => {
      const deep = `{"a":${"[".repeat(1001)}${"]".repeat(1001)}}`;
      for (const json of [
        "[]",
        "null",
        "7",
        '"a"',
        "",
        "{",
        '{"a":1}x',
        '{"a":01x}',
        "{'a':1}",
        deep,
      ]) {
        assert.equal(open(fromPython(json)), undefined, json.slice(0, 20));
      }
      const values = ["A", "e30.", "..", ".e30", ".eJ", ".", "bm90IGpzb24", "gICA", "gA==", "/w=="];
      for (const value of values) {
        assert.equal(open(pythonSigns(side, SECRET, value, NOON / 1000)), undefined, value);
      }
    });

    test("a timestamp has one spelling, and is one that a session can have", () => {
      const token = fromPython("{}");
      const [value = ""] = token.split(".").slice(-3);
      for (const seconds of [2 ** 48 / 1000 + 1, 2 ** 40, 0]) {
        const odd = pythonSigns(side, SECRET, value, Math.floor(seconds));
        assert.equal(open(odd, { ...CONTEXT, now: seconds * 1000 }), undefined, String(seconds));
      }
      assert.notEqual(open(pythonSigns(side, SECRET, value, 1)), undefined);
      const good = token.split(".").at(-2) ?? "";
      assert.equal(pythonSignsText(side, SECRET, `${value}.${good}`), token);
      for (const time of ["AA", `AA${good}`, `${good.slice(0, -1)}R`, "A", "", "____________"]) {
        assert.equal(open(pythonSignsText(side, SECRET, `${value}.${time}`)), undefined, time);
      }
      for (const text of [value, "", good]) {
        assert.equal(open(pythonSignsText(side, SECRET, text)), undefined, text);
      }
    });

    test("requirements 44, 45: any changed bit and any other spelling is nothing, and never an error", () => {
      for (const context of [CONTEXT, { ...CONTEXT, purpose: "seen" }]) {
        const opener = sealer([SECRET, OLD_SECRET]);
        for (const data of ['{"a":1}', PAYLOAD.data, JSON.stringify({ a: "x".repeat(300) })]) {
          const token = opener.seal(writePayload({ ...PAYLOAD, data }), context);
          assert.notEqual(opener.open(token, context), undefined);
          for (const mutant of mutantsOf(token)) {
            if (mutant === token) continue;
            assert.equal(opener.open(mutant, context), undefined, mutant);
          }
        }
      }
    });

    test("requirement 44: any text is nothing, and never an error", () => {
      const parts = fc.array(
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...ALPHABET), maxLength: 60 })),
        { maxLength: 5 },
      );
      fc.assert(
        fc.property(parts, fc.constantFrom("session", "seen", ""), (texts, purpose) => {
          const context = { ...CONTEXT, purpose };
          assert.equal(sealer(SECRET).open(texts.join("."), context), undefined);
        }),
        runs(300),
      );
    });

    test("what is signed and hostile inside is never an error", () => {
      fc.assert(
        fc.property(fc.string(), fc.jsonValue(), fc.nat(2 ** 33), (value, state, seconds) => {
          open(pythonSigns(side, SECRET, value, seconds));
          open(pythonSigns(side, SECRET, side.format.encode(value), seconds));
          open(fromPython(JSON.stringify({ _keepsake: state }), seconds));
        }),
        runs(200),
      );
    });

    test("requirement 34: nothing falls back to another format", () => {
      const json = '{"role":"admin"}';
      const plain = toBase64url(new TextEncoder().encode('{"role":"root"}'));
      const [value, time, signature] = fromPython(json).split(".");
      for (const forged of [
        json,
        plain,
        `${plain}.`,
        `${plain}..`,
        `.${plain}`,
        `${plain}.${time}`,
        `${plain}.${time}.`,
        `${plain}.${time}.${signature}`,
        `${value}.${signature}`,
        `${value}.${time}.${"A".repeat(27)}`,
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.",
        xchachaSealer(SECRET).seal(writePayload(PAYLOAD), CONTEXT),
      ]) {
        assert.equal(open(forged), undefined, forged);
      }
    });
  });
}

test("BlackSheep's text is in quotes, and nothing else is taken for it", () => {
  const [side = assert.fail()] = SIDES;
  const opens = (text: string) => {
    const value = toBase64url(new TextEncoder().encode(text));
    const token = pythonSigns(side, SECRET, value, NOON / 1000);
    return side.sealer(SECRET).open(token, CONTEXT) !== undefined;
  };
  assert.equal(opens('"e30="'), true);
  for (const text of [
    "xe30=x",
    '"e30="x',
    'x"e30="',
    "'e30='",
    '"e30"',
    '"e30=" ',
    '"\\u006530="',
    "{}",
  ]) {
    assert.equal(opens(text), false, text);
  }
});

/** Every bit, every end, every gap, and other ways to write the same. */
function* mutantsOf(token: string): Generator<string> {
  for (let at = 0; at < token.length; at += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const unit = String.fromCharCode(token.charCodeAt(at) ^ (1 << bit));
      yield token.slice(0, at) + unit + token.slice(at + 1);
    }
    yield token.slice(0, at);
    yield token.slice(at);
    yield token.slice(0, at) + token.slice(at + 1);
  }
  for (const end of [...ALPHABET, ".", " ", "\n", "\0", "%", '"', "~", "\u00e9", "\ud800"]) {
    yield token + end;
    yield end + token;
    for (const dot of [token.indexOf("."), token.lastIndexOf(".")]) {
      yield token.slice(0, dot) + end + token.slice(dot);
      yield token.slice(0, dot + 1) + end + token.slice(dot + 1);
    }
    // Also the spellings that differ only in bits that no byte uses.
    yield token.slice(0, -1) + end;
  }
  yield token.replaceAll("=", "");
  yield token.replaceAll("=", "%3D");
  yield token.replaceAll("-", "+").replaceAll("_", "/");
  yield token.replaceAll("+", "-").replaceAll("/", "_");
  yield token.toLowerCase();
  yield token.toUpperCase();
  yield encodeURIComponent(token).replaceAll(".", "%2E");
  yield token.split(".").reverse().join(".");
}
