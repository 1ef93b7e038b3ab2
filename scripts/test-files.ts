import { glob } from "node:fs/promises";
import { ROOT, type Runtime } from "./runtimes.ts";

const EVERYWHERE = [
  "src/core/**/*.test.ts",
  "src/stores/**/*.test.ts",
  "src/adapters/**/*.test.ts",
  "src/testing/**/*.test.ts",
];

const PATTERNS: Record<Runtime, readonly string[]> = {
  node26: ["src/**/*.test.ts", "test/**/*.test.ts", "probe/**/*.test.ts", "examples/**/*.test.ts"],
  node24: ["src/**/*.test.ts"],
  node22: ["src/**/*.test.ts"],
  bun: EVERYWHERE,
  deno: EVERYWHERE,
};

const ONCE_IS_ENOUGH =
  "It starts a dozen servers and kills some: what it tries is the servers, once.";

const OF_MANY_SERVERS = {
  "src/stores/valkey-cluster.test.ts": ONCE_IS_ENOUGH,
  "src/stores/valkey-sentinel.test.ts": ONCE_IS_ENOUGH,
};

/** What cannot run on a runtime, or need not, each with the reason. */
const EXCEPTIONS: Partial<Record<Runtime, Readonly<Record<string, string>>>> = {
  node24: OF_MANY_SERVERS,
  node22: OF_MANY_SERVERS,
  deno: OF_MANY_SERVERS,
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
  for await (const file of glob(PATTERNS[runtime], { cwd: ROOT })) found.push(file);
  const exceptions = EXCEPTIONS[runtime] ?? {};
  return found
    .filter((file) => !Object.hasOwn(exceptions, file))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .sort();
}
