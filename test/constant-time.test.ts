import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { importsOf, withoutComments } from "./support/imports.ts";
import { librarySources, read } from "./support/repository.ts";

/** What makes MACs and tags, or checks them. */
const PRIMITIVE = /^(?:@noble\/hashes\/hmac|@noble\/ciphers\/|node:crypto$|#aead$|#xaes$)/;
/** What holds one, by its name, in whatever file. */
const SECRET_NAME = /(?:mac|hash|tag|digest|signature|credential)(?:Of)?$/i;
const CONSTANT_TIME = /\b(?:equalBytes|timingSafeEqual)\(/;

/** An operand, as far as a pattern can tell: names, members, calls and indices, or a literal. */
const OPERAND = String.raw`(?:typeof )?(?:"[^"\n]*"|'[^'\n]*'|\`[^\`\n]*\`|[\w$#?.!]+(?:\([^()\n]*\)|\[[^[\]\n]*\])*[\w$#?.!]*)`;
const OPERATOR = new RegExp(`(${OPERAND})\\s*(?:===|!==|==|!=)\\s*(${OPERAND})`, "g");
const METHOD =
  /([\w$#?.!]+)\.(?:includes|indexOf|lastIndexOf|equals|compare|localeCompare|startsWith|endsWith|search|match)\(([^()\n]*)/g;

/** What tells nothing of a secret: a constant, a length, a type. */
const HARMLESS =
  /^(?:undefined|null|true|false|-?[\d_.]+|"[^"]*"|'[^']*'|`[^`]*`|[A-Z][A-Z_\d]*|typeof .*|(?:.*\.)?(?:length|size))$/;

/** What everybody may know, by its name, with the reason. */
const PUBLIC: Readonly<Record<string, string>> = {
  newest: "whether a key is the newest one: one object or another, whatever is in it",
  version: "the first part of a token, the same in all",
  seconds: "a time, which stands in the token",
  timestamp: "the same as text",
};

/** What else is compared so, by file and text, with the reason why its time tells nothing. */
const ALLOWED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "src/core/server/credentials.ts": {
    "each?.hash === hash":
      "chooses the wrap for a credential that standingOf has found good, in constant time",
  },
};

interface Comparison {
  readonly text: string;
  readonly operands: readonly string[];
}

/** The comparisons of a source file whose time could depend on what is compared. */
function comparisonsOf(source: string): Comparison[] {
  const code = withoutComments(source);
  const matches = [...code.matchAll(OPERATOR), ...code.matchAll(METHOD)];
  return matches
    .map(([text, left = "", right = ""]) => ({
      text: text.replace(/\s+/g, " "),
      operands: [left, right],
    }))
    .filter(({ operands }) => !operands.some(tellsNothing));
}

const tellsNothing = (operand: string): boolean =>
  HARMLESS.test(operand) || Object.hasOwn(PUBLIC, operand.replace(/^.*\./, ""));

const isSecret = (operand: string): boolean =>
  SECRET_NAME.test(operand.replace(/[?!]|\(.*\)$/g, ""));

/** The suites of `keepsake/testing` compare what they like: what they hold is made up. */
const files = (await librarySources()).filter((file) => !file.startsWith("src/testing/"));
const sources = new Map<string, string>();
for (const file of files) sources.set(file, withoutComments(await read(file)));
const imports = (file: string, pattern: RegExp): boolean =>
  importsOf(sources.get(file) ?? "").some(
    ({ specifier, typeOnly }) => !typeOnly && pattern.test(specifier),
  );

/** What must not be compared so: everything where secrets are made, and elsewhere what is named like one. */
const found = files.flatMap((file) =>
  comparisonsOf(sources.get(file) ?? "")
    .filter(({ operands }) => imports(file, PRIMITIVE) || operands.some(isSecret))
    .map(({ text }) => ({ file, text })),
);

describe("requirement 43: secrets are compared in constant time", () => {
  test("the source has comparisons to look at, and files that make MACs", () => {
    const makers = files.filter((file) => imports(file, PRIMITIVE));
    for (const file of ["core/sign-only-sealer", "core/server/tokens", "core/server/credentials"]) {
      assert.ok(makers.includes(`src/${file}.ts`), file);
    }
    assert.ok([...sources.values()].flatMap(comparisonsOf).length > 50);
  });

  test("no MAC, tag, hash or key is compared by === or a method, but what is listed here with a reason", () => {
    const unknown = found.filter(({ file, text }) => ALLOWED[file]?.[text] === undefined);
    assert.deepEqual(unknown, [], "compare with equalBytes, or say in ALLOWED why not");
  });

  test("nothing is listed that is no more", () => {
    for (const [file, comparisons] of Object.entries(ALLOWED)) {
      for (const text of Object.keys(comparisons)) {
        assert.ok(
          found.some((each) => each.file === file && each.text === text),
          `${file} no longer has: ${text}`,
        );
      }
    }
  });

  test("where a MAC is made, it is compared by equalBytes or timingSafeEqual", () => {
    for (const file of files.filter((each) => imports(each, /^@noble\/hashes\/hmac/))) {
      assert.match(sources.get(file) ?? "", CONSTANT_TIME, file);
    }
  });

  test("native ciphers take whole tags only, and are asked for their verdict", () => {
    const native = files.filter((file) => /\bcreateDecipheriv\(/.test(sources.get(file) ?? ""));
    assert.ok(native.length >= 2);
    for (const file of native) {
      for (const [call] of (sources.get(file) ?? "").matchAll(
        /\bcreateDecipheriv\([^;]*?\),?$/gm,
      )) {
        assert.match(call, /\bWHOLE_TAG\)/, `${file} must give authTagLength`);
      }
    }
    for (const file of files.filter((each) => /\.setAuthTag\(/.test(sources.get(each) ?? ""))) {
      assert.match(sources.get(file) ?? "", /\.final\(\)/, file);
    }
  });

  const caught = [
    "if (mac === expected) return;",
    "return toBase64url(macOf(key)) !== macText;",
    "const ok = known.hash === hash;",
    "each?.hash === hash",
    "macs.includes(mac)",
    "mac.every((byte, at) => byte === other[at])",
    "if (tag.equals(other)) {}",
    "if (a[0] === b[0]) {}",
  ];
  for (const code of caught) {
    test(`this would be found: ${code}`, () => assert.notDeepEqual(comparisonsOf(code), []));
  }

  test("this would not: comparisons with constants, lengths and types", () => {
    const code = `mac === undefined; mac?.length !== MAC_BYTES; typeof mac === "string"; version !== "k1"; a.length === b.length;`;
    assert.deepEqual(comparisonsOf(code), []);
  });
});
