// npm run bench:compare -- REV [-- --quick]: two revisions of keepsake by turns, in process.
import { mkdir, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { endWithChildren, run, withTemporaryFolder } from "../scripts/processes.ts";
import { ROOT } from "../scripts/runtimes.ts";
import { installPeers } from "./harness/install.ts";
import { FULL, QUICK } from "./harness/plan.ts";
import { startServers } from "./harness/servers.ts";
import type { Measured } from "./harness/statistics.ts";
import { CASE_NAMES, CASES } from "./parts/cases.ts";
import { compareInProcess } from "./parts/in-process.ts";
import { columns, figure } from "./report/figures.ts";
import { ours } from "./subjects/ours.ts";

/** Enough for quartiles to say something. */
const ROUNDS = 11;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    /** Part of the ids of those to measure, such as `cookie` or `fastify`. */
    only: { type: "string", default: "" },
  },
});
const [revision] = positionals;
if (revision === undefined || positionals.length > 1) {
  console.error("Usage: npm run bench:compare -- REV [--quick] [--only cookie]");
  process.exit(1);
}
endWithChildren();
await installPeers();
const servers = await startServers();
try {
  await withTemporaryFolder(join(tmpdir(), "keepsake-bench-"), async (folder) => {
    await checkOut(revision, folder);
    await compare(folder);
  });
} finally {
  await servers.stop();
}

/** The sources of a revision, with the packages of this one. */
async function checkOut(rev: string, folder: string): Promise<void> {
  const tarball = join(folder, "revision.tar");
  const paths = ["src", "package.json"];
  await must("git", ["archive", "--format=tar", `--output=${tarball}`, rev, ...paths]);
  const target = join(folder, "keepsake");
  await mkdir(target);
  await must("tar", ["-xf", tarball, "-C", target]);
  await symlink(`${ROOT}node_modules`, join(target, "node_modules"), "junction");
}

async function compare(folder: string): Promise<void> {
  const { inProcess } = values.quick ? QUICK : FULL;
  const plan = { ...inProcess, rounds: ROUNDS, seconds: Number.POSITIVE_INFINITY };
  const subjects = ours.filter(({ id }) => id.includes(values.only));
  const roots = [join(folder, "keepsake"), ROOT] as const;
  const results = await compareInProcess(subjects, roots, plan);
  console.log(`Processor time above the bare framework, µs a request: ${revision} → here`);
  console.log(
    columns([
      ["", "framework", ...CASE_NAMES.map((name) => CASES[name].title)],
      ...Array.from(results, ([{ title, framework }, [before, after]]) => [
        title,
        framework,
        ...CASE_NAMES.map((name) => difference(before[name], after[name])),
      ]),
    ]),
  );
}

/** Marked where the quartiles do not overlap: anything else may be chance. */
function difference(before: Measured, after: Measured): string {
  const isSure = after.high < before.low || before.high < after.low;
  return `${figure(before.median)} → ${figure(after.median)}${isSure ? " *" : "  "}`;
}

async function must(command: string, args: readonly string[]): Promise<void> {
  const { code, output } = await run(command, args);
  if (code !== 0) throw new Error(`${command} ${args[0]} has failed:\n${output}`);
}
