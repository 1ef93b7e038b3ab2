import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { describe, test } from "node:test";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { CookieSessionStore } from "keepsake";
import { antiForgery, sessions } from "keepsake/adapters/fetch";
import { type BlackSheepPairsOptions, blackSheepPairs } from "keepsake/interop/itsdangerous";
import {
  type Any,
  NOON,
  OLD_SECRET,
  OLDEST_SECRET,
  refusal,
  runs,
  SECRET,
} from "../core/kit.test.ts";
import { VECTORS } from "./_itsdangerous-kit.test.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const TEXT = "q7Zr0TnVx4LmYb2KsWc9GhTf6EjUo3aNvXi5Qd8R";
const UNTIL = new Date(NOON + 1000);
const DAY = 86_400_000;

type Pair = Readonly<Record<"cookie" | "control", string>>;

/** The signature of BlackSheep's serializer over any text, made without the library. */
function signed(value: string, secret = SECRET, salt = "antiforgery"): string {
  const key = createHash("sha1").update(`${salt}signer${secret}`).digest();
  return `${value}.${createHmac("sha1", key).update(value).digest("base64url")}`;
}

const encoded = (text: string) => Buffer.from(text).toString("base64url");
const reverse = (text: string) => Array.from(text).reverse().join("");

function pairOf(text: string, secret = SECRET, salt?: string): Pair {
  const token = (inside: string) => signed(encoded(`"${inside}"`), secret, salt);
  return { cookie: token(text), control: token(reverse(text)) };
}

/** Whether it is a pair at noon. */
function accepts({ cookie, control }: Pair, secret: string | readonly string[] = SECRET): boolean {
  return blackSheepPairs(secret, { until: UNTIL }).isPair(cookie, control, NOON);
}

describe("BlackSheep's anti-forgery pairs", () => {
  for (const [index, { antiforgery: pair, oldSecret }] of VECTORS.entries()) {
    test(`vector ${index}: the pair is accepted, under its own secret alone, and not the wrong way round`, () => {
      const { secret, cookie, control } = pair;
      assert.equal(accepts(pair, secret), true);
      assert.equal(accepts(pair, [SECRET, oldSecret, secret]), true);
      assert.equal(accepts(pair, [SECRET, oldSecret]), false);
      assert.equal(accepts({ cookie, control: cookie }, secret), false);
      assert.equal(accepts({ cookie: control, control }, secret), false);
    });

    test(`vector ${index}: nothing of another pair goes with it`, () => {
      const { secret, cookie, control } = pair;
      const other = VECTORS[(index + 1) % VECTORS.length]?.antiforgery ?? assert.fail();
      const secrets = [secret, other.secret];
      assert.equal(accepts(other, secrets), true);
      assert.equal(accepts({ cookie: other.cookie, control }, secrets), false);
      assert.equal(accepts({ cookie, control: other.control }, secrets), false);
    });
  }

  test("the two halves have their places: what is accepted is refused when swapped with another's", () => {
    const [one, two] = [pairOf(TEXT), pairOf(`${TEXT.slice(1)}A`)];
    assert.equal(accepts(one), true);
    assert.equal(accepts(two), true);
    assert.equal(accepts({ cookie: one.cookie, control: two.cookie }), false);
    assert.equal(accepts({ cookie: one.control, control: two.control }), false);
    // BlackSheep could have given this one out just so: its text is the control's, from behind.
    assert.equal(accepts({ cookie: one.control, control: one.cookie }), true);
  });

  test("keys rotate: each half may have its own", () => {
    const secrets = [SECRET, OLD_SECRET];
    const [fresh, old, oldest] = [SECRET, OLD_SECRET, OLDEST_SECRET].map((secret) =>
      pairOf(TEXT, secret),
    );
    assert.ok(fresh && old && oldest);
    assert.equal(accepts(old, secrets), true);
    // To a cookie that was signed before the rotation BlackSheep makes controls with the new key.
    assert.equal(accepts({ cookie: old.cookie, control: fresh.control }, secrets), true);
    assert.equal(accepts(oldest, secrets), false);
    assert.equal(accepts({ cookie: oldest.cookie, control: fresh.control }, secrets), false);
    assert.equal(accepts({ cookie: fresh.cookie, control: oldest.control }, secrets), false);
  });

  test("from `until` on no pair is accepted", () => {
    const { cookie, control } = pairOf(TEXT);
    const isPairAt = (until: Date | string, now: number) =>
      blackSheepPairs(SECRET, { until }).isPair(cookie, control, now);
    const midnight = Date.UTC(2030, 0, 2);
    for (const until of [new Date(midnight), "2030-01-02"]) {
      assert.equal(isPairAt(until, midnight - 1), true);
      assert.equal(isPairAt(until, midnight), false);
      assert.equal(isPairAt(until, midnight + 400 * DAY), false);
      assert.equal(isPairAt(until, Number.NaN), false);
    }
    assert.equal(isPairAt("2028-02-29", Date.UTC(2028, 1, 29) - 1), true);
  });

  test("`until` is what it was when it was given", () => {
    const { cookie, control } = pairOf(TEXT);
    const until = new Date(NOON + 1);
    const { isPair } = blackSheepPairs(SECRET, { until });
    until.setTime(NOON + DAY);
    assert.equal(isPair(cookie, control, NOON), true);
    assert.equal(isPair(cookie, control, NOON + 1), false);
  });

  test("a token that Python has compressed is the same, and inflates to no more than a text can have", () => {
    const long = "ab".repeat(20);
    const compressed = (json: string) => signed(`.${deflateSync(json).toString("base64url")}`);
    const cookie = compressed(`"${long}"`);
    const { control } = pairOf(long);
    assert.equal(accepts({ cookie, control }), true);
    const bomb = compressed(`"${"a".repeat(65)}"`);
    assert.equal(accepts({ cookie: bomb, control: bomb }), false);
    const most = compressed(`"${"a".repeat(64)}"`);
    assert.equal(accepts({ cookie: most, control: most }), true);
  });
});

