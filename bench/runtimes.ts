import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What is measured, on every runtime that is installed. */
const root = fileURLToPath(new URL("..", import.meta.url));
const modules = `${root}node_modules`;
const script = `${root}bench/aead.ts`;

const runtimes: Record<string, readonly [string, ...string[]]> = {
  "Node 22": [`${modules}/node22/bin/node`, "--disable-warning=ExperimentalWarning", script],
  "Node 24": [`${modules}/node24/bin/node`, script],
  "Node 26": [`${modules}/node26/bin/node`, script],
  Bun: [`${modules}/@oven/bun-linux-x64/bin/bun`, script],
  Deno: [`${modules}/@deno/linux-x64-glibc/deno`, "run", "-A", script],
};

console.log("XChaCha20-Poly1305, 350 bytes: microseconds to seal / open");
for (const [name, [command, ...args]] of Object.entries(runtimes)) {
  const { stdout, error, status } = spawnSync(command, args, { encoding: "utf8" });
  console.log(`${name.padEnd(9)}${status === 0 ? stdout.trim() : `failed: ${error ?? status}`}`);
}
