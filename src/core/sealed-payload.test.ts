import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { NOON, runs } from "./kit.test.ts";
import {
  readPayload,
  readSeen,
  type SealedPayload,
  writePayload,
  writeSeen,
} from "./sealed-payload.ts";

const HANDLE = Uint8Array.from({ length: 16 }, (_, at) => at + 1);
const SECRET = Uint8Array.from({ length: 32 }, (_, at) => 0xff - at);
const PLAIN: SealedPayload = {
  handle: HANDLE,
  issuedAt: NOON,
  createdAt: NOON - 1,
  authenticatedAt: undefined,
  expiresAt: NOON + 1,
  antiForgerySecret: undefined,
  subject: undefined,
  flash: undefined,
  data: "{}",
};

const time = fc.nat(2 ** 48 - 1);
const text = fc.string({ unit: "grapheme", maxLength: 30 });
const payload: fc.Arbitrary<SealedPayload> = fc.record(
  {
    handle: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    issuedAt: time,
    createdAt: time,
    authenticatedAt: fc.option(fc.integer({ min: 1, max: 2 ** 48 - 1 }), { nil: undefined }),
    expiresAt: time,
    antiForgerySecret: fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 }), {
      nil: undefined,
    }),
    subject: fc.option(text, { nil: undefined }),
    flash: fc.option(text, { nil: undefined }),
    data: text,
  },
  { noNullPrototype: true },
);

test("a payload is read as it was written, wherever its bytes lie", () => {
  fc.assert(
    fc.property(payload, fc.nat(9), (written, offset) => {
      const bytes = writePayload(written);
      const bed = new Uint8Array(bytes.length + offset + 3).fill(0xff);
      bed.set(bytes, offset);
      const read = readPayload(bed.subarray(offset, offset + bytes.length));
      assert.deepEqual({ ...read, handle: new Uint8Array(read?.handle ?? []) }, written);
    }),
    runs(300),
  );
});

test("a payload of any length is one: also of text that takes three bytes a character", () => {
  for (const length of [0, 1000, 8000, 8192, 9000, 70_000]) {
    for (const letter of ["a", "é", "€", "💥"]) {
      const [data, flash] = [letter.repeat(length), letter.repeat(length / 2)];
      const read = readPayload(writePayload({ ...PLAIN, subject: letter, flash, data }));
      assert.ok(read?.data === data && read.flash === flash && read.subject === letter);
    }
  }
});

test("no letter is lost of text that takes two bytes a character, as encodeInto of Node 26 loses the last without room to spare", () => {
  for (let length = 1; length < 900; length += 1) {
    const [data, subject] = [`{"имя":"${"ж".repeat(length)}"}`, "ж".repeat(length % 64)];
    const read = readPayload(writePayload({ ...PLAIN, subject, flash: data, data }));
    assert.ok(read?.data === data && read.flash === data && read.subject === subject, `${length}`);
  }
});

test("a payload has memory of its own, and holds nothing of those before it", () => {
  const first = writePayload({ ...PLAIN, antiForgerySecret: SECRET, data: '"hunter2"' });
  const before = [...first];
  const second = writePayload({ ...PLAIN, handle: Uint8Array.of(7) });
  assert.deepEqual([...first], before);
  assert.equal(second.buffer.byteLength, second.length);
  assert.deepEqual([...second.subarray(1, 17)], [7, ...new Uint8Array(15)]);
});

test("the layout: flags, handle, four times of six bytes, then what the flags say, and the data", () => {
  const bytes = writePayload({ ...PLAIN, authenticatedAt: 2, subject: "é", flash: "[]" });
  assert.deepEqual([...bytes.subarray(0, 17)], [3, ...HANDLE]);
  const times = [NOON, NOON - 1, 2, NOON + 1].map((at) => at.toString(16).padStart(12, "0"));
  const hex = Array.from(bytes.subarray(17, 41), (byte) => byte.toString(16).padStart(2, "0"));
  assert.equal(hex.join(""), times.join(""));
  assert.deepEqual([...bytes.subarray(41)], [0, 0, 0, 2, 0xc3, 0xa9, 0, 0, 0, 2, 91, 93, 123, 125]);
  assert.equal(writePayload(PLAIN)[0], 0);
  assert.equal(writePayload(PLAIN).length, 43);
});

