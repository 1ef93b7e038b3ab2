import { chmod, readFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { countJunit } from "./junit.ts";
import { run, withTemporaryFolder } from "./processes.ts";
import type { NodeTotals } from "./reporter.ts";
import { binaryOf, type Runtime } from "./runtimes.ts";
import type { Outcome, Step } from "./steps.ts";

const NODE_ARGUMENTS = [
  "--test",
  "--conditions=keepsake-source",
  "--disable-warning=ExperimentalWarning",
  "--import=./scripts/no-console.ts",
  "--test-reporter=./scripts/reporter.ts",
  `--test-concurrency=${Math.max(2, availableParallelism())}`,
];

/** Long enough for a test that installs packages, short enough to find one that hangs. */
const TIMEOUT = 600_000;

const RUNNERS: Readonly<Record<Runtime, (run: Run) => Promise<Outcome>>> = {
  node22: runNode,
  node24: runNode,
  node26: runNode,
  bun: runBun,
  deno: runDeno,
  workerd: (run) => runWorkerd(run),
  "workerd with nodejs_compat": (run) => runWorkerd(run, "--nodejs-compat"),
};

/**
 * Runs test files on a runtime.
 *
 * @param env Variables for the tests, asked for when the step runs.
 */
export function testsOn(
  runtime: Runtime,
  files: readonly string[],
  env: () => Readonly<Record<string, string>>,
): Step {
  const runner = RUNNERS[runtime];
  return {
    title: `Tests on ${runtime} (${files.length} ${files.length === 1 ? "file" : "files"})`,
    work: async () => {
      // Without a file the runners would look for some of their own.
      if (files.length === 0) throw new Error("There is no test file to run.");
      const binary = binaryOf(runtime);
      return withTemporaryFolder(join(tmpdir(), "keepsake-tests-"), async (folder) => {
        // What a test leaves behind, because it is interrupted, goes with the folder. Others may enter it: for root
        // some programs run as another user.
        await chmod(folder, 0o711);
        const variables = { ...env(), TMPDIR: folder };
        return runner({ binary, files, env: variables, results: `${folder}/results` });
      });
    },
  };
}

interface Run {
  readonly binary: string;
  readonly files: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The file that the runner writes its results to. */
  readonly results: string;
}

async function runNode({ binary, files, env, results }: Run): Promise<Outcome> {
  const timeout = env.KEEPSAKE_LONG === undefined ? [`--test-timeout=${TIMEOUT}`] : [];
  const { code } = await run(binary, [...NODE_ARGUMENTS, ...timeout, ...files], {
    env: { ...env, KEEPSAKE_TOTALS: results },
    passOn: true,
    // At a SIGTERM it ends the files that run, and goes on with the next.
    endsWith: "SIGKILL",
  });
  return agree(code, await readTotals(results, code), "");
}

async function runBun({ binary, files, env, results }: Run): Promise<Outcome> {
  const { code, output } = await run(
    binary,
    [
      "test",
      "--conditions=keepsake-source",
      "--isolate",
      "--timeout=60000",
      "--reporter=junit",
      `--reporter-outfile=${results}`,
      ...files.map((file) => `./${file}`),
    ],
    { env },
  );
  return agree(
    code,
    countJunit(await readResults(results)),
    without(/^\((?:pass|skip)\) /, output),
  );
}

async function runDeno({ binary, files, env, results }: Run): Promise<Outcome> {
  const { code, output } = await run(
    binary,
    [
      "test",
      "--allow-all",
      "--no-check",
      "--no-lock",
      "--conditions=keepsake-source",
      `--junit-path=${results}`,
      ...files,
    ],
    { env },
  );
  return agree(code, countJunit(await readResults(results)), without(/ \.\.\. ok /, output));
}

/** Its program runs on Node, and the tests in the worker that it starts. */
async function runWorkerd({ files, env, results }: Run, ...options: string[]): Promise<Outcome> {
  const { code, output } = await run(
    binaryOf("node26"),
    ["--disable-warning=ExperimentalWarning", "scripts/workerd.ts", ...options, ...files],
    { env: { ...env, KEEPSAKE_TOTALS: results } },
  );
  return agree(code, await readTotals(results, code, output), output);
}

/** A runner may fail without a test that failed: a file that does not load, say. */
function agree(code: number, totals: NodeTotals, output: string): Outcome {
  const failed = code !== 0 && totals.failed === 0 ? 1 : totals.failed;
  return { ...totals, failed, output };
}

/** The lines that do not match: what passed is of no interest where something failed. */
function without(pattern: RegExp, output: string): string {
  return output
    .split("\n")
    .filter((line) => !pattern.test(line))
    .join("\n");
}

async function readTotals(file: string, code: number, output = ""): Promise<NodeTotals> {
  const totals = await readFile(file, "utf8").catch(() => {
    const what = `The runner ended with ${code} before it had results: it was killed, or crashed.`;
    throw new Error(`${what}\n${output}`.trimEnd());
  });
  return JSON.parse(totals) as NodeTotals;
}

async function readResults(file: string): Promise<string> {
  return readFile(file, "utf8").catch(() => "");
}
