import { cp, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./processes.ts";
import { ROOT } from "./runtimes.ts";

/** The condition under which the repository's own programs import the sources: they are not in the package. */
const SOURCES = "keepsake-source";

const ALWAYS = ["README.md", "LICENSE"];
/** What only the repository needs of its own manifest. */
const REPOSITORYS = ["private", "scripts", "devDependencies", "workspaces", "allowScripts"];

/**
 * Packs the built package as it is published, and returns the path of the tarball.
 *
 * @param built Where it was built to.
 */
export async function pack(folder: string, built: string = join(ROOT, "dist")): Promise<string> {
  const staging = join(folder, "staging");
  await mkdir(staging, { recursive: true });
  const manifest: Record<string, unknown> = JSON.parse(
    await readFile(join(ROOT, "package.json"), "utf8"),
  );
  const { files } = manifest as { files: string[] };
  const listed = files.filter((file) => !file.startsWith("!"));
  for (const file of [...listed, ...ALWAYS]) {
    const source = file === "dist" ? built : join(ROOT, file);
    await cp(source, join(staging, file), { recursive: true });
  }
  const published = Object.entries(manifest).filter(([name]) => !REPOSITORYS.includes(name));
  const text = JSON.stringify(withoutSources(Object.fromEntries(published)), null, 2);
  await writeFile(join(staging, "package.json"), `${text}\n`);

  const { code, output } = await run("npm", ["pack", "--json", "--loglevel=error"], {
    cwd: staging,
  });
  if (code !== 0) throw new Error(`npm pack failed:\n${output}`);
  const packed: unknown = JSON.parse(output);
  const [first] = Array.isArray(packed) ? packed : Object.values(packed as object);
  const { filename } = first as { filename: string };
  await rename(join(staging, filename), join(folder, filename));
  await rm(staging, { recursive: true });
  return join(folder, filename);
}

function withoutSources(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const kept = Object.entries(value).filter(([condition]) => condition !== SOURCES);
  return Object.fromEntries(kept.map(([name, each]) => [name, withoutSources(each)]));
}
