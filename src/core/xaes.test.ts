import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { posix } from "node:path";
import { test } from "node:test";
import { shake128 } from "@noble/hashes/sha3.js";
import fc from "fast-check";
import { importsOf } from "../../test/support/imports.ts";
import type { Aead } from "./aead.ts";
import type { Hkdf } from "./hkdf.ts";
import { runs } from "./kit.test.ts";
import * as native from "./xaes.node.ts";
import * as portable from "./xaes.ts";

interface Vectors {
  readonly vectors: readonly {
    readonly keyHex: string;
    readonly nonceAscii: string;
    readonly plaintextAscii: string;
    readonly aadAscii: string;
    readonly ciphertextHex: string;
  }[];
  readonly accumulated: { readonly iterations10000Hex: string };
}

const repository = new URL("../../", import.meta.url);
const { vectors, accumulated }: Vectors = JSON.parse(
  await readText("test/vectors/xaes-256-gcm.json"),
);

const both: [string, { xaes: (key: Uint8Array) => Aead; hkdfSha256: Hkdf }][] = [
  ["portable", portable],
  ["native", native],
];

for (const [name, { xaes, hkdfSha256 }] of both) {
  test(`${name}: the published vectors of XAES-256-GCM, both ways`, () => {
    assert.ok(vectors.length >= 2);
    for (const { keyHex, nonceAscii, plaintextAscii, aadAscii, ciphertextHex } of vectors) {
      const [nonce, plaintext] = [ascii(nonceAscii), ascii(plaintextAscii)];
      const associated = ascii(aadAscii);
      const aead = xaes(bytesOf(keyHex));
      const sealed = aead.encrypt(nonce, associated, plaintext);
      assert.equal(hexOf(sealed), ciphertextHex);
      assert.deepEqual(new Uint8Array(aead.decrypt(nonce, associated, sealed) ?? []), plaintext);
    }
  });

  test(`${name}: the published 10,000 random messages of XAES-256-GCM, both ways`, () => {
    const source = shake128.create();
    const all = shake128.create();
    const text = () => source.xof(source.xof(1)[0] ?? 0);
    for (let iteration = 0; iteration < 10_000; iteration += 1) {
      const aead = xaes(source.xof(32));
      const nonce = source.xof(24);
      const [plaintext, associated] = [text(), text()];
      const sealed = new Uint8Array(aead.encrypt(nonce, associated, plaintext));
      all.update(sealed);
      const opened = aead.decrypt(nonce, associated, sealed);
      assert.ok(opened && hexOf(opened) === hexOf(plaintext), `message ${iteration}`);
    }
    assert.equal(hexOf(all.xof(32)), accumulated.iterations10000Hex);
  });

  test(`${name}: HKDF-SHA-256, by the vector of RFC 5869, appendix A.1`, () => {
    const secret = bytesOf("0b".repeat(22));
    const salt = bytesOf("000102030405060708090a0b0c");
    const info = bytesOf("f0f1f2f3f4f5f6f7f8f9");
    const okm =
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
    assert.equal(hexOf(hkdfSha256(secret, salt, info, 42)), okm);
  });
}

test("native and portable derive the same keys, whatever buffers the bytes are a part of", () => {
  const bytes = fc.uint8Array({ maxLength: 80 });
  const size = fc.integer({ min: 1, max: 64 });
  fc.assert(
    fc.property(bytes, bytes, bytes, size, fc.nat(5), (secret, salt, info, length, offset) => {
      const part = (original: Uint8Array) => {
        const bed = new Uint8Array(original.length + 2 * offset);
        bed.set(original, offset);
        return bed.subarray(offset, offset + original.length);
      };
      const key = native.hkdfSha256(part(secret), part(salt), part(info), length);
      assert.deepEqual(key, portable.hkdfSha256(secret, salt, info, length));
    }),
    runs(50),
  );
});

test("one object for all messages of a key: in any order each opens as it was sealed", () => {
  const aead = native.xaes(new Uint8Array(32).fill(7));
  const nonces = Array.from({ length: 50 }, (_, at) => new Uint8Array(24).fill(at));
  const seal = (nonce: Uint8Array) => aead.encrypt(nonce, nonce, nonce);
  const sealed = nonces.map(seal);
  nonces.toReversed().forEach((nonce, at) => {
    const message = sealed.at(-1 - at) ?? new Uint8Array();
    assert.equal(aead.decrypt(nonce, nonce, new Uint8Array(16)), undefined);
    assert.deepEqual(new Uint8Array(aead.decrypt(nonce, nonce, message) ?? []), nonce);
    assert.deepEqual(seal(nonce), message);
  });
});

test("FIPS 140: on Node the sealer's primitives are all of node:crypto, and nothing of another library is reached", async () => {
  const reached = new Set(["src/core/xaes-sealer.ts"]);
  const outside = new Set<string>();
  const { imports } = JSON.parse(await readText("package.json"));
  // Files that are added meanwhile are visited too.
  for (const file of reached) {
    for (const { specifier, typeOnly } of importsOf(await readText(file))) {
      if (typeOnly) continue;
      if (specifier.startsWith(".")) reached.add(posix.join(posix.dirname(file), specifier));
      else if (specifier.startsWith("#"))
        reached.add(posix.normalize(imports[specifier]["keepsake-source"].node));
      else outside.add(specifier);
    }
  }
  assert.ok(reached.has("src/core/xaes.node.ts"), [...reached].join());
  assert.deepEqual([...outside].sort(), ["node:buffer", "node:crypto"]);
});

function readText(path: string): Promise<string> {
  return readFile(new URL(path, repository), "utf8");
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