describe("What is no pair of BlackSheep's", () => {
  test("any changed byte, in either half", () => {
    const pair = pairOf(TEXT);
    const { isPair } = blackSheepPairs(SECRET, { until: UNTIL });
    const { cookie, control } = pair;
    for (let at = 0; at < cookie.length; at += 1) {
      for (const half of [cookie, control]) {
        for (const other of othersOf(half, at)) {
          const changed = half.slice(0, at) + other + half.slice(at + 1);
          const [first, second] = half === cookie ? [changed, control] : [cookie, changed];
          assert.equal(isPair(first, second, NOON), false, changed);
        }
      }
    }
  });

  test("any other spelling, longer or shorter", () => {
    const { cookie, control } = pairOf(TEXT);
    const spellings = (half: string) => [
      half.slice(1),
      half.slice(0, -1),
      `.${half}`,
      `${half}.`,
      `${half}=`,
      `${half}\n`,
      ` ${half}`,
      `"${half}"`,
      half.replace(".", "=."),
      half.replace(".", ".."),
      half.replace(".", ".aT7Vbw."),
      half.split(".").reverse().join("."),
      half.toUpperCase(),
      half + half,
    ];
    for (const spelling of spellings(cookie)) {
      assert.equal(accepts({ cookie: spelling, control }), false, spelling);
    }
    for (const spelling of spellings(control)) {
      assert.equal(accepts({ cookie, control: spelling }), false, spelling);
    }
  });

  test("what is signed under another salt", () => {
    for (const salt of ["itsdangerous", "dataprotection", "itsdangerous.Signer", ""]) {
      assert.equal(accepts(pairOf(TEXT, SECRET, salt)), false, salt);
    }
    assert.equal(accepts(pairOf(TEXT, SECRET, "antiforgery")), true);
  });

  test("what is signed, and no text of BlackSheep's", () => {
    const same = (json: string): Pair => {
      const token = signed(encoded(json));
      return { cookie: token, control: token };
    };
    // The same from behind, so that nothing else speaks against them.
    assert.equal(accepts(same(`"${"a".repeat(40)}"`)), true);
    const fields = [
      "a".repeat(39),
      "a".repeat(65),
      "",
      "é".repeat(40),
      " ".repeat(40),
      "💥".repeat(20),
    ];
    const jsons = fields.map((text) => `"${text}"`);
    const most = "a".repeat(40);
    jsons.push(
      most,
      `'${most}'`,
      `["${most}"]`,
      `"${most}" `,
      `"${"\\u0061".repeat(7)}"`,
      "null",
      "1",
    );
    for (const json of jsons) assert.equal(accepts(same(json)), false, json);
    for (const value of ["A", ".", ".e30", ".eJ", "_w", `${encoded(`"${most}"`)}A`]) {
      const token = signed(value);
      assert.equal(accepts({ cookie: token, control: token }), false, value);
    }
    const gzip = signed(".H4sIAAAAAAAAA1NKpBAoAQDA3AGfKgAAAA");
    assert.equal(accepts({ cookie: gzip, control: gzip }), false);
  });

  test("any text, and never an error", () => {
    const { cookie, control } = pairOf(TEXT);
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc
        .array(fc.string({ unit: fc.constantFrom(...ALPHABET), maxLength: 80 }), { maxLength: 4 })
        .map((parts) => parts.join(".")),
      fc.string({ unit: "binary", maxLength: 60 }).map((inside) => signed(encoded(inside))),
      fc
        .uint8Array({ maxLength: 60 })
        .map((bytes) => signed(Buffer.from(bytes).toString("base64url"))),
      fc
        .uint8Array({ maxLength: 60 })
        .map((bytes) => signed(`.${Buffer.from(bytes).toString("base64url")}`)),
      fc.string({ unit: "binary" }).map((value) => signed(value)),
      fc.constantFrom("\ud800", `\ud800${cookie}`, "a".repeat(1_000_000), ".".repeat(100_000)),
    );
    fc.assert(
      fc.property(text, text, (one, two) => {
        assert.equal(accepts({ cookie: one, control: two }), false);
        assert.equal(accepts({ cookie, control: two }), false);
        assert.equal(accepts({ cookie: one, control }), false);
      }),
      runs(300),
    );
  });
});

