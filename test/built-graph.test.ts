import assert from "node:assert/strict";
import { posix } from "node:path";
import { describe, test } from "node:test";
import { importsOf } from "./support/imports.ts";
import { pathsOf, read, readManifest, type Target } from "./support/repository.ts";

/** What serves Node's own requests and responses, and nothing else, may need Node. */
const FOR_NODE = ["./adapters/express", "./adapters/fastify", "./adapters/koa", "./adapters/node"];

/** What a worker may import. A new entry is named here or above. */
const FOR_WORKERS = [
  ".",
  "./adapters/fetch",
  "./adapters/h3",
  "./adapters/hono",
  "./adapters/next",
  "./anti-forgery",
  "./interop/itsdangerous",
  "./stores/cookie",
  "./stores/express-store",
  "./stores/memory",
  "./stores/postgres",
  "./stores/sqlite",
  "./stores/unstorage",
  "./stores/valkey",
  "./testing",
];

/** The conditions of what bundles or runs for others than Node, by what they are called in the tests. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  "without any condition": [],
  "for a worker": ["workerd", "worker", "browser"],
  "for a worker with nodejs_compat": ["workerd", "worker", "node"],
};

/** What an application has to install besides, for these alone. */
const PEERS: Readonly<Record<string, readonly string[]>> = { "./interop/itsdangerous": ["pako"] };

const manifest = await readManifest();

const entries = Object.entries(manifest.exports).filter(
  ([subpath]) => subpath !== "./package.json",
);

describe("The built package", () => {
  for (const [subpath, target] of entries) {
    const title = `keepsake${subpath.slice(1)}`;
    if (FOR_NODE.includes(subpath)) continue;
    test(`${title} is named among what a worker may import, or what needs Node`, () => {
      assert.ok(FOR_WORKERS.includes(subpath));
    });
    for (const [how, conditions] of Object.entries(ELSEWHERE)) {
      test(`${title} runs without Node, ${how}`, async () => {
        for (const [name, importer] of await outsideOf(builtPathOf(target, []), conditions)) {
          assert.doesNotMatch(name, /^node:/, `${importer} imports it`);
          const [first = "", second = ""] = name.split("/");
          const owner = first.startsWith("@") ? `${first}/${second}` : first;
          const isPeer = PEERS[subpath]?.includes(owner) && owner in manifest.peerDependencies;
          assert.ok(
            isPeer || owner in manifest.dependencies,
            `${importer} imports ${name}: not a dependency`,
          );
        }
      });
    }
  }

  test("what only Node can load is behind a condition that other runtimes do not set", () => {
    for (const [name, target] of Object.entries(manifest.imports)) {
      for (const conditions of Object.values(ELSEWHERE)) {
        assert.match(pathOf(name, conditions), /^\.\/dist\/core\/[^.]+\.js$/);
      }
      assert.match(pathOf(name, ["node"]), /^\.\/dist\/core\/[^.]+\.node\.js$/);
      assert.ok(pathsOf(target).some((path) => path.endsWith(".node.js")));
    }
  });
});

/** What is imported from outside the package by a file and all that it imports, each with a file that does so. */
async function outsideOf(
  entry: string,
  conditions: readonly string[],
): Promise<Map<string, string>> {
  const outside = new Map<string, string>();
  const files = new Set([posix.normalize(entry)]);
  // Files that are added meanwhile are visited too.
  for (const file of files) {
    for (const { specifier } of importsOf(await read(file))) {
      if (specifier.startsWith(".")) files.add(posix.join(posix.dirname(file), specifier));
      else if (specifier.startsWith("#")) files.add(posix.normalize(pathOf(specifier, conditions)));
      else outside.set(specifier, file);
    }
  }
  return outside;
}

/** The first path whose conditions are all set. */
function builtPathOf(target: Target, conditions: readonly string[]): string {
  if (typeof target === "string") return target;
  const chosen = Object.entries(target).find(
    ([condition]) => condition === "default" || conditions.includes(condition),
  );
  assert.ok(chosen, "package.json has a choice without a default");
  return builtPathOf(chosen[1], conditions);
}

/** What stands behind one of the package's own `#` names. */
function pathOf(name: string, conditions: readonly string[]): string {
  const target = manifest.imports[name];
  assert.ok(target, `package.json has no import ${name}`);
  return builtPathOf(target, conditions);
}
