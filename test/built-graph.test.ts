import assert from "node:assert/strict";
import { posix } from "node:path";
import { describe, test } from "node:test";
import { importsOf } from "./support/imports.ts";
import { type Manifest, pathsOf, read, readManifest, type Target } from "./support/repository.ts";

/** What serves Node's own requests and responses, and nothing else, may need Node. */
const FOR_NODE = ["./adapters/express"];

const manifest = await readManifest();

describe("The built package", () => {
  for (const [subpath, target] of Object.entries(manifest.exports)) {
    if (subpath === "./package.json" || FOR_NODE.includes(subpath)) continue;
    test(`keepsake${subpath.slice(1)} runs without Node`, async () => {
      for (const [name, importer] of await outsideOf(builtPathOf(target))) {
        assert.doesNotMatch(name, /^node:/, `${importer} imports it`);
        const [first = "", second = ""] = name.split("/");
        const owner = first.startsWith("@") ? `${first}/${second}` : first;
        assert.ok(owner in manifest.dependencies, `${importer} imports ${name}: not a dependency`);
      }
    });
  }

  test("what only Node can load is behind a condition that other runtimes do not set", () => {
    for (const [name, target] of Object.entries(manifest.imports)) {
      assert.match(portablePathOf(name, manifest), /^\.\/dist\/core\/[^.]+\.js$/);
      assert.ok(pathsOf(target).some((path) => path.endsWith(".node.js")));
    }
  });
});

/** What is imported from outside the package by a file and all that it imports, each with a file that does so. */
async function outsideOf(entry: string): Promise<Map<string, string>> {
  const outside = new Map<string, string>();
  const files = new Set([posix.normalize(entry)]);
  // Files that are added meanwhile are visited too.
  for (const file of files) {
    for (const { specifier } of importsOf(await read(file))) {
      if (specifier.startsWith(".")) files.add(posix.join(posix.dirname(file), specifier));
      else if (specifier.startsWith("#"))
        files.add(posix.normalize(portablePathOf(specifier, manifest)));
      else outside.set(specifier, file);
    }
  }
  return outside;
}

function builtPathOf(target: Target): string {
  return typeof target === "string" ? target : builtPathOf(target.default ?? "");
}

/** What a runtime gets that sets none of the conditions. */
function portablePathOf(name: string, { imports }: Manifest): string {
  const target = imports[name];
  assert.ok(target, `package.json has no import ${name}`);
  return builtPathOf(target);
}
