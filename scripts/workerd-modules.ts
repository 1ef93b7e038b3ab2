import { readFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { posix } from "node:path";
import type { WorkerOptions } from "miniflare";
import { importsOf } from "../test/support/imports.ts";
import { binaryOf, ROOT } from "./runtimes.ts";

/** A module for workerd. Paths are those of the repository, from its root. */
interface WorkerModule {
  readonly path: string;
  readonly contents: string;
}

interface Shared {
  readonly host: string;
  readonly cf: false;
}

/** A condition's target: a path, or a choice by further conditions. */
type Target = string | null | { readonly [condition: string]: Target };

interface Manifest {
  readonly main?: string;
  readonly exports?: Target;
  readonly imports?: Readonly<Record<string, Target>>;
}

/** What bundlers for workers set, after what names the sources in here. None is `node`. */
const CONDITIONS: readonly string[] = [
  "keepsake-source",
  "workerd",
  "worker",
  "browser",
  "import",
  "default",
];

/** What takes the place of a module that workerd does not have, or that no worker can run. */
const STAND_INS: Readonly<Record<string, string>> = {
  "node:assert/strict": "test/workerd/assert.ts",
  "node:fs": "test/workerd/files.ts",
  "node:fs/promises": "test/workerd/files.ts",
  "node:test": "test/workerd/runner.ts",
  "probe/serve.ts": "test/workerd/serve.ts",
};

/** What Miniflare is to be told, for a worker whose module is the first file. */
export async function workerOptions(files: readonly string[]): Promise<WorkerOptions & Shared> {
  process.env.MINIFLARE_WORKERD_PATH = binaryOf("workerd");
  const modules = await modulesOf(files);
  return {
    host: "127.0.0.1",
    // Else it asks for an example of what Cloudflare knows of a request.
    cf: false,
    compatibilityDate: "2026-07-01",
    modulesRoot: "/",
    modules: modules.map(({ path, contents }) => ({
      type: "ESModule" as const,
      path: `/${path}`,
      contents,
    })),
  };
}

/**
 * The modules that some files lead to, each import resolved as a bundler for workers does. Nothing is bundled: types are
 * stripped, and specifiers name the file they lead to.
 */
async function modulesOf(entries: readonly string[]): Promise<WorkerModule[]> {
  const modules: WorkerModule[] = [];
  const files = new Set(entries);
  // Files that are added meanwhile are visited too.
  for (const file of files) {
    let contents = await sourceOf(file);
    for (const { specifier } of importsOf(contents)) {
      const target = await resolve(file, specifier);
      if (target === undefined) continue;
      files.add(target);
      contents = contents.replace(named(specifier), (_, before, quote) => {
        return `${before}${quote}/${target}${quote}`;
      });
    }
    modules.push({ path: file, contents });
  }
  return modules;
}

/** An import of exactly this, as far as it is left in a source without types. */
function named(specifier: string): RegExp {
  const quoted = specifier.replace(/[\^$\\.*+?()[\]{}|]/g, "\\$&");
  return new RegExp(`\\b((?:from|import)\\s*\\(?\\s*)(["'])${quoted}\\2`, "g");
}

async function sourceOf(file: string): Promise<string> {
  const text = await readFile(`${ROOT}${file}`, "utf8");
  if (!file.endsWith(".ts")) return text;
  // Not every worker knows where a module is.
  const url = JSON.stringify(`file:///${file}`);
  return stripTypeScriptTypes(text).replaceAll("import.meta.url", url);
}

/** The file that an import leads to; `undefined` for what only the runtime can have. */
async function resolve(importer: string, specifier: string): Promise<string | undefined> {
  const target = specifier.startsWith(".")
    ? posix.join(posix.dirname(importer), specifier)
    : specifier;
  const standIn = STAND_INS[target];
  if (standIn !== undefined) return standIn;
  if (specifier.startsWith(".")) return target;
  if (/^[a-z]+:/.test(specifier)) return undefined;
  const folder = packageOf(importer);
  if (specifier.startsWith("#")) {
    return join(folder, choose((await manifestOf(folder)).imports?.[specifier], specifier), "");
  }
  const [, name = "", rest = ""] = /^((?:@[^/]+\/)?[^/]+)(.*)$/.exec(specifier) ?? [];
  const home = name === "keepsake" ? "" : await installedAt(folder, name);
  const { exports, main = "index.js" } = await manifestOf(home);
  if (exports === undefined) return join(home, rest === "" ? main : `.${rest}`, "");
  return fromExports(home, exports, `.${rest}`, specifier);
}

function fromExports(home: string, exports: Target, subpath: string, specifier: string): string {
  if (exports === null || typeof exports === "string" || !("." in exports || subpath !== ".")) {
    return join(home, choose(exports, specifier), "");
  }
  const exact = exports[subpath];
  if (exact !== undefined) return join(home, choose(exact, specifier), "");
  for (const [pattern, target] of Object.entries(exports)) {
    const [start = "", end] = pattern.split("*");
    if (end === undefined || !subpath.startsWith(start) || !subpath.endsWith(end)) continue;
    const match = subpath.slice(start.length, subpath.length - end.length);
    return join(home, choose(target, specifier), match);
  }
  throw new Error(`${specifier} is not exported.`);
}

function join(folder: string, path: string, match: string): string {
  return posix.join(folder, path.replace("*", match));
}

function choose(target: Target | undefined, specifier: string): string {
  if (typeof target === "string") return target;
  for (const [condition, chosen] of Object.entries(target ?? {})) {
    if (CONDITIONS.includes(condition)) return choose(chosen, specifier);
  }
  throw new Error(`${specifier} leads nowhere in a worker.`);
}

/** The folder of the package that a file is of: empty for this one. */
function packageOf(file: string): string {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? "";
}

async function installedAt(importer: string, name: string): Promise<string> {
  const nested = posix.join(importer, "node_modules", name);
  const isNested = await manifestOf(nested).then(
    () => true,
    () => false,
  );
  return isNested ? nested : `node_modules/${name}`;
}

const manifests = new Map<string, Promise<Manifest>>();

function manifestOf(folder: string): Promise<Manifest> {
  let manifest = manifests.get(folder);
  if (manifest === undefined) {
    const path = posix.join(ROOT, folder, "package.json");
    manifest = readFile(path, "utf8").then((text) => JSON.parse(text) as Manifest);
    manifests.set(folder, manifest);
  }
  return manifest;
}
