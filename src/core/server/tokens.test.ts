import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromBase64url } from "#base64url";
import {
  NOON,
  OLD_SECRET,
  OLDEST_SECRET,
  refusal,
  runs,
  SECRET,
  seeded,
  Time,
} from "../kit.test.ts";
import { CREDENTIAL_BYTES, hashOf } from "./credentials.ts";
import { scene, tokenOf } from "./server-kit.test.ts";
import { createTokens } from "./tokens.ts";

const HANDLE = "AAAAAAAAAAAAAAAAAAAAAA";
const CREDENTIAL = seeded(3)(CREDENTIAL_BYTES);
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

test("requirement 1: a token is a handle of 16 bytes and a credential of 32, and is read as it was written", () => {
  for (const secret of [undefined, SECRET]) {
    const tokens = createTokens("test", secret);
    const token = tokens.write(HANDLE, CREDENTIAL, "name");
    assert.match(token, secret ? /^[\w-]{22}\.[\w-]{43}\.[\w-]{22}$/ : /^[\w-]{22}\.[\w-]{43}$/);
    const read = tokens.read(token, "name");
    assert.deepEqual([...(read?.credential ?? [])], [...CREDENTIAL]);
    assert.deepEqual([read?.handle, read?.hash], [HANDLE, hashOf(CREDENTIAL)]);
    assert.equal(read?.stale, false);
  }
});

test("requirement 45: a token has one spelling, and nothing before or behind it", () => {
  for (const secret of [undefined, SECRET]) {
    const tokens = createTokens("test", secret);
    const token = tokens.write(HANDLE, CREDENTIAL, "name");
    const spellings = new Set<string>();
    for (let at = 0; at < token.length; at += 1) {
      for (const letter of `${LETTERS}.=+/ ~%\n`) {
        const other = token.slice(0, at) + letter + token.slice(at + 1);
        const read = tokens.read(other, "name");
        if (read?.handle === HANDLE && read.hash === hashOf(CREDENTIAL)) spellings.add(other);
      }
    }
    assert.deepEqual([...spellings], [token]);
    for (const other of [
      `${token}.`,
      `${token}=`,
      ` ${token}`,
      `${token}\n`,
      `${token}.${token}`,
    ]) {
      assert.equal(tokens.read(other, "name"), undefined, JSON.stringify(other));
    }
  }
});

test("requirement 7: what is no token is none, however it is made", () => {
  const tokens = [createTokens("test", undefined), createTokens("test", SECRET)];
  const check = (text: string) => {
    for (const each of tokens) {
      const read = each.read(text, "name");
      if (read === undefined) continue;
      assert.equal(fromBase64url(read.handle)?.length, 16);
      assert.equal(read.credential.length, CREDENTIAL_BYTES);
    }
  };
  const part = (length: number) =>
    fc.string({ unit: fc.constantFrom(...LETTERS), minLength: length, maxLength: length });
  fc.assert(fc.property(fc.string(), check), runs(500));
  fc.assert(
    fc.property(part(22), part(43), (handle, credential) => check(`${handle}.${credential}`)),
    runs(500),
  );
  for (const odd of [
    "",
    ".",
    "..",
    "__proto__.constructor",
    "../../etc/passwd",
    "x".repeat(10_000),
  ]) {
    for (const each of tokens) assert.equal(each.read(odd, "name"), undefined, odd.slice(0, 30));
  }
});

