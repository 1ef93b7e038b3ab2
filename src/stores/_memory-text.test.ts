import assert from "node:assert/strict";
import { test } from "node:test";
import {
  MemorySessionRepository,
  type RepositoryContext,
  ServerSessionStore,
  type SessionRecord,
} from "keepsake";
import { toBase64url } from "#base64url";
import { Visitor } from "../core/kit.test.ts";
import { shorten } from "./_memory-credentials.ts";
import { hashOf, isOf, pack, unpack } from "./_memory-text.ts";

const random = (): string => toBase64url(crypto.getRandomValues(new Uint8Array(32)));
const NOON = Date.UTC(2026, 0, 1, 12);
const HANDLE = "AAECAwQFBgcICQoLDA0ODw";

const RECORD: SessionRecord = {
  handle: HANDLE,
  version: 1,
  subject: undefined,
  label: undefined,
  createdAt: NOON,
  authenticatedAt: undefined,
  expiresAt: NOON + 1,
  endsAt: NOON + 2,
  credentials: "",
  data: "{}",
  flash: "",
};

const usual = (hash = random(), form = random(), since: number | string = NOON + 5): string =>
  `{"current":{"hash":"${hash}","since":${since}},"form":"${form}"}`;

test("a record comes out of its text as it went in", () => {
  const changes: Partial<SessionRecord>[] = [
    {},
    { version: Number.MAX_SAFE_INTEGER },
    { subject: "ada", label: "Firefox", authenticatedAt: NOON + 7 },
    { subject: "", label: "" },
    { subject: "=", label: "~=" },
    { authenticatedAt: NOON },
    { authenticatedAt: NOON - 1 },
    { data: "" },
    { data: 'NUL "\0" and ☕ and \u{1f36a}' },
    { flash: '{"note":"ø ☕"}' },
    { createdAt: 0, authenticatedAt: 8.64e15 },
  ];
  for (const change of changes) {
    for (const credentials of ["", "~", "{", usual(), usual(random(), random(), 1)]) {
      const record = { ...RECORD, credentials, ...change };
      assert.deepEqual(unpack(pack(record), record), record);
    }
  }
});

test("the usual credentials take less than half, and come out as they went in, whatever their bytes are", () => {
  const [zeros, ones] = ["A".repeat(43), `${"_".repeat(42)}8`];
  for (const credentials of [
    usual(zeros, ones),
    usual(ones, zeros),
    ...Array.from({ length: 99 }, () => usual()),
  ]) {
    const record = { ...RECORD, credentials };
    const text = pack(record);
    assert.ok(text.length < pack({ ...RECORD }).length + credentials.length / 2);
    assert.equal(unpack(text, record).credentials, credentials);
  }
});

test("the credentials of the next version come out as they went in, the same ones or others", () => {
  const all = ["{", usual(), usual()];
  for (const [first, second] of all.flatMap((each) => all.map((other) => [each, other] as const))) {
    for (const createdAt of [NOON, NOON - 99]) {
      const before = { ...RECORD, credentials: first };
      const next = { ...RECORD, version: 2, createdAt, credentials: second, data: "[]" };
      const text = pack(next, { record: before, text: pack(before) });
      assert.deepEqual(unpack(text, next), next);
    }
  }
});

test("credentials that only look like the usual ones come out as they went in", () => {
  const odd = [
    usual(`${"A".repeat(42)}B`),
    usual(random(), `${"A".repeat(42)}_`),
    usual(random(), random(), "0123"),
    usual(random(), random(), "1e3"),
    usual(random(), random(), "1234567890123456"),
    usual(random().slice(1)),
    ` ${usual()}`,
    `${usual()}\n`,
    usual().replace('"form"', '"from"'),
    `{"current":{"hash":"${random()}","since":5}}`,
  ];
  for (const credentials of odd) {
    const record = { ...RECORD, credentials };
    assert.equal(unpack(pack(record), record).credentials, credentials, credentials);
  }
});

test("a text is of the handle that it begins with, and of no other", () => {
  const text = pack(RECORD);
  assert.ok(isOf(text, HANDLE));
  assert.ok(!isOf(text, HANDLE.slice(0, -1)));
  assert.ok(!isOf(text, `${HANDLE}A`));
  assert.ok(!isOf("", HANDLE));
  assert.equal(hashOf(text), hashOf(HANDLE));
  assert.notEqual(hashOf(HANDLE), hashOf(HANDLE.toLowerCase()));
});

test("the credentials that the core writes are the usual ones", async () => {
  const written: SessionRecord[] = [];
  class Noting extends MemorySessionRepository {
    override create(handle: string, record: SessionRecord, context: RepositoryContext): boolean {
      written.push(record);
      return super.create(handle, record, context);
    }
  }
  const store = new ServerSessionStore(new Noting());
  await new Visitor(store).visit((session) => session.set("a", 1));
  await new Visitor(store).visit((session) => session.login("ada"));
  assert.equal(written.length, 2);
  for (const { credentials, createdAt } of written) {
    assert.ok(shorten(credentials, createdAt), `not shortened: ${credentials}`);
  }
});
