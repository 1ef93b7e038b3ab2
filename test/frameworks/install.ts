import assert from "node:assert/strict";
import { mkdir, rm, stat, symlink } from "node:fs/promises";
import { run } from "../../scripts/processes.ts";
import { ROOT } from "../../scripts/runtimes.ts";

/** The examples for frameworks that need a build: a package of their own, because it is half a gigabyte. */
export const FOLDER: string = `${ROOT}examples/frameworks/`;

/** Installs what the lock file names, unless it is there, and links this repository as `keepsake`. */
export async function install(): Promise<void> {
  const installed = await modifiedAt("node_modules/.package-lock.json");
  if (installed < (await modifiedAt("package-lock.json"))) {
    // Not npm ci, which insists on packages for other platforms than this one.
    const { code, output } = await run("npm", ["install", "--no-save", "--prefer-offline"], {
      cwd: FOLDER,
    });
    assert.equal(code, 0, `npm install in examples/frameworks failed:\n${output}`);
  }
  await mkdir(`${FOLDER}node_modules`, { recursive: true });
  await rm(`${FOLDER}node_modules/keepsake`, { recursive: true, force: true });
  await symlink("../../..", `${FOLDER}node_modules/keepsake`, "junction");
}

/** Zero where there is no such file. */
async function modifiedAt(file: string): Promise<number> {
  return (await stat(`${FOLDER}${file}`).catch(() => undefined))?.mtimeMs ?? 0;
}
