import assert from "node:assert/strict";
import { posix } from "node:path";
import { describe, test } from "node:test";
import { importsOf, withoutComments } from "./support/imports.ts";
import { librarySources, pathsOf, read, readManifest } from "./support/repository.ts";

interface Row {
  readonly from: RegExp;
  /** Files of the library, `node:` modules and packages. */
  readonly may: readonly RegExp[];
  /** What may be imported as types alone, besides. */
  readonly mayAsTypes?: readonly RegExp[];
}

const CORE = /^src\/core\//;
const NODE = /^node:/;
const PORTABLE_LIBRARIES = /^(?:@noble\/ciphers|@noble\/hashes|@scure\/base|cookie)(?:\/|$)/;
const FRAMEWORKS = /^(?:connect|elysia|express|fastify|h3|hono|koa)(?:\/|$)/;
const SHARED_BY_ADAPTERS = /^src\/adapters\/_/;
/** Each adapter has an `antiForgery` in its framework's idiom. */
const ANTI_FORGERY = /^src\/anti-forgery\//;
const SHARED_BY_STORES = /^src\/stores\/_/;

/** Who may import what. The first row that names a file holds for it. */
const TABLE: readonly Row[] = [
  { from: /^src\/index\.ts$/, may: [CORE, /^src\/stores\/(?:cookie|memory)\.ts$/] },
  { from: /^src\/core\/[^/]+\.node\.ts$/, may: [CORE, PORTABLE_LIBRARIES, NODE] },
  { from: CORE, may: [CORE, PORTABLE_LIBRARIES] },
  { from: /^src\/stores\/[^/]+\.ts$/, may: [CORE, SHARED_BY_STORES] },
  // A secret alone means a cookie store, in every adapter.
  {
    from: /^src\/adapters\/_sessions\.ts$/,
    may: [CORE, SHARED_BY_ADAPTERS, /^src\/stores\/(?:cookie|_cookie-options)\.ts$/],
  },
  {
    from: /^src\/adapters\/(?:_(?:node|fastify)[^/]*|connect|express|fastify|koa|node)\.ts$/,
    may: [CORE, ANTI_FORGERY, SHARED_BY_ADAPTERS, NODE],
    mayAsTypes: [FRAMEWORKS],
  },
  {
    from: /^src\/adapters\/[^/]+\.ts$/,
    may: [CORE, ANTI_FORGERY, SHARED_BY_ADAPTERS],
    mayAsTypes: [FRAMEWORKS],
  },
  { from: ANTI_FORGERY, may: [CORE, PORTABLE_LIBRARIES, ANTI_FORGERY] },
  // pako is an optional peer: what needs no zlib never asks for it.
  { from: /^src\/interop\//, may: [CORE, PORTABLE_LIBRARIES, /^src\/interop\//, /^pako$/] },
  { from: /^src\/testing\//, may: [CORE, /^src\/testing\//] },
  { from: /^src\/cli\//, may: [/./] },
];

const MOST_LINES = 420;

interface Edge {
  readonly to: string;
  readonly typeOnly: boolean;
}

const files = await librarySources();
const sources = new Map<string, string>();
for (const file of files) sources.set(file, await read(file));
const { imports: conditional } = await readManifest();
const graph = new Map(files.map((file) => [file, edgesOf(file)]));

/** What a file imports: files by their path, whatever stands behind a `#` name, everything else as it is written. */
function edgesOf(file: string): Edge[] {
  return importsOf(sources.get(file) ?? "").flatMap(({ specifier, typeOnly }) =>
    resolve(file, specifier).map((to) => ({ to, typeOnly })),
  );
}

function resolve(file: string, specifier: string): string[] {
  if (specifier.startsWith(".")) return [posix.join(posix.dirname(file), specifier)];
  const target = conditional[specifier];
  if (target === undefined) return [specifier];
  return pathsOf(target)
    .filter((path) => path.startsWith("./src/"))
    .map((path) => posix.normalize(path));
}

describe("Imports", () => {
  for (const [file, edges] of graph) {
    test(`${file} imports what it may`, () => {
      const row = TABLE.find(({ from }) => from.test(file));
      assert.ok(row, `no row of the table names ${file}: put it where one does, or add a row`);
      for (const { to, typeOnly } of edges) {
        const allowed: readonly RegExp[] = typeOnly
          ? [...row.may, ...(row.mayAsTypes ?? [])]
          : row.may;
        const how = typeOnly ? "the types of " : "";
        assert.ok(
          allowed.some((pattern) => pattern.test(to)),
          `${file} may not import ${how}${to}`,
        );
      }
    });
  }

  test("every file that is imported exists", () => {
    for (const [file, edges] of graph) {
      for (const { to } of edges) {
        if (to.startsWith("src/"))
          assert.ok(sources.has(to), `${file} imports ${to}: no such file`);
      }
    }
  });

  test("nothing imports in a circle", () => {
    assert.deepEqual(findCircle(), []);
  });
});

describe("The core", () => {
  const rules = [
    { pattern: /\bDate\.now\(|\bnew Date\(\)/, outside: "src/core/clock.ts", use: "the clock" },
    { pattern: /\bMath\.random\(/, outside: "", use: "the source of random bytes" },
    { pattern: /\bgetRandomValues\(/, outside: "src/core/random.ts", use: "systemRandom" },
  ];
  for (const { pattern, outside, use } of rules) {
    test(`calls ${pattern.source} nowhere but in its default`, () => {
      for (const [file, source] of sources) {
        if (!CORE.test(file) || file === outside) continue;
        assert.doesNotMatch(withoutComments(source), pattern, `${file} must take ${use} instead`);
      }
    });
  }
});

test(`no source file has more than ${MOST_LINES} lines`, () => {
  for (const [file, source] of sources) {
    const lines = source.split("\n").length - 1;
    assert.ok(lines <= MOST_LINES, `${file} has ${lines} lines: it holds more than one idea`);
  }
});

/** The files of a circle of imports, in order, or none. What is imported as types alone is gone at run time. */
function findCircle(): string[] {
  const finished = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (finished.has(file)) return [];
    for (const { to, typeOnly } of graph.get(file) ?? []) {
      const circle = typeOnly ? [] : visit(to, [...path, file]);
      if (circle.length > 0) return circle;
    }
    finished.add(file);
    return [];
  };
  for (const file of files) {
    const circle = visit(file, []);
    if (circle.length > 0) return circle;
  }
  return [];
}
