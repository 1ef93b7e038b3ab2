import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { type SealContext, type Sealer, xchachaSealer } from "keepsake";
import { toBase64url } from "./base64url.ts";
import {
  type Any,
  NOON,
  OLD_SECRET,
  OLDEST_SECRET,
  refusal,
  runs,
  SECRET,
  seeded,
} from "./kit.test.ts";

const CONTEXT: SealContext = { purpose: "session", name: "__Host-session", now: NOON };
const TEXT = new TextEncoder().encode("Fräulein Ada, admin");

const textOf = (sealer: Sealer, token: string, context = CONTEXT): string | undefined => {
  const opened = sealer.open(token, context);
  return opened && new TextDecoder().decode(opened.bytes);
};

test("a token is k1, a key id and a body, in URL-safe characters", () => {
  const token = xchachaSealer(SECRET).seal(TEXT, CONTEXT);
  assert.match(token, /^k1\.[\w-]{8}\.[\w-]+$/);
  const body = token.split(".")[2] ?? "";
  assert.equal(body.length, Math.ceil(((24 + TEXT.length + 16) * 4) / 3));
});

test("any bytes survive, the empty ones too", () => {
  const sealer = xchachaSealer(SECRET);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const opened = sealer.open(sealer.seal(bytes, CONTEXT), CONTEXT);
      assert.deepEqual(new Uint8Array(opened?.bytes ?? [1, 2, 3]), bytes);
      assert.equal(opened?.stale, false);
    }),
    runs(100),
  );
});

test("requirement 32: what is sealed is not to be read, however the token is decoded", () => {
  // Not random, because a random token has three letters of a name in it once in a few thousand runs.
  const token = xchachaSealer(SECRET, { random: seeded() }).seal(TEXT, CONTEXT);
  const decoded = [token, decodeURIComponent(token)];
  for (const part of token.split(".")) {
    const base64 = part.replaceAll("-", "+").replaceAll("_", "/");
    decoded.push(part, globalThis.atob(base64), base64);
  }
  for (const text of decoded) {
    for (const marker of ["Ada", "admin", "QWRh", "YWRtaW4", "416461", SECRET.slice(0, 8)]) {
      assert.ok(!text.includes(marker));
    }
  }
});

test("requirement 36, invariant 11, sealed to its place: another purpose or name opens nothing", () => {
  const sealer = xchachaSealer(SECRET);
  const token = sealer.seal(TEXT, CONTEXT);
  for (const change of [
    { purpose: "seen" },
    { purpose: "" },
    { purpose: "session_" },
    { name: "session" },
    { name: "__Host-prefs" },
    { name: "" },
    { purpose: "session__Host", name: "-session" },
    { purpose: "__Host-session", name: "session" },
  ]) {
    assert.equal(sealer.open(token, { ...CONTEXT, ...change }), undefined);
  }
  assert.equal(textOf(sealer, token, { ...CONTEXT, now: 0 }), "Fräulein Ada, admin");
});

test("requirement 37: two audiences of one secret open nothing of each other", () => {
  const audiences = ["", "shop", "shop2", "a\0b", "ß"];
  const sealers = audiences.map((audience) => xchachaSealer(SECRET, { audience }));
  sealers.forEach((sealer, mine) => {
    const token = sealer.seal(TEXT, CONTEXT);
    sealers.forEach((other, theirs) => {
      assert.equal(other.open(token, CONTEXT) !== undefined, mine === theirs);
    });
  });
});

test("requirement 39: nonces come from the random source, and no two tokens are alike", () => {
  const random = seeded();
  const sealer = xchachaSealer(SECRET, { random });
  const tokens = new Set(Array.from({ length: 1000 }, () => sealer.seal(TEXT, CONTEXT)));
  assert.equal(tokens.size, 1000);
  assert.equal(random.calls, 1000);
  const again = xchachaSealer(SECRET, { random: seeded() }).seal(TEXT, CONTEXT);
  assert.equal([...tokens][0], again, "all else is determined");
});

test("requirement 40: the key id depends on secret and audience alone, and is no part of the key's text", () => {
  const idOf = (secret: string, audience = "") =>
    xchachaSealer(secret, { audience }).seal(TEXT, CONTEXT).split(".")[1];
  assert.equal(idOf(SECRET), idOf(SECRET));
  assert.equal(new Set([idOf(SECRET), idOf(OLD_SECRET), idOf(SECRET, "shop")]).size, 3);
  assert.ok(!SECRET.includes(idOf(SECRET) ?? ""));
});

test("requirement 40: an unknown key id costs no decryption: the body is not even decoded", () => {
  const sealer = xchachaSealer([SECRET, OLD_SECRET]);
  const [, id = ""] = sealer.seal(TEXT, CONTEXT).split(".");
  const body = "A".repeat(4_000_000);
  // The fastest of a few, because what is told apart is work, not what else the machine does.
  const cost = (token: string) => {
    const times = Array.from({ length: 7 }, () => {
      const before = performance.now();
      assert.equal(sealer.open(token, CONTEXT), undefined);
      return performance.now() - before;
    });
    return Math.min(...times);
  };
  const known = cost(`k1.${id}.${body}`);
  const unknown = cost(`k1.AAAAAAAA.${body}`);
  assert.ok(unknown * 4 < known, `${unknown} ms, and ${known} ms with a known id`);
});

