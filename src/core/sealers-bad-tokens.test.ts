/** What no sealer of the library opens. */
import assert from "node:assert/strict";
import { describe } from "node:test";
import fc from "fast-check";
import { fromBase64url, toBase64url } from "./base64url.ts";
import { utf8 } from "./bytes.ts";
import { OLD_SECRET, runs, SECRET } from "./kit.test.ts";
import { CONTEXT, forEachKind, NO_BYTES, TEXT } from "./sealers-kit.test.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

describe("Bad tokens", () => {
  forEachKind("requirement 44: any other token is undefined and never an exception", ({ make }) => {
    const sealer = make([SECRET, OLD_SECRET]);
    const token = sealer.seal(TEXT, CONTEXT);
    const place = fc.nat(token.length);
    const junk = fc.oneof(
      fc.string({ unit: "binary", maxLength: 8 }),
      fc.string({ unit: fc.constantFrom(...ALPHABET, ".", "=", "\0", "é"), maxLength: 8 }),
    );
    const spliced = fc
      .tuple(place, fc.nat(8), junk)
      .map(([at, length, text]) => token.slice(0, at) + text + token.slice(at + length));
    const any = fc.oneof(spliced, spliced, junk, fc.string({ unit: "binary", maxLength: 300 }));
    fc.assert(
      fc.property(any, (mutant) => {
        fc.pre(mutant !== token);
        assert.equal(sealer.open(mutant, CONTEXT), undefined);
      }),
      runs(1000),
    );
  });

  forEachKind(
    "requirement 43: a MAC of another length is refused like any other, also the beginning of the right one",
    (kind) => {
      const sealer = kind.make(SECRET);
      for (const length of [0, 1, 2, 30]) {
        const token = sealer.seal(TEXT.slice(0, length), CONTEXT);
        const at = token.lastIndexOf(".") + 1;
        const last = fromBase64url(token.slice(at)) ?? NO_BYTES;
        for (let bytes = 0; bytes < last.length; bytes += 1) {
          const cut = token.slice(0, at) + toBase64url(last.slice(0, bytes));
          assert.equal(sealer.open(cut, CONTEXT), undefined);
        }
        const longer = toBase64url(Uint8Array.of(...last, 0));
        assert.equal(sealer.open(token.slice(0, at) + longer, CONTEXT), undefined);
      }
    },
  );

  forEachKind("requirement 45: one token has one spelling", ({ make }) => {
    const sealer = make([SECRET, OLD_SECRET]);
    for (const length of [0, 1, 2, 3]) {
      const token = sealer.seal(new Uint8Array(length).fill(0xfb), CONTEXT);
      const spellings = [
        ...["=", "==", " ", "\n", "\t", ".", ".x", "~junk", "A", "AA", "AAAA", "%3D", "\0"].map(
          (end) => token + end,
        ),
        ...[" ", ".", "\ufeff", '"'].map((start) => start + token),
        ...token
          .split(".")
          .flatMap((_, part) =>
            ["..", "=.", " ."].map((instead) => token.replace(nthDot(part), instead)),
          ),
        token.replaceAll("-", "+").replaceAll("_", "/").concat("+"),
        encodeURIComponent(token).replaceAll(".", "%2E"),
        token.toUpperCase(),
        token.slice(0, -1),
        `"${token}"`,
      ].filter((spelling) => spelling !== token);
      for (const spelling of ["", ".", "..", "...", "k1", "k2.", "s1..", "s1...", ...spellings]) {
        assert.equal(sealer.open(spelling, CONTEXT), undefined, spelling);
      }
      assert.notEqual(sealer.open(token, CONTEXT), undefined);
    }
  });

  forEachKind(
    "requirement 45, invariant 11: no character of a token can be another, bits left over included",
    ({ make }) => {
      const sealer = make(SECRET);
      for (const length of [0, 1, 2, 3]) {
        const token = sealer.seal(TEXT.slice(0, length), CONTEXT);
        const accepted = new Set<string>();
        for (let at = 0; at < token.length; at += 1) {
          for (const other of [...ALPHABET, ".", "=", "+", "/", " "]) {
            const changed = token.slice(0, at) + other + token.slice(at + 1);
            if (sealer.open(changed, CONTEXT) !== undefined) accepted.add(changed);
          }
        }
        assert.deepEqual([...accepted], [token]);
      }
    },
  );

  forEachKind(
    "requirement 46: the version and the key id are authenticated, and nothing falls back to another format (34)",
    ({ make, version }) => {
      const sealer = make([SECRET, OLD_SECRET]);
      const token = sealer.seal(TEXT, CONTEXT);
      const [, id, ...parts] = token.split(".");
      const rest = parts.join(".");
      const oldId = make(OLD_SECRET).seal(TEXT, CONTEXT).split(".")[1];
      const json = toBase64url(utf8('{"role":"admin"}'));
      for (const forged of [
        `k9.${id}.${rest}`,
        `${version.toUpperCase()}.${id}.${rest}`,
        `${version} .${id}.${rest}`,
        `.${id}.${rest}`,
        `${version}.${oldId}.${rest}`,
        `${version}..${rest}`,
        `${version}.__proto__.${rest}`,
        `${version}.constructor.${rest}`,
        rest,
        json,
        `${version}.${id}.${json}`,
        `${version}.${id}.${json}.`,
        `${version}.${id}.${json}.${parts.at(-1)}`,
        `none.${id}.${json}`,
        `${json}.`,
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.",
        JSON.stringify({ role: "admin" }),
      ]) {
        assert.equal(sealer.open(forged, CONTEXT), undefined, forged);
      }
    },
  );
});

/** The dot behind a part of a token. */
function nthDot(part: number): RegExp {
  return new RegExp(`(?<=^(?:[^.]*\\.){${part}}[^.]*)\\.`);
}
