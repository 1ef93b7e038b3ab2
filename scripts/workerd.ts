// Runs test files on workerd, without nodejs_compat or with it:
//   node scripts/workerd.ts [--nodejs-compat] FILE …
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { Miniflare } from "miniflare";
import type { Result } from "../test/workerd/runner.ts";
import type { Order } from "../test/workerd/worker.ts";
import { messageOf } from "./processes.ts";
import type { NodeTotals } from "./reporter.ts";
import { ROOT } from "./runtimes.ts";
import { workerOptions } from "./workerd-modules.ts";

const WORKER = "test/workerd/worker.ts";

/** What tests read: a worker has no files. */
const READ = [
  "docs/format-vectors.json",
  "package.json",
  "test/vectors/itsdangerous.json",
  "test/vectors/xaes-256-gcm.json",
];

/** For one file, in milliseconds. */
const TIMEOUT = 180_000;

const totals: NodeTotals = { passed: 0, failed: 0, skipped: 0 };

function fail(name: string, error: string): void {
  totals.failed += 1;
  console.log(`\n  ✗ ${name}\n${error.replace(/^(?=.)/gm, "    ")}`);
}

async function readAll(paths: readonly string[]): Promise<Record<string, string>> {
  const read = paths.map(async (path) => [path, await readFile(`${ROOT}${path}`, "utf8")] as const);
  return Object.fromEntries(await Promise.all(read));
}

async function runFile(order: Order): Promise<void> {
  let last = "it was loaded";
  try {
    const response = await fetch(`${order.url}/run`, {
      method: "POST",
      body: JSON.stringify(order),
      signal: AbortSignal.timeout(TIMEOUT),
    });
    if (response.body === null || !response.ok) throw new Error(await response.text());
    for await (const line of linesOf(response.body)) {
      const result: Result | null = JSON.parse(line);
      if (result === null) return;
      const { name, error } = result;
      last = name;
      if (error === undefined) totals.passed += 1;
      else fail(`${name} (${order.file})`, error);
    }
    throw new Error("The test after that one hangs.");
  } catch (error) {
    fail(`${order.file}, after: ${last}`, messageOf(error));
  }
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of body) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") throw new Error("The worker stopped in the middle of a line.");
}

const { values, positionals: files } = parseArgs({
  options: { "nodejs-compat": { type: "boolean" } },
  allowPositionals: true,
});
const miniflare = new Miniflare({
  ...(await workerOptions([WORKER, ...files])),
  compatibilityFlags: values["nodejs-compat"] ? ["nodejs_compat"] : [],
  // The worker as it is, without Miniflare's own in front of it.
  unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
});
try {
  const { origin: url } = await miniflare.unsafeGetDirectURL();
  const read = await readAll(READ);
  for (const file of files) await runFile({ file, url, files: read });
} catch (error) {
  fail("workerd", messageOf(error));
} finally {
  await miniflare.dispose();
}
if (process.env.KEEPSAKE_TOTALS === undefined) console.log(totals);
else await writeFile(process.env.KEEPSAKE_TOTALS, JSON.stringify(totals));
process.exitCode = totals.failed === 0 ? 0 : 1;
