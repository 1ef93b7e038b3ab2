import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromBase64url, toBase64url } from "#base64url";
import { runs, seeded } from "../kit.test.ts";
import { DataKey } from "./data-key.ts";

const random = seeded();
const HANDLE = "AAAAAAAAAAAAAAAAAAAAAA";
const TEXTS = { data: '{"cart":["tea"]}', flash: '{"note":"saved"}' };

function start() {
  const credential = random(32);
  const key = DataKey.create(HANDLE, random);
  return { credential, key, wrap: key.wrap(credential), sealed: key.sealTexts(TEXTS) };
}

test("what was sealed is opened again by whoever holds the credential", () => {
  const { credential, wrap, sealed } = start();
  const key = DataKey.unwrap(wrap, credential, HANDLE, random);
  assert.deepEqual(key?.openTexts(sealed), TEXTS);
});

test("any text comes back, and no flash stays no flash", () => {
  const { key } = start();
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (data) => {
      const sealed = key.sealTexts({ data, flash: "" });
      assert.deepEqual(sealed.flash, "");
      assert.deepEqual(key.openTexts(sealed), { data, flash: "" });
    }),
    runs(),
  );
});

test("invariant 10, secrets stay secret: nothing of the texts, the key or the credential is to be read", () => {
  const { credential, wrap, sealed } = start();
  const all = [wrap, sealed.data, sealed.flash];
  for (const text of all) {
    const bytes = fromBase64url(text);
    assert.ok(bytes);
    const decoded = new TextDecoder("latin1").decode(bytes);
    for (const part of ["cart", "tea", "note", "saved", toBase64url(credential)]) {
      assert.ok(!text.includes(part) && !decoded.includes(part), part);
    }
  }
});

test("the same texts are sealed otherwise each time, and under another key for each session", () => {
  const { key, credential } = start();
  const seals = new Set(Array.from({ length: 20 }, () => key.sealTexts(TEXTS).data));
  assert.equal(seals.size, 20);
  const other = DataKey.create(HANDLE, random);
  assert.equal(other.openTexts(key.sealTexts(TEXTS)), undefined);
  assert.notEqual(key.wrap(credential), key.wrap(credential));
});

test("invariant 11, sealed to its place: another credential, handle or field opens nothing", () => {
  const { credential, key, wrap, sealed } = start();
  const other = "BBBBBBBBBBBBBBBBBBBBBA";
  assert.equal(DataKey.unwrap(wrap, random(32), HANDLE, random), undefined);
  assert.equal(DataKey.unwrap(wrap, credential, other, random), undefined);
  assert.equal(key.openTexts({ data: sealed.flash, flash: sealed.data }), undefined);
  assert.equal(key.openTexts({ data: sealed.data, flash: sealed.data }), undefined);
  assert.equal(key.openTexts({ data: wrap, flash: "" }), undefined);
});

test("any changed character opens nothing, and what is no seal is no exception", () => {
  const { credential, key, wrap, sealed } = start();
  const damaged = (text: string) =>
    fc.nat(text.length - 1).map((at) => {
      const other = text[at] === "A" ? "B" : "A";
      return text.slice(0, at) + other + text.slice(at + 1);
    });
  fc.assert(
    fc.property(damaged(sealed.data), (data) => key.openTexts({ ...sealed, data }) === undefined),
    runs(),
  );
  fc.assert(
    fc.property(
      damaged(wrap),
      (text) => DataKey.unwrap(text, credential, HANDLE, random) === undefined,
    ),
    runs(),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.equal(DataKey.unwrap(text, credential, HANDLE, random), undefined);
      assert.equal(key.openTexts({ data: text, flash: "" }), undefined);
    }),
    runs(),
  );
});
