import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { binaryOf } from "../scripts/runtimes.ts";
import { declarationsIn } from "./support/declarations.ts";
import { list, pathsOf, ROOT, readManifest, specifiersOf } from "./support/repository.ts";

/** What an application can name in an import: a change here is a change of the package's interface. */
const NAMES_OF_KEEPSAKE = [
  "CookieSessionStore",
  "InMemorySessionStore",
  "MemorySessionRepository",
  "ServerSessionStore",
  "Session",
  "SessionError",
  "SessionMiddleware",
  "applyChanges",
  "cookieTransport",
  "createSessionConfig",
  "headerTransport",
  "repositoryRevocation",
  "secretsFromEnv",
  "signOnly",
  "timeouts",
  "xaesSealer",
  "xchachaSealer",
];

const PUBLIC_FILES = [
  "src/index.ts",
  "src/adapters/[!_]*.ts",
  "src/stores/[!_]*.ts",
  "src/anti-forgery/index.ts",
  "src/interop/[!_]*.ts",
  "src/testing/index.ts",
];

/** What these export need not be exported by others once more. */
const SHARED = ["index.d.ts", "anti-forgery/index.d.ts"];

const manifest = await readManifest();
const specifiers = specifiersOf(manifest);
const publicFiles = (await list(...PUBLIC_FILES)).filter((file) => !file.endsWith(".test.ts"));

/** The path of an import is the path of the file. */
function subpathOf(file: string): string {
  const path = file.replace(/^src\//, "./").replace(/(?:\/index)?\.ts$/, "");
  return path === "./index" || path === "." ? "." : path;
}

describe("Exports", () => {
  test("every public file is exported, and nothing else", () => {
    const exported = Object.keys(manifest.exports).filter((path) => path !== "./package.json");
    assert.deepEqual(exported.toSorted(), publicFiles.map(subpathOf).sort());
  });

  for (const file of publicFiles) {
    const subpath = subpathOf(file);
    test(`${subpath} leads to ${file}, and to what it is built to`, () => {
      const target = manifest.exports[subpath];
      assert.ok(target, `package.json does not export ${subpath}`);
      const built = file.replace(/^src\//, "./dist/").replace(/\.ts$/, ".js");
      assert.deepEqual(target, { "keepsake-source": `./${file}`, default: built });
      for (const path of pathsOf(target)) assert.ok(existsSync(`${ROOT}${path}`), `no ${path}`);
    });
  }

  test("what is behind a condition exists, in the sources and as it is built", () => {
    for (const path of Object.values(manifest.imports).flatMap(pathsOf)) {
      assert.ok(existsSync(`${ROOT}${path}`), `no ${path}: build it with npm run build`);
    }
  });

  for (const specifier of specifiers) {
    test(`${specifier} can be imported as it is built`, async () => {
      const code = `console.log(import.meta.resolve("${specifier}")); await import("${specifier}");`;
      const args = ["--input-type=module", "--eval", code];
      const { stdout } = await promisify(execFile)(binaryOf("node26"), args, { cwd: ROOT });
      assert.match(stdout, /\/dist\/.*\.js\n$/);
    });
  }

  test("keepsake exports these names", async () => {
    assert.deepEqual(Object.keys(await import("keepsake")).sort(), NAMES_OF_KEEPSAKE);
  });
});

describe("The declarations", () => {
  const files = publicFiles.map((file) => file.replace(/^src\/(.*)\.ts$/, "$1.d.ts"));
  const entries = declarationsIn(files);
  const exportedBy = (file: string) => entries.get(file) ?? [];
  const shared = SHARED.flatMap(exportedBy);

  for (const file of files) {
    test(`of ${file} name no type that cannot be imported from it or from ${SHARED.join(", ")}`, () => {
      const importable = new Set([...exportedBy(file), ...shared].map(({ id }) => id));
      const missing = exportedBy(file).flatMap(({ id, types }) =>
        types.filter((type) => !importable.has(type)).map((type) => `${type}, for ${id}`),
      );
      assert.deepEqual(missing, []);
    });

    test(`of ${file} have a sentence each`, () => {
      const silent = exportedBy(file).filter(({ comment }) => !/[.:]/.test(comment));
      assert.deepEqual(
        silent.map(({ id }) => id),
        [],
      );
    });
  }
});

for (const file of publicFiles.filter((path) => /^src\/(?:adapters|interop|stores)\//.test(path))) {
  test(`${file} has a test beside it`, () => {
    const beside = file.replace(/\.ts$/, ".test.ts");
    assert.ok(existsSync(`${ROOT}${beside}`), `no ${beside}`);
  });
}
