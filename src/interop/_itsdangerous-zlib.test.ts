import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { gzip, Inflate } from "pako";
import { type Any, NOON, runs, SECRET } from "../core/kit.test.ts";
import { FLASK } from "./_itsdangerous-formats.ts";
import { pythonWrites, SIDES } from "./_itsdangerous-kit.test.ts";
import { compress, decompress } from "./_itsdangerous-zlib.ts";

/** How many bytes were inflated meanwhile, whatever became of them. */
function inflatedBy(act: () => unknown): number {
  const { push } = Inflate.prototype;
  let total = 0;
  Inflate.prototype.push = function (this: Any, ...args) {
    try {
      return push.apply(this, args);
    } finally {
      total += this.strm.total_out;
    }
  };
  try {
    act();
  } finally {
    Inflate.prototype.push = push;
  }
  return total;
}

test("what was compressed comes back, up to the limit and not a byte over it", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20_000 }), fc.nat(9), (bytes, repeat) => {
      const whole = Uint8Array.from({ length: bytes.length * repeat }, (_, at) =>
        Number(bytes[at % bytes.length]),
      );
      const small = compress(whole);
      assert.deepEqual(decompress(small, Math.max(whole.length, 1)), whole);
      if (whole.length > 1) assert.equal(decompress(small, whole.length - 1), undefined);
    }),
    runs(30),
  );
});

test("anything else is nothing: no zlib stream, a cut one, a gzip one, another checksum", () => {
  const small = compress(new TextEncoder().encode("tea, tea, tea, tea, tea, tea"));
  for (let end = 0; end < small.length; end += 1) {
    assert.equal(decompress(small.subarray(0, end), 1000), undefined);
  }
  for (let at = small.length - 4; at < small.length; at += 1) {
    const changed = small.slice();
    changed[at] = Number(changed[at]) ^ 1;
    assert.equal(decompress(changed, 1000), undefined);
  }
  assert.equal(decompress(gzip(small), 1000), undefined);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      // The header makes it past the first check.
      for (const input of [bytes, Uint8Array.of(0x78, 0x9c, ...bytes)]) {
        const output = decompress(input, 1000);
        assert.ok(output === undefined || output.length <= 1000);
      }
    }),
    runs(300),
  );
});

test("requirement 47: a bomb of 10 MB is refused at the cap, and nothing more is inflated", () => {
  const context = { purpose: "session", name: "session", now: NOON };
  const bomb = JSON.stringify({ a: "x".repeat(10_000_000) });
  for (const side of SIDES.filter(({ name }) => name !== "starlette")) {
    const token = pythonWrites(side, SECRET, bomb, NOON / 1000);
    assert.ok(token.length < 60_000, `${token.length} characters`);
    for (const maxInflated of [undefined, 1, 1000, 1_000_000]) {
      const sealer = side.sealer(SECRET, maxInflated === undefined ? {} : { maxInflated });
      const made = inflatedBy(() => assert.equal(sealer.open(token, context), undefined));
      assert.ok(made > 0 && made <= (maxInflated ?? 65_536) + 4096, `${made} bytes`);
    }
    // One that is signed by nobody is not inflated at all.
    const forged = `${token.slice(0, -1)}${token.endsWith("A") ? "E" : "A"}`;
    const made = inflatedBy(() => side.sealer(SECRET).open(forged, context));
    assert.equal(made, 0);
  }
});

test("a session up to the cap opens, one byte over it does not", () => {
  const context = { purpose: "session", name: "session", now: NOON };
  const flask = SIDES.find(({ name }) => name === "flask") ?? assert.fail();
  const json = JSON.stringify({ a: "x".repeat(992) });
  const token = pythonWrites(flask, SECRET, json, NOON / 1000);
  const opens = (maxInflated: number) =>
    flask.sealer(SECRET, { maxInflated }).open(token, context) !== undefined;
  assert.deepEqual([999, 1000, 1001].map(opens), [false, true, true]);
});

test("text is compressed where that saves two bytes, as in Python, and not where it saves one", () => {
  const seen = new Map<number, boolean>();
  for (let length = 1; length < 40; length += 1) {
    for (const text of [`{"a":"${"x".repeat(length)}"}`, `{"ab":"${"x".repeat(length)}"}`]) {
      const saved = text.length - compress(new TextEncoder().encode(text)).length;
      seen.set(saved, FLASK.encode(text).startsWith("."));
    }
  }
  assert.deepEqual(
    [-1, 0, 1, 2, 3].map((saved) => seen.get(saved)),
    [false, false, false, true, true],
  );
});