test("invariant 11, sealed to its place: a MAC holds for its handle, credential, name and secret, and no other", () => {
  const tokens = createTokens("test", SECRET);
  const token = tokens.write(HANDLE, CREDENTIAL, "name");
  const [, credential = "", mac = ""] = token.split(".");
  assert.equal(tokens.read(token, "other"), undefined, "another name");
  assert.equal(createTokens("test", OLD_SECRET).read(token, "name"), undefined, "another secret");
  assert.equal(createTokens("test", undefined).read(token, "name"), undefined, "no secret");
  const bare = createTokens("test", undefined).write(HANDLE, CREDENTIAL, "name");
  assert.equal(tokens.read(bare, "name"), undefined, "without a MAC");
  const other = tokens.write(HANDLE, seeded(4)(CREDENTIAL_BYTES), "name").split(".");
  assert.equal(tokens.read(`${HANDLE}.${other[1]}.${mac}`, "name"), undefined, "a MAC for another");
  assert.equal(tokens.read(`${"B".repeat(21)}A.${credential}.${mac}`, "name"), undefined);
  // The parts are kept apart: a boundary that is moved makes another MAC.
  const moved = tokens.write(`${HANDLE}x`.slice(1), CREDENTIAL, "Aname").split(".");
  assert.notEqual(moved[2], mac);
});

test("invariant 12, keys rotate: the newest secret makes the MAC, the older ones are read and said to be stale", () => {
  const before = createTokens("test", OLD_SECRET).write(HANDLE, CREDENTIAL, "name");
  const oldest = createTokens("test", OLDEST_SECRET).write(HANDLE, CREDENTIAL, "name");
  const tokens = createTokens("test", [SECRET, OLD_SECRET]);
  assert.equal(tokens.read(before, "name")?.stale, true);
  assert.equal(tokens.read(oldest, "name"), undefined);
  const after = tokens.write(HANDLE, CREDENTIAL, "name");
  assert.equal(tokens.read(after, "name")?.stale, false);
  assert.equal(after, createTokens("test", SECRET).write(HANDLE, CREDENTIAL, "name"));
});

test("a weak secret is refused", () => {
  for (const weak of ["", "keyboard cat", "a".repeat(43), [SECRET, "short"]]) {
    assert.throws(() => createTokens("test", weak), refusal("ERR_SESSION_SECRET"));
  }
});

test("requirement 1: of many tokens none is like another, and every bit is as often 1 as 0", async () => {
  const { store, visitor } = scene();
  const many = 2000;
  const seen = new Set<string>();
  const ones = new Array<number>(8 * (16 + CREDENTIAL_BYTES)).fill(0);
  for (let count = 0; count < many; count += 1) {
    const each = visitor();
    await each.visit((session) => session.set("a", 1));
    const { handle, credential } = tokenOf(each.jar.header);
    const bytes = [...(fromBase64url(handle) ?? []), ...(fromBase64url(credential) ?? [])];
    bytes.forEach((byte, at) => {
      for (let bit = 0; bit < 8; bit += 1)
        ones[at * 8 + bit] = (ones[at * 8 + bit] ?? 0) + ((byte >> bit) & 1);
    });
    seen.add(handle).add(credential);
  }
  assert.equal(seen.size, 2 * many);
  const sigma = Math.sqrt(many) / 2;
  for (const count of ones) assert.ok(Math.abs(count - many / 2) < 6 * sigma, `${count} ones`);
  assert.equal((await store.list("nobody")).length, 0);
});

test("requirement 1: without secure random bytes there is no session", async () => {
  const failing = () => {
    throw new Error("no entropy");
  };
  let calls = 0;
  const random = (length: number) =>
    length === 1 || calls++ === 0 ? new Uint8Array(length) : failing();
  const { visitor, memory } = scene({ random });
  await assert.rejects(visitor().visit((session) => session.set("a", 1), { onEvent: () => {} }));
  assert.equal(memory.size, 0);
});

test("requirement 2: a token depends on the random bytes alone: not on the user, the data or the time", async () => {
  const tokens = new Set<string>();
  for (const [subject, now] of [
    ["ada", NOON],
    ["bob", NOON + 1],
    ["x".repeat(1024), 0],
  ] as const) {
    const time = new Time();
    time.now = now;
    const { visitor } = scene({ random: seeded(5), clock: time.clock });
    const each = visitor();
    await each.visit((session) => {
      session.login(subject);
      session.set(subject.slice(0, 3), now);
    });
    tokens.add(each.jar.header ?? "");
  }
  assert.equal(tokens.size, 1);
});
