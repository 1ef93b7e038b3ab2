import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withTemporaryFolder } from "../processes.ts";
import { ROOT } from "../runtimes.ts";
import { aptWith, must } from "./apt.ts";

export interface DebianProgram {
  readonly program: string;
  /** The packages that it is in. */
  readonly packages: readonly string[];
  /** Where the packages are, by the code name of a release, if not in the release itself. */
  readonly suites?: Readonly<Record<string, string>>;
}

/** `npm ci` empties it. */
const CACHE = join(ROOT, "node_modules/.cache/keepsake");

/**
 * The path of a program out of Debian's packages, which is not installed and needs no root: it is downloaded once, with
 * the libraries that the machine lacks. Undefined where this is no Debian.
 *
 * @param cache The folder to keep it in. Default: one in node_modules.
 */
export async function debianProgram(
  wanted: DebianProgram,
  cache: string = CACHE,
): Promise<string | undefined> {
  const release = await debianRelease();
  if (release === undefined) return undefined;
  const kept = join(cache, `debian-${release}-${process.arch}`, wanted.program);
  const program = join(kept, wanted.program);
  if (existsSync(program)) return program;
  await mkdir(join(kept, ".."), { recursive: true });
  await withTemporaryFolder(`${kept}-`, async (folder) => {
    const made = await download(wanted, release, folder);
    await rename(made, kept).catch((error: unknown) => {
      // Somebody else was faster.
      if (!existsSync(program)) throw error;
    });
  });
  return program;
}

/** The code name of this Debian. */
export async function debianRelease(file = "/etc/os-release"): Promise<string | undefined> {
  const text = await readFile(file, "utf8").catch(() => "");
  const [, release] = /^VERSION_CODENAME=(\w+)$/m.exec(text) ?? [];
  return /^ID=debian$/m.test(text) && existsSync("/usr/bin/apt-get") ? release : undefined;
}

/** Returns the folder in which everything is that the program needs. */
async function download(wanted: DebianProgram, release: string, folder: string): Promise<string> {
  const suite = wanted.suites?.[release] ?? release;
  const apt = await aptWith([suite], join(folder, "apt"));
  const unpacked = await apt.unpack(wanted.packages);
  const made = join(folder, "made");
  const binary = join(made, "bin", wanted.program);
  const libraries = join(made, "lib");
  await mkdir(join(made, "bin"), { recursive: true });
  await mkdir(libraries);
  await copyFile(join(unpacked, "usr/bin", wanted.program), binary);
  await addLibraries(binary, libraries, async () => {
    const all = await aptWith([...new Set([suite, release])], join(folder, "apt-libraries"));
    return all.unpack(await all.librariesOf(wanted.packages));
  });
  // It finds its libraries wherever the folder is moved to, and keeps its process id.
  const wrapper = `#!/bin/sh
folder=\${0%/*}
LD_LIBRARY_PATH=$folder/lib exec "$folder/bin/${wanted.program}" "$@"
`;
  await writeFile(join(made, wanted.program), wrapper);
  await chmod(join(made, wanted.program), 0o755);
  await must(join(made, wanted.program), ["--version"]);
  return made;
}

/** Puts beside a program the libraries that the machine lacks, and those that these lack. */
async function addLibraries(
  binary: string,
  libraries: string,
  unpack: () => Promise<string>,
): Promise<void> {
  let unpacked: string | undefined;
  for (;;) {
    const missing = await missingLibraries(binary, libraries);
    if (missing.length === 0) return;
    unpacked ??= await unpack();
    const files = new Map<string, string>();
    for (const entry of await readdir(unpacked, { recursive: true, withFileTypes: true })) {
      files.set(entry.name, join(entry.parentPath, entry.name));
    }
    for (const name of missing) {
      const file = files.get(name);
      if (file === undefined) throw new Error(`${binary} needs ${name}, and no package has it.`);
      await copyFile(file, join(libraries, name));
    }
  }
}

async function missingLibraries(binary: string, libraries: string): Promise<string[]> {
  const output = await must("ldd", [binary], { env: { LD_LIBRARY_PATH: libraries } });
  return [...output.matchAll(/^\s*(\S+) => not found$/gm)].map(([, name = ""]) => name);
}
