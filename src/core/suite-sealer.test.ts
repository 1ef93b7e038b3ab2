import assert from "node:assert/strict";
import { test } from "node:test";
import type { SealContext, Sealer } from "keepsake";
import { hkdfSha256 } from "./hkdf.ts";
import { NOON, OLD_SECRET, OLDEST_SECRET, refusal, SECRET } from "./kit.test.ts";
import { combineSealers } from "./sealer-list.ts";
import { type Suite, suiteSealer } from "./suite-sealer.ts";
import { xaes } from "./xaes.ts";

const CONTEXT: SealContext = { purpose: "session", name: "__Host-session", now: NOON };
const BYTES = Uint8Array.of(1, 2, 3);

/** A suite that notes every key that it decrypts with. */
function watched(version: string) {
  const decrypted: string[] = [];
  const suite: Suite = {
    version,
    label: `${version} cipher`,
    hkdf: hkdfSha256,
    use(key) {
      const aead = xaes(key);
      const decrypt: typeof aead.decrypt = (...message) => {
        decrypted.push(key.join());
        return aead.decrypt(...message);
      };
      return { ...aead, decrypt };
    },
  };
  const sealerOf = (...secrets: string[]): Sealer => suiteSealer("test", suite, secrets, {});
  return { decrypted, sealerOf };
}

test("requirement 40: exactly one key is tried, the one that the token names; for an unknown one none", () => {
  const { decrypted, sealerOf } = watched("t1");
  const sealer = sealerOf(SECRET, OLD_SECRET);
  const token = sealerOf(OLD_SECRET).seal(BYTES, CONTEXT);
  assert.equal(sealer.open(token, CONTEXT)?.stale, true);
  assert.equal(sealer.open(token, { ...CONTEXT, name: "other" }), undefined);
  assert.equal(decrypted.length, 2);
  assert.equal(new Set(decrypted).size, 1);
  decrypted.length = 0;
  const [, id, body] = token.split(".");
  for (const free of [
    sealerOf(OLDEST_SECRET).seal(BYTES, CONTEXT),
    `t2.${id}.${body}`,
    `t1.AAAAAAAA.${body}`,
    `t1.${id}.${body}.`,
    `t1.${id}.`,
    `t1.${id}.AAAA`,
    `t1.${id}`,
    `t1.${id}A`,
    `t1.${id}A${body}`,
    "t1",
    "",
  ]) {
    assert.equal(sealer.open(free, CONTEXT), undefined);
  }
  assert.deepEqual(decrypted, []);
});

test("requirement 40: of several sealers only that of the token's format does any work, and none for a format not listed", () => {
  const [first, second, third] = [watched("t1"), watched("t2"), watched("t3")];
  const all = [first, second, third];
  const list = combineSealers("test", [first.sealerOf(SECRET), second.sealerOf(SECRET)]);
  const counts = (token: string) => {
    list.open(token, CONTEXT);
    return all.map(({ decrypted }) => decrypted.splice(0).length);
  };
  assert.deepEqual(counts(first.sealerOf(SECRET).seal(BYTES, CONTEXT)), [1, 0, 0]);
  assert.deepEqual(counts(second.sealerOf(SECRET).seal(BYTES, CONTEXT)), [0, 1, 0]);
  assert.deepEqual(counts(third.sealerOf(SECRET).seal(BYTES, CONTEXT)), [0, 0, 0]);
  assert.deepEqual(counts(first.sealerOf(OLD_SECRET).seal(BYTES, CONTEXT)), [0, 0, 0]);
});

test("a sealer forgets places when there are many, and knows each of them all the same", () => {
  const { sealerOf } = watched("t1");
  const sealer = sealerOf(SECRET);
  const places = Array.from({ length: 200 }, (_, index) => ({ ...CONTEXT, name: `n${index}` }));
  const tokens = places.map((place) => sealer.seal(BYTES, place));
  for (const [index, place] of places.entries()) {
    const opens = (at: number) => sealer.open(tokens[at % tokens.length] ?? "", place);
    assert.deepEqual(new Uint8Array(opens(index)?.bytes ?? []), BYTES);
    assert.equal(opens(index + 1), undefined);
    assert.equal(sealer.open(tokens[index] ?? "", { ...place, purpose: "seen" }), undefined);
  }
});

test("two secrets with one key id are refused, because a token could not say which it means", () => {
  const suite: Suite = {
    version: "t1",
    label: "t1 cipher",
    hkdf: (_secret, _salt, _info, length) => new Uint8Array(length),
    use: xaes,
  };
  assert.throws(
    () => suiteSealer("test", suite, [SECRET, OLD_SECRET], {}),
    refusal("ERR_SESSION_CONFIG", "the same key id"),
  );
});
