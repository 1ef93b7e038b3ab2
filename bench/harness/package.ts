import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pack } from "../../scripts/pack.ts";
import { run } from "../../scripts/processes.ts";
import { ROOT } from "../../scripts/runtimes.ts";
import { BUILD_PROJECTS } from "../../scripts/tasks.ts";

/**
 * Builds, packs and installs keepsake as its users do, without touching `dist`, which others may be using.
 *
 * @returns The folder whose `node_modules` has it.
 */
export async function installKeepsake(folder: string): Promise<string> {
  const built = join(folder, "dist");
  const target = join(folder, "installed");
  await mkdir(target, { recursive: true });
  const compiler = `${ROOT}node_modules/typescript/bin/tsc`;
  for (const project of BUILD_PROJECTS) {
    await must(process.execPath, [compiler, "-p", project, "--outDir", built], ROOT);
  }
  const tarball = await pack(folder, built);
  await writeFile(join(target, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const options = ["--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline"];
  await must("npm", ["install", tarball, ...options], target);
  return target;
}

async function must(command: string, args: readonly string[], cwd: string): Promise<void> {
  const { code, output } = await run(command, args, { cwd });
  if (code !== 0) throw new Error(`${command} ${args[0]} has failed:\n${output}`);
}
