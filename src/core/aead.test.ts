import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { xchacha as nativeXchacha } from "./aead.node.ts";
import { type Aead, xchacha as portableXchacha } from "./aead.ts";
import { runs } from "./kit.test.ts";
import { xaes as nativeXaes } from "./xaes.node.ts";
import { xaes as portableXaes } from "./xaes.ts";

const hex = (text: string) =>
  Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

/** draft-irtf-cfrg-xchacha-03, appendix A.3.1. */
const VECTOR = {
  key: hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"),
  nonce: hex("404142434445464748494a4b4c4d4e4f5051525354555657"),
  associated: hex("50515253c0c1c2c3c4c5c6c7"),
  plaintext: new TextEncoder().encode(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  ),
  sealed: hex(
    "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39" +
      "ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9" +
      "21f9664c97637da9768812f615c68b13b52e" +
      "c0875924c1c7987947deafd8780acf49",
  ),
};

type Cipher = (key: Uint8Array) => Aead;

const ciphers: readonly (readonly [string, Cipher])[] = [
  ["portable XChaCha20-Poly1305", portableXchacha],
  ["native XChaCha20-Poly1305", nativeXchacha],
  ["portable XAES-256-GCM", portableXaes],
  ["native XAES-256-GCM", nativeXaes],
];

for (const [name, xchacha] of ciphers.slice(0, 2)) {
  test(`${name}: the published vector, both ways`, () => {
    const { key, nonce, associated, plaintext, sealed } = VECTOR;
    const aead = xchacha(key);
    assert.deepEqual(new Uint8Array(aead.encrypt(nonce, associated, plaintext)), sealed);
    const opened = aead.decrypt(nonce, associated, sealed);
    assert.deepEqual(new Uint8Array(opened ?? []), plaintext);
  });
}

test("a forged message leaves no trace of how its error was made cheap, also where that is frozen", () => {
  const { nonce, associated, plaintext } = VECTOR;
  const before = Object.getOwnPropertyDescriptor(Error, "stackTraceLimit");
  for (const cipher of [nativeXchacha, nativeXaes]) {
    const aead = cipher(VECTOR.key);
    const sealed = new Uint8Array(aead.encrypt(nonce, associated, plaintext));
    const forged = sealed.map((byte, at) => (at === 0 ? byte ^ 1 : byte));
    for (const writable of [true, false]) {
      Object.defineProperty(Error, "stackTraceLimit", { value: 7, writable, configurable: true });
      try {
        assert.equal(aead.decrypt(nonce, associated, forged), undefined);
        assert.deepEqual(new Uint8Array(aead.decrypt(nonce, associated, sealed) ?? []), plaintext);
        assert.equal(Error.stackTraceLimit, 7);
      } finally {
        if (before !== undefined) Object.defineProperty(Error, "stackTraceLimit", before);
      }
    }
  }
});

test("one key opens in any order what it sealed in any other: nothing of a message stays behind", () => {
  const { key, associated } = VECTOR;
  for (const [, cipher] of ciphers) {
    const aead = cipher(key);
    const messages = Array.from({ length: 20 }, (_, index) => {
      const nonce = Uint8Array.from({ length: 24 }, (_, at) => index * 3 + at * 7);
      const plaintext = new Uint8Array(index * 5).fill(index);
      return { nonce, plaintext, sealed: aead.encrypt(nonce, associated, plaintext) };
    });
    for (const { nonce, plaintext, sealed } of messages.reverse()) {
      const opened = aead.decrypt(nonce, associated, sealed);
      assert.deepEqual(new Uint8Array(opened ?? [1]), plaintext);
    }
  }
});

for (const [name, cipher] of ciphers) {
  test(`requirements 43 and 44: ${name}: anything that was not sealed so is undefined, never an exception`, () => {
    const { key, nonce, associated, plaintext } = VECTOR;
    const aead = cipher(key);
    const sealed = new Uint8Array(aead.encrypt(nonce, associated, plaintext));
    for (let length = 0; length < sealed.length; length += 1) {
      assert.equal(aead.decrypt(nonce, associated, sealed.subarray(0, length)), undefined);
    }
    for (const part of [key, nonce, associated, sealed]) {
      for (let bit = 0; bit < part.length * 8; bit += 1) {
        const flipped = part.slice();
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const use = (original: Uint8Array) => (original === part ? flipped : original);
        const opened = cipher(use(key)).decrypt(use(nonce), use(associated), use(sealed));
        assert.equal(opened, undefined, `bit ${bit}`);
      }
    }
    assert.equal(aead.decrypt(nonce, associated.subarray(1), sealed), undefined);
    assert.notEqual(aead.decrypt(nonce, associated, sealed), undefined);
  });

  test(`requirement 44: ${name}: a tag that was cut off opens nothing, though GCM has shorter ones`, () => {
    const { key, nonce, associated } = VECTOR;
    for (const length of [0, 1, 16, 40]) {
      const aead = cipher(key);
      const sealed = aead.encrypt(nonce, associated, new Uint8Array(length));
      assert.equal(sealed.length, length + 16);
      for (let tag = 0; tag < 16; tag += 1) {
        assert.equal(aead.decrypt(nonce, associated, sealed.subarray(0, length + tag)), undefined);
      }
    }
  });
}

for (const [name, portable, native] of [
  ["XChaCha20-Poly1305", portableXchacha, nativeXchacha],
  ["XAES-256-GCM", portableXaes, nativeXaes],
] as const) {
  test(`${name}: native and portable make the same bytes, and open each other's, wherever the bytes lie in memory`, () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    fc.assert(
      fc.property(
        bytes(32),
        bytes(24),
        fc.uint8Array({ maxLength: 80 }),
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(7),
        (key, nonce, associated, plaintext, offset) => {
          const shifted = (original: Uint8Array) => {
            const bed = new Uint8Array(original.length + offset);
            bed.set(original, offset);
            return bed.subarray(offset);
          };
          const sealed = portable(key).encrypt(nonce, associated, plaintext);
          const again = native(shifted(key)).encrypt(
            shifted(nonce),
            associated,
            shifted(plaintext),
          );
          assert.deepEqual(new Uint8Array(again), new Uint8Array(sealed));
          for (const cipher of [portable, native]) {
            const opened = cipher(key).decrypt(shifted(nonce), associated, shifted(sealed));
            assert.deepEqual(new Uint8Array(opened ?? []), plaintext);
          }
        },
      ),
      runs(100),
    );
  });
}
