import { glob } from "node:fs/promises";
import { ROOT, type Runtime } from "./runtimes.ts";

const EVERYWHERE = [
  "src/core/**/*.test.ts",
  "src/stores/**/*.test.ts",
  "src/adapters/**/*.test.ts",
  "src/anti-forgery/**/*.test.ts",
  "src/interop/**/*.test.ts",
  "src/testing/**/*.test.ts",
];

/** What a worker may import, and what can be tried in one. */
const IN_WORKERS = [
  "src/core/**/*.test.ts",
  "src/stores/{cookie,memory,values,_bridge-lines}*.test.ts",
  "src/anti-forgery/**/*.test.ts",
  "src/adapters/{fetch,hono,shared-cache}*.test.ts",
  "src/testing/**/*.test.ts",
];

/** What needs more than that for itself, and has it with this: the tests look at what `node:util` prints, or use `node:crypto`. */
const IN_WORKERS_LIKE_NODE = [
  "src/core/{base64url,live-data,sealers,server-session-store,session}.test.ts",
  "src/stores/{cookie-tokens,memory-limits}.test.ts",
  "src/adapters/{fetch,hono}.test.ts",
  "src/interop/**/*.test.ts",
];

const PATTERNS: Record<Runtime, readonly string[]> = {
  node26: ["src/**/*.test.ts", "test/**/*.test.ts", "probe/**/*.test.ts", "examples/**/*.test.ts"],
  node24: ["src/**/*.test.ts"],
  node22: ["src/**/*.test.ts"],
  bun: EVERYWHERE,
  deno: EVERYWHERE,
  workerd: IN_WORKERS,
  "workerd with nodejs_compat": IN_WORKERS_LIKE_NODE,
};

const ONCE_IS_ENOUGH =
  "It starts a dozen servers and kills some: what it tries is the servers, once.";

const OF_MANY_SERVERS = {
  "src/stores/valkey-cluster.test.ts": ONCE_IS_ENOUGH,
  "src/stores/valkey-sentinel.test.ts": ONCE_IS_ENOUGH,
};

const NO_UPGRADE = {
  "src/adapters/fetch-upgrade.test.ts": "Node has no upgrade of a Fetch request.",
};

const INSPECTS = "It looks at what node:util prints: it runs with nodejs_compat.";
const NODES_OWN = "It compares with what only Node loads.";
const ASKS_PYTHON = "It starts Python.";

const NOT_IN_WORKERS = {
  "src/core/aead.test.ts": NODES_OWN,
  "src/core/base64url.test.ts": "It compares with node:buffer: it runs with nodejs_compat.",
  "src/core/json-realms.test.ts": "It makes objects of another realm with node:vm.",
  "src/core/live-data.test.ts": INSPECTS,
  "src/core/sealers.test.ts": INSPECTS,
  "src/core/server-session-store.test.ts": INSPECTS,
  "src/core/session.test.ts": INSPECTS,
  "src/core/sha256.test.ts": NODES_OWN,
  "src/core/xaes.test.ts": NODES_OWN,
  "src/stores/cookie-tokens.test.ts": INSPECTS,
  "src/stores/memory-limits.test.ts": INSPECTS,
};

/** What cannot run on a runtime, or need not, each with the reason. */
const EXCEPTIONS: Partial<Record<Runtime, Readonly<Record<string, string>>>> = {
  node26: NO_UPGRADE,
  node24: { ...OF_MANY_SERVERS, ...NO_UPGRADE },
  node22: { ...OF_MANY_SERVERS, ...NO_UPGRADE },
  deno: OF_MANY_SERVERS,
  workerd: NOT_IN_WORKERS,
  "workerd with nodejs_compat": {
    "src/interop/_itsdangerous-python.test.ts": ASKS_PYTHON,
    "src/interop/itsdangerous-pairs-python.test.ts": ASKS_PYTHON,
    "src/interop/itsdangerous-python.test.ts": ASKS_PYTHON,
  },
  bun: {
    ...OF_MANY_SERVERS,
    "src/adapters/express-mistakes.test.ts":
      "Where Node throws on a chunk that is none, Bun's response ends, hangs or is reset, without sessions too.",
  },
};

/** The test files for a runtime, sorted; with words, only those whose path has one of them. */
export async function testFiles(
  runtime: Runtime,
  words: readonly string[] = [],
): Promise<string[]> {
  const found: string[] = [];
  for await (const file of glob(PATTERNS[runtime], { cwd: ROOT, exclude: isInstalled })) {
    found.push(file);
  }
  const exceptions = EXCEPTIONS[runtime] ?? {};
  return found
    .filter((file) => !Object.hasOwn(exceptions, file))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .sort();
}

/** Examples have packages of their own, and those their tests. */
function isInstalled(path: string): boolean {
  return path.endsWith("node_modules");
}
