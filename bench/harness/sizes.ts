import { glob, lstat, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

/** Bytes of the files of a package and of all that it depends on, each counted once. */
export async function installedSize(name: string, from: string): Promise<number> {
  const folders = new Set<string>();
  await collect(name, from, folders);
  let bytes = 0;
  for (const folder of folders) bytes += await sizeOf(folder);
  return bytes;
}

async function collect(name: string, from: string, folders: Set<string>): Promise<void> {
  const folder = await folderOf(name, from);
  if (folder === undefined || folders.has(folder)) return;
  folders.add(folder);
  const { dependencies = {} } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  for (const dependency of Object.keys(dependencies)) await collect(dependency, folder, folders);
}

/** Not by resolving it: not every package has an entry, or lets its package.json be seen. */
async function folderOf(name: string, from: string): Promise<string | undefined> {
  const paths = createRequire(join(from, "from.js")).resolve.paths(name) ?? [];
  for (const path of paths) {
    const folder = join(path, name);
    if (await lstat(join(folder, "package.json")).catch(() => undefined)) return folder;
  }
  return undefined;
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  const exclude = (path: string) => /(?:^|\/)node_modules$/.test(path);
  for await (const file of glob("**/*", { cwd: folder, exclude })) {
    const stats = await lstat(join(folder, file));
    if (stats.isFile()) bytes += stats.size;
  }
  return bytes;
}
