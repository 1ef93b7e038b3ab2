import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { blackSheepPairs } from "keepsake/interop/itsdangerous";
import { NOON, OLD_SECRET, OLDEST_SECRET, runs, SECRET } from "../core/kit.test.ts";
import { VECTORS } from "./_itsdangerous-kit.test.ts";
import { type Answer, askPython, type Question } from "./_itsdangerous-python.test.ts";

const UNTIL = new Date(NOON + 1000);

type Pair = Readonly<Record<"cookie" | "control", string>>;

const reverse = (text: string) => Array.from(text).reverse().join("");

/** Whether it is a pair at noon. */
function accepts({ cookie, control }: Pair, secret: string | readonly string[]): boolean {
  return blackSheepPairs(secret, { until: UNTIL }).isPair(cookie, control, NOON);
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const questions: Question[] = [];

/** To be asked with all the others, so that Python starts once. */
function ask(keys: readonly string[], text: string): () => string {
  const question = { side: "antiforgery", keys, seconds: 0, json: JSON.stringify(text) } as const;
  const index = questions.push(question) - 1;
  return () => answers[index]?.cookie ?? assert.fail("Python gave no answer");
}

const pythonPairs = fc
  .sample(
    fc.oneof(
      fc.string({ unit: fc.constantFrom(...LETTERS), minLength: 40, maxLength: 40 }),
      fc.string({ unit: fc.constantFrom("a", "b"), minLength: 40, maxLength: 64 }),
    ),
    { seed: 9, ...runs(60) },
  )
  .map((text, index) => {
    const keys = index % 2 === 0 ? [SECRET] : [OLDEST_SECRET, OLD_SECRET];
    return { text, cookie: ask(keys, text), control: ask([OLD_SECRET, SECRET], reverse(text)) };
  });

const { name: pythonName, answers }: { name: string | undefined; answers: readonly Answer[] } =
  askPython(questions);

if (pythonName === undefined) {
  test("there is no Python with itsdangerous here: the vectors alone say what a pair is", (t) => {
    t.diagnostic("note: no python3 with itsdangerous: pairs were tested against the vectors alone");
    assert.equal(VECTORS.length, 24);
  });
} else {
  test(`pairs that ${pythonName} makes are accepted, compressed ones too`, () => {
    const isCompressed = new Set<boolean>();
    for (const { text, cookie, control } of pythonPairs) {
      const pair = { cookie: cookie(), control: control() };
      assert.equal(accepts(pair, [SECRET, OLD_SECRET]), true, text);
      assert.equal(accepts(pair, OLDEST_SECRET), false, text);
      isCompressed.add(pair.cookie.startsWith("."));
    }
    assert.deepEqual([...isCompressed].sort(), [false, true]);
  });
}
