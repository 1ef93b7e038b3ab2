import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../scripts/processes.ts";
import { ROOT } from "../../scripts/runtimes.ts";
import type { Plan } from "../harness/plan.ts";
import { installedSize } from "../harness/sizes.ts";
import { type Measured, measured } from "../harness/statistics.ts";

const PROGRAM = fileURLToPath(new URL("import-child.mjs", import.meta.url));
const BENCH = `${ROOT}bench/`;

/** What an application imports, each in a fresh process. */
const SETS = {
  keepsake: ["keepsake"],
  "keepsake, adapter, store, pg": [
    "keepsake",
    "keepsake/adapters/express",
    "keepsake/stores/postgres",
  ],
  "express-session": ["express-session"],
  "express-session, connect-pg-simple, pg": ["express-session", "connect-pg-simple", "pg"],
  "@fastify/session": ["@fastify/cookie", "@fastify/session"],
  "@fastify/secure-session": ["@fastify/secure-session"],
  "cookie-session": ["cookie-session"],
  "iron-session": ["iron-session"],
} as const;

export type ImportSet = keyof typeof SETS;
const SET_NAMES = Object.keys(SETS).filter((name): name is ImportSet => name in SETS);

export const SIZED = [
  "keepsake",
  "express-session",
  "@fastify/session",
  "@fastify/secure-session",
  "hono-sessions",
  "cookie-session",
  "koa-session",
  "iron-session",
  "jose",
] as const;

export interface Imports {
  /** Milliseconds. */
  readonly times: Readonly<Record<string, Measured>>;
  /** Bytes on disk, dependencies included. */
  readonly sizes: Readonly<Record<string, number>>;
}

/** @param installed The folder that keepsake is installed in as its users install it. */
export async function measureImports(installed: string, plan: Plan["imports"]): Promise<Imports> {
  const series = new Map<ImportSet, number[]>(SET_NAMES.map((name) => [name, []]));
  for (let round = 0; round < plan.rounds + 1; round += 1) {
    for (const [name, values] of series) {
      const time = await timeOf(name, installed);
      // The first one reads the files from the disk.
      if (round > 0) values.push(time);
    }
  }
  const sizes: Record<string, number> = {};
  for (const name of SIZED) {
    sizes[name] = await installedSize(name, name === "keepsake" ? installed : BENCH);
  }
  return {
    times: Object.fromEntries(Array.from(series, ([name, values]) => [name, measured(values)])),
    sizes,
  };
}

async function timeOf(name: ImportSet, installed: string): Promise<number> {
  const isOurs = name.startsWith("keepsake");
  const from = join(isOurs ? installed : BENCH, "from.js");
  // The application imports pg itself: it is the same file for both.
  const others = name.endsWith(", pg") && isOurs ? [`${ROOT}node_modules/pg/esm/index.mjs`] : [];
  const modules = [...SETS[name], ...others];
  const options = ["--experimental-import-meta-resolve", "--disable-warning=ExperimentalWarning"];
  const { code, output } = await run(process.execPath, [...options, PROGRAM, from, ...modules]);
  if (code !== 0) throw new Error(`Importing ${modules.join(", ")} has failed:\n${output}`);
  return Number(output);
}
