import { glob, readFile } from "node:fs/promises";
import { ROOT } from "../../scripts/runtimes.ts";

export { ROOT };

/** A condition's target: a path, or a choice by further conditions. */
export type Target = string | { readonly [condition: string]: Target };

export interface Manifest {
  readonly version: string;
  readonly exports: Readonly<Record<string, Target>>;
  readonly imports: Readonly<Record<string, Target>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

export async function read(file: string): Promise<string> {
  return readFile(`${ROOT}${file}`, "utf8");
}

export async function readManifest(): Promise<Manifest> {
  return JSON.parse(await read("package.json"));
}

/** The files that match, relative to the repository, sorted. */
export async function list(...patterns: string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const file of glob(patterns, { cwd: ROOT })) found.push(file);
  return found.sort();
}

/** The library's own source files, without the tests beside them. */
export async function librarySources(): Promise<string[]> {
  const files = await list("src/**/*.ts");
  return files.filter((file) => !file.endsWith(".test.ts"));
}

/** Every path that a choice by conditions can lead to. */
export function pathsOf(target: Target): string[] {
  return typeof target === "string" ? [target] : Object.values(target).flatMap(pathsOf);
}

/** The specifiers by which an application imports the package: `keepsake`, `keepsake/stores/cookie` … */
export function specifiersOf({ exports }: Manifest): string[] {
  return Object.keys(exports)
    .filter((subpath) => subpath !== "./package.json")
    .map((subpath) => `keepsake${subpath.slice(1)}`);
}
