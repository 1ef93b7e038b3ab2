import assert from "node:assert/strict";
import { test } from "node:test";
import { type SealContext, signOnly } from "keepsake";
import { fromBase64url, toBase64url } from "./base64url.ts";
import { utf8 } from "./bytes.ts";
import { LONG, NOON, SECRET, seeded } from "./kit.test.ts";

const CONTEXT: SealContext = { purpose: "session", name: "__Host-session", now: NOON };
const TOKEN = signOnly(SECRET).seal(utf8("Ada"), CONTEXT);
const MAC_BYTES = 32;

const SAMPLES = 100_000;
const WARM_UP = 10_000;
/** What is slower is the machine's doing. */
const FASTEST = 0.5;
/** What dudect takes for evidence. */
const LARGEST_T = 4.5;

/** Half of the tokens have MACs that are wrong in the first byte, the other half in the last. */
const CLASSES = [0, MAC_BYTES - 1];

test("requirement 43: a MAC that is wrong in its first byte, its last, or any other opens nothing", () => {
  const sealer = signOnly(SECRET);
  for (let at = 0; at < MAC_BYTES; at += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      assert.equal(sealer.open(withWrongMac(TOKEN, at, 1 << bit), CONTEXT), undefined);
    }
  }
  assert.notEqual(sealer.open(TOKEN, CONTEXT), undefined);
});

if (LONG) {
  test("requirement 43: how long a wrong MAC takes does not tell where it is wrong: Welch's t-test, 100,000 samples", () => {
    const sealer = signOnly(SECRET);
    const t = compareTimes((token) => sealer.open(token, CONTEXT));
    assert.ok(Math.abs(t) < LARGEST_T, `t is ${t}`);
  });

  test("requirement 43: the same t-test finds a comparison that stops at the first difference", () => {
    const right = macOf(TOKEN);
    const t = compareTimes((token) => macOf(token).every((byte, at) => byte === right[at]));
    assert.ok(Math.abs(t) > LARGEST_T, `t is ${t}`);
  });
}

/** As dudect does: the classes in random order, without the first samples and without the slowest ones. */
function compareTimes(open: (token: string) => unknown): number {
  const random = seeded(43);
  const tokens = CLASSES.map((at) =>
    Array.from({ length: 255 }, (_, flip) => withWrongMac(TOKEN, at, flip + 1)),
  );
  const samples: [number[], number[]] = [[], []];
  for (let sample = -WARM_UP; sample < SAMPLES; sample += 1) {
    const [coin = 0, flip = 0] = random(2);
    const kind = coin & 1 ? 1 : 0;
    const wrong = tokens[kind]?.[flip % 255] ?? "";
    const before = performance.now();
    open(wrong);
    const time = performance.now() - before;
    if (sample >= 0) samples[kind].push(time);
  }
  const slowest = samples.flat().sort((a, b) => a - b)[SAMPLES * FASTEST] ?? 0;
  const kept = samples.map((each) => statistics(each.filter((time) => time <= slowest)));
  const [first, last] = kept;
  assert.ok(first && last);
  return (first.mean - last.mean) / Math.hypot(first.error, last.error);
}

function statistics(values: readonly number[]) {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / (count - 1) / count) };
}

function macOf(token: string): Uint8Array {
  return Uint8Array.from(fromBase64url(token.slice(token.lastIndexOf(".") + 1)) ?? []);
}

function withWrongMac(token: string, at: number, flip: number): string {
  const mac = macOf(token);
  mac[at] = (mac[at] ?? 0) ^ flip;
  return token.slice(0, token.lastIndexOf(".") + 1) + toBase64url(mac);
}
