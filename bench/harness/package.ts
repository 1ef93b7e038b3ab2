import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../scripts/processes.ts";
import { ROOT } from "../../scripts/runtimes.ts";
import { BUILD_PROJECTS } from "../../scripts/tasks.ts";

const SHIPPED = ["src", "docs", "README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md"];

/**
 * Builds, packs and installs keepsake as its users do, without touching `dist`, which others may be using.
 *
 * @returns The folder whose `node_modules` has it.
 */
export async function installKeepsake(folder: string): Promise<string> {
  const source = join(folder, "source");
  const target = join(folder, "installed");
  await Promise.all([source, target].map((path) => mkdir(path, { recursive: true })));
  for (const path of SHIPPED) await cp(`${ROOT}${path}`, join(source, path), { recursive: true });
  const {
    workspaces: _,
    devDependencies: __,
    ...manifest
  } = JSON.parse(await readFile(`${ROOT}package.json`, "utf8"));
  await writeFile(join(source, "package.json"), JSON.stringify(manifest));
  const compiler = `${ROOT}node_modules/typescript/bin/tsc`;
  const outputs = ["--outDir", join(source, "dist")];
  for (const project of BUILD_PROJECTS) {
    await must(process.execPath, [compiler, "-p", project, ...outputs], ROOT);
  }
  await must("npm", ["pack", "--loglevel=error", "--pack-destination", folder], source);
  await writeFile(join(target, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const tarball = join(folder, `keepsake-${manifest.version}.tgz`);
  const options = ["--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline"];
  await must("npm", ["install", tarball, ...options], target);
  return target;
}

async function must(command: string, args: readonly string[], cwd: string): Promise<void> {
  const { code, output } = await run(command, args, { cwd });
  if (code !== 0) throw new Error(`${command} ${args[0]} has failed:\n${output}`);
}