test("the anti-forgery secret is 32 bytes as they are, before the subject, and any bytes are one", () => {
  const payload = { ...PLAIN, antiForgerySecret: SECRET, subject: "é" };
  const bytes = writePayload(payload);
  assert.equal(bytes[0], 5);
  assert.deepEqual([...bytes.subarray(41)], [...SECRET, 0, 0, 0, 2, 0xc3, 0xa9, 123, 125]);
  assert.equal(writePayload({ ...PLAIN, antiForgerySecret: SECRET }).length, 75);
  for (const antiForgerySecret of [SECRET, new Uint8Array(32)]) {
    const read = readPayload(writePayload({ ...PLAIN, antiForgerySecret }));
    assert.deepEqual(read?.antiForgerySecret, antiForgerySecret);
  }
});

test("an empty subject or flash is not the same as none", () => {
  const read = readPayload(writePayload({ ...PLAIN, subject: "", flash: "", data: "" }));
  assert.deepEqual([read?.subject, read?.flash, read?.data], ["", "", ""]);
});

test("requirement 54: there is one place for each part, so nothing can be given twice; other flags and short bytes are no payload", () => {
  const whole = { ...PLAIN, antiForgerySecret: SECRET, subject: "ada", flash: "{}" };
  const bytes = writePayload(whole);
  for (let flags = 8; flags < 256; flags += 1) {
    const other = bytes.slice();
    other[0] = flags;
    assert.equal(readPayload(other), undefined, String(flags));
  }
  for (let length = 0; length < 41 + 32 + 4 + 3 + 4 + 2; length += 1) {
    assert.equal(readPayload(bytes.subarray(0, length)), undefined, String(length));
  }
});

test("lengths that reach beyond the end, and text that is not UTF-8, are no payload", () => {
  const bytes = writePayload({ ...PLAIN, subject: "ada", data: "12345678" });
  for (const length of [16, 0x7fffffff, 0xffffffff]) {
    const longer = bytes.slice();
    new DataView(longer.buffer).setUint32(41, length);
    assert.equal(readPayload(longer), undefined, String(length));
  }
  for (const at of [45, bytes.length - 1]) {
    const broken = bytes.slice();
    broken[at] = 0xff;
    assert.equal(readPayload(broken), undefined);
  }
});

test("any bytes at all are read without an exception", () => {
  const flagged = fc
    .tuple(fc.nat(7), fc.uint8Array({ maxLength: 80 }))
    .map(([flags, bytes]) => Uint8Array.of(flags, ...bytes));
  fc.assert(
    fc.property(fc.oneof(flagged, fc.uint8Array({ maxLength: 80 })), (bytes) => {
      readPayload(bytes);
      readSeen(bytes, HANDLE);
    }),
    runs(500),
  );
});

test("a note of use is about one handle, and nothing else is a note", () => {
  const bytes = writeSeen(HANDLE, NOON);
  assert.equal(bytes.length, 22);
  assert.equal(readSeen(bytes, HANDLE), NOON);
  for (let at = 0; at < 16; at += 1) {
    const other = HANDLE.slice();
    other[at] = (other[at] ?? 0) ^ 1;
    assert.equal(readSeen(bytes, other), undefined);
  }
  assert.equal(readSeen(bytes.subarray(0, 21), HANDLE), undefined);
  assert.equal(readSeen(Uint8Array.of(...bytes, 0), HANDLE), undefined);
  assert.equal(readSeen(writePayload(PLAIN), HANDLE), undefined);
});
