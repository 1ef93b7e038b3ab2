import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const ROOT: string = fileURLToPath(new URL("..", import.meta.url));

/** Whether npm has every runtime for this machine. Elsewhere the tests run on the Node at hand alone. */
export const HAS_RUNTIMES: boolean = process.platform === "linux" && process.arch === "x64";

const BINARIES = {
  node22: "node_modules/node22/bin/node",
  node24: "node_modules/node24/bin/node",
  node26: "node_modules/node26/bin/node",
  bun: "node_modules/@oven/bun-linux-x64/bin/bun",
  deno: "node_modules/@deno/linux-x64-glibc/deno",
  workerd: "node_modules/@cloudflare/workerd-linux-64/bin/workerd",
  "workerd with nodejs_compat": "node_modules/@cloudflare/workerd-linux-64/bin/workerd",
} as const;

export type Runtime = keyof typeof BINARIES;

/** Where a runtime's binary is. A missing one is an error, because a runtime that is not tried is not supported. */
export function binaryOf(runtime: Runtime): string {
  if (!HAS_RUNTIMES && runtime === "node26") return process.execPath;
  const path = `${ROOT}${BINARIES[runtime]}`;
  if (existsSync(path)) return path;
  throw new Error(`${runtime} is not at ${BINARIES[runtime]}. Install it with: npm ci`);
}