describe("blackSheepPairs()", () => {
  const withOptions = (options: Any) => () => blackSheepPairs(SECRET, options);

  test("has BlackSheep's name for the cookie, or another", () => {
    assert.equal(blackSheepPairs(SECRET, { until: UNTIL }).cookieName, "aftoken");
    const cookieName = "__Host-forms.v2";
    assert.equal(blackSheepPairs(SECRET, { until: UNTIL, cookieName }).cookieName, cookieName);
  });

  test("refuses an `until` that is no moment", () => {
    const bad: Any[] = [
      undefined,
      null,
      "",
      "soon",
      "2027",
      "2027-03",
      "2027-3-31",
      "31.03.2027",
      "2027-02-29",
      "2027-02-30",
      "2027-04-31",
      "2027-13-01",
      "2027-00-01",
      "2027-01-00",
      "2027-03-31T00:00:00Z",
      "2027-03-31 ",
      "2027-03-31\n",
      "+002027-03-31",
      NOON,
      Number.POSITIVE_INFINITY,
      ["2027-03-31"],
      { until: "2027-03-31" },
      () => UNTIL,
    ];
    for (const until of bad) {
      const expected = refusal("ERR_SESSION_CONFIG", "blackSheepPairs", "until", '"2027-03-31"');
      assert.throws(withOptions({ until }), expected, String(until));
    }
    assert.throws(
      withOptions({ until: new Date(Number.NaN) }),
      refusal("ERR_SESSION_CONFIG", "an invalid Date"),
    );
  });

  test("refuses other bad options, and none at all", () => {
    const refused = refusal("ERR_SESSION_CONFIG", "blackSheepPairs");
    for (const options of [undefined, null, "2027-03-31", UNTIL.getTime(), [UNTIL]]) {
      assert.throws(withOptions(options), refused);
    }
    for (const cookieName of ["", " ", "a b", "a=b", "a;b", "é", "a\n", null, 7, {}]) {
      const expected = refusal("ERR_SESSION_CONFIG", "blackSheepPairs", "cookieName");
      assert.throws(withOptions({ until: UNTIL, cookieName }), expected, String(cookieName));
    }
    assert.throws(
      withOptions({ until: UNTIL, name: "aftoken" }),
      refusal("ERR_SESSION_CONFIG", "name"),
    );
  });

  test("refuses a secret that is none", () => {
    const options: BlackSheepPairsOptions = { until: UNTIL };
    for (const secret of ["", "short", [], ["short", SECRET], [SECRET, SECRET], "a".repeat(40)]) {
      assert.throws(
        () => blackSheepPairs(secret, options),
        refusal("ERR_SESSION_SECRET", "blackSheepPairs"),
      );
    }
  });
});

describe("A form that BlackSheep has shown", () => {
  const post = async (now: number, { cookie, control }: Pair, name = "aftoken") => {
    const protect = antiForgery({
      acceptLegacyPairs: blackSheepPairs(SECRET, { until: UNTIL }),
      clock: () => now,
      onEvent: () => undefined,
    });
    const handler = sessions(new CookieSessionStore({ secret: OLD_SECRET, clock: () => now }))(
      protect(() => new Response("done")),
    );
    const body = new URLSearchParams({ __RequestVerificationToken: control });
    const headers = { cookie: `${name}=${cookie}` };
    const request = new Request("https://shop.example/", { method: "POST", headers, body });
    return (await handler(request)).status;
  };

  test("gets through antiForgery() until then", async () => {
    const pair = pairOf(TEXT);
    assert.equal(await post(NOON, pair), 200);
    assert.equal(await post(UNTIL.getTime(), pair), 403);
    assert.equal(await post(NOON, { ...pair, control: pair.cookie }), 403);
    assert.equal(await post(NOON, pair, "aftoken2"), 403);
  });
});

/** Other characters for this place: one for each bit, and all that base64url has. */
function othersOf(text: string, at: number): string[] {
  const code = text.charCodeAt(at);
  const flipped = Array.from({ length: 8 }, (_, bit) => String.fromCharCode(code ^ (1 << bit)));
  return [...flipped, ...ALPHABET, ".", "="].filter((other) => other !== text[at]);
}
