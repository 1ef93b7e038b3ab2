import { readFile, stat } from "node:fs/promises";
import { run } from "../../scripts/processes.ts";
import { ROOT } from "../../scripts/runtimes.ts";

const FOLDER = `${ROOT}bench/`;

/** Installs the libraries that the root does not have, unless they are there. */
export async function installPeers(): Promise<void> {
  const installed = await modifiedAt("node_modules/.package-lock.json");
  if (installed >= (await modifiedAt("package-lock.json"))) return;
  console.log("Installing the libraries that are measured beside keepsake …");
  // None of them builds anything; what is native has its binaries in the package.
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const { code, output } = await run("npm", ["ci", ...options], { cwd: FOLDER });
  if (code !== 0) throw new Error(`npm ci in bench/ has failed:\n${output}`);
}

/** The versions of what is measured. */
export async function versionsOfPeers(): Promise<Record<string, string>> {
  const own = await dependenciesIn(`${FOLDER}package.json`, "dependencies");
  const root = await dependenciesIn(`${ROOT}package.json`, "devDependencies");
  const wanted = [
    "@hono/node-server",
    "connect-pg-simple",
    "connect-redis",
    "express",
    "express-session",
    "fastify",
    "hono",
    "koa",
    "pg",
    "redis",
  ];
  const ofRoot = Object.entries(root).filter(([name]) => wanted.includes(name));
  return Object.fromEntries([...Object.entries(own), ...ofRoot]);
}

async function dependenciesIn(file: string, kind: string): Promise<Record<string, string>> {
  return JSON.parse(await readFile(file, "utf8"))[kind];
}

/** Zero where there is no such file. */
async function modifiedAt(file: string): Promise<number> {
  return (await stat(`${FOLDER}${file}`).catch(() => undefined))?.mtimeMs ?? 0;
}
