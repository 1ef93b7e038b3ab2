import { existsSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type RunOptions, run } from "../processes.ts";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** The C library belongs to the system, which has it. */
const OF_THE_SYSTEM = /^(?:libc6|libcrypt1|libgcc-s1)$/;

export interface Apt {
  /** Downloads packages and unpacks them. Returns the folder that stands for the root of the file system. */
  unpack(packages: readonly string[]): Promise<string>;
  /** The libraries that packages need, and those that these need. */
  librariesOf(packages: readonly string[]): Promise<string[]>;
}

/**
 * Debian's own archive, sharing nothing with the apt of the machine but how it reaches the network: neither its sources
 * nor its state, which take root.
 *
 * @param suites Those to take packages from: `bookworm`, `bookworm-backports`.
 * @param folder For everything that it keeps.
 */
export async function aptWith(suites: readonly string[], folder: string): Promise<Apt> {
  const lists = join(folder, "lists");
  const archives = join(folder, "archives");
  const root = join(folder, "root");
  for (const path of [join(lists, "partial"), join(archives, "partial"), root]) {
    await mkdir(path, { recursive: true });
  }
  const signed = existsSync(KEYRING) ? ` [signed-by=${KEYRING}]` : "";
  const sources = suites.map(
    (suite) => `deb${signed} http://deb.debian.org/debian ${suite} main\n`,
  );
  await writeFile(join(folder, "sources.list"), sources.join(""));
  // As if nothing were installed: of an installed package apt would want that very version.
  await writeFile(join(folder, "status"), "");
  const options = [
    `Dir::Etc::sourcelist=${folder}/sources.list`,
    "Dir::Etc::sourceparts=-",
    `Dir::State::lists=${lists}`,
    `Dir::State::status=${folder}/status`,
    `Dir::Cache=${folder}`,
    `Dir::Cache::archives=${archives}`,
    "APT::Sandbox::User=root",
    "Acquire::Languages=none",
    "Acquire::Retries=3",
  ].flatMap((option) => ["-o", option]);
  await must("apt-get", [...options, "-qq", "update"]);
  return {
    async unpack(packages) {
      await must("apt-get", [...options, "-qq", "download", ...packages], { cwd: archives });
      for (const file of await readdir(archives)) {
        if (file.endsWith(".deb")) await must("dpkg", ["-x", join(archives, file), root]);
      }
      return root;
    },
    async librariesOf(packages) {
      const only = ["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"];
      const output = await must("apt-cache", [
        ...options,
        "depends",
        "--recurse",
        ...only.map((kind) => `--no-${kind}`),
        ...packages,
      ]);
      const names = [...output.matchAll(/^(lib[\w.+-]+|lua-[\w.+-]+)/gm)].map(([name]) => name);
      return [...new Set(names)].filter((name) => !OF_THE_SYSTEM.test(name));
    },
  };
}

/** Runs a program that has to succeed, and gives what it printed. */
export async function must(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, output } = await run(program, args, {
    ...options,
    env: { LC_ALL: "C", ...options.env },
  });
  if (code === 0) return output;
  const words = args.filter((arg, index) => arg !== "-o" && args[index - 1] !== "-o").join(" ");
  throw new Error(`${program} ${words} has failed:\n${output.trimEnd()}`);
}