test("requirement 41, invariant 12, keys rotate: three keys over time, instances that learn of them later, nobody logged out", () => {
  const timeline: Any[] = [
    [OLDEST_SECRET],
    [OLDEST_SECRET, OLD_SECRET],
    [OLD_SECRET, OLDEST_SECRET],
    [SECRET, OLD_SECRET, OLDEST_SECRET],
    [SECRET, OLD_SECRET],
    [SECRET],
  ];
  const sealers = timeline.map((secrets) => xchachaSealer(secrets));
  const first = sealers[0]?.seal(TEXT, CONTEXT) ?? "";
  const staleOf = (step: number, token: string) => sealers[step]?.open(token, CONTEXT)?.stale;
  assert.deepEqual(
    sealers.map((_, step) => staleOf(step, first)),
    [false, false, true, true, undefined, undefined],
  );
  const second = sealers[2]?.seal(TEXT, CONTEXT) ?? "";
  assert.deepEqual(
    sealers.map((_, step) => staleOf(step, second)),
    [undefined, true, false, true, true, undefined],
    "the instance of step 1 opens what the newest key of step 2 sealed",
  );
  const third = sealers[3]?.seal(TEXT, CONTEXT) ?? "";
  assert.deepEqual(
    [3, 4, 5].map((step) => staleOf(step, third)),
    [false, false, false],
  );
});

test("requirement 45: one token has one spelling", () => {
  const sealer = xchachaSealer([SECRET, OLD_SECRET]);
  const token = sealer.seal(Uint8Array.of(1), CONTEXT);
  const variants = [
    `${token}=`,
    `${token}==`,
    `${token} `,
    ` ${token}`,
    `${token}\n`,
    `${token}.`,
    `${token}.x`,
    `${token}~junk`,
    `.${token}`,
    token.replaceAll("-", "+").replaceAll("_", "/").concat("+"),
    token.replace(".", ".."),
    encodeURIComponent(token).replaceAll(".", "%2E"),
    token.slice(0, -1),
    `${token}A`,
    `"${token}"`,
    "",
    ".",
    "..",
    "...",
    "k1",
    "k1.",
    "k1..",
  ];
  for (const variant of variants) assert.equal(sealer.open(variant, CONTEXT), undefined, variant);
  assert.notEqual(sealer.open(token, CONTEXT), undefined);
});

test("requirement 46: the version and the key id are authenticated, and nothing falls back to another format (34)", () => {
  const sealer = xchachaSealer([SECRET, OLD_SECRET]);
  const token = sealer.seal(TEXT, CONTEXT);
  const [, id, body = ""] = token.split(".");
  const oldId = xchachaSealer(OLD_SECRET).seal(TEXT, CONTEXT).split(".")[1];
  const json = toBase64url(new TextEncoder().encode('{"role":"admin"}'));
  for (const forged of [
    `k2.${id}.${body}`,
    `K1.${id}.${body}`,
    `k1 .${id}.${body}`,
    `.${id}.${body}`,
    `k1.${oldId}.${body}`,
    `k1..${body}`,
    `k1.__proto__.${body}`,
    `k1.constructor.${body}`,
    body,
    json,
    `k1.${id}.${json}`,
    `none.${id}.${json}`,
    `${json}.`,
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.",
    JSON.stringify({ role: "admin" }),
  ]) {
    assert.equal(sealer.open(forged, CONTEXT), undefined, forged);
  }
});

test("requirement 49: a sealer shows no secret, no key and no key id, however it is looked at", () => {
  const sealer = xchachaSealer([SECRET, OLD_SECRET]);
  const options = { depth: Number.POSITIVE_INFINITY, showHidden: true, customInspect: false };
  const shown =
    inspect(sealer, options) + inspect(sealer) + JSON.stringify(sealer) + String(sealer);
  for (const secret of [SECRET, OLD_SECRET]) assert.ok(!shown.includes(secret));
  assert.doesNotMatch(shown, /Uint8Array|Buffer|Map|0x|\d{2,}, \d{2,}/);
});

test("requirement 33: no secret, no sealer; and options are checked", () => {
  for (const secret of [undefined, null, "", [], [""], 7, {}]) {
    assert.throws(() => xchachaSealer(secret as Any), refusal("ERR_SESSION_SECRET"));
  }
  const bad = (options: Any) =>
    assert.throws(() => xchachaSealer(SECRET, options), refusal("ERR_SESSION_CONFIG"));
  for (const audience of [7, null, {}, "\ud800"]) bad({ audience });
  bad({ random: 7 });
  bad({ salt: "x" });
});
