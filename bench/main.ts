// npm run bench [-- --quick] [-- --page]
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { endWithChildren, withTemporaryFolder } from "../scripts/processes.ts";
import { CAN_PIN } from "./harness/child.ts";
import { installPeers, versionsOfPeers } from "./harness/install.ts";
import { installKeepsake } from "./harness/package.ts";
import { FULL, QUICK } from "./harness/plan.ts";
import { type Servers, startServers } from "./harness/servers.ts";
import { countAllocations } from "./parts/allocations.ts";
import { countAll } from "./parts/commands.ts";
import { measureGrowth } from "./parts/growth.ts";
import { measureHttp } from "./parts/http.ts";
import { measureImports } from "./parts/imports.ts";
import { measureInProcess } from "./parts/in-process.ts";
import { measureMemory } from "./parts/memory.ts";
import { measureSweep } from "./parts/sweep.ts";
import { printLines, printMeasurements } from "./report/console.ts";
import type { Circumstances, Measurements } from "./report/measurements.ts";
import { writePage } from "./report/page.ts";
import { linesOf, writeResults } from "./report/results.ts";
import { subjects } from "./subjects/index.ts";
import type { Subject } from "./subjects/subject.ts";

const { values } = parseArgs({
  options: {
    /** Few rounds and few sessions: three minutes. */
    quick: { type: "boolean", default: false },
    /** Writes docs/benchmarks.md after a quick run, too. */
    page: { type: "boolean", default: false },
  },
});
const plan = values.quick ? QUICK : FULL;
endWithChildren();
await installPeers();
const load = loadavg()[0] ?? 0;
if (load > 1) {
  console.warn(`The machine is busy (load ${load.toFixed(1)}): the figures will be worth little.`);
}
const servers = await startServers();
try {
  const circumstances = await describe(servers);
  console.log(`Node ${circumstances.node}, ${circumstances.machine}`);
  const measurements = await measureAll();
  const lines = linesOf(measurements);
  printMeasurements(measurements);
  printLines(lines);
  await writeResults(circumstances, lines, measurements);
  if (!plan.isQuick || values.page) await writePage(circumstances, lines, measurements);
} finally {
  await servers.stop();
}

async function measureAll(): Promise<Measurements> {
  const measured = subjects.filter(isMeasured);
  return {
    inProcess: await step("in process", () =>
      measureInProcess(measured.filter(isInProcess), plan.inProcess),
    ),
    allocations: await step("allocations", async () => ({
      keepsake: await countAllocations("keepsake-cookie-express"),
      expressSession: await countAllocations("express-session-memory"),
    })),
    http: await step("over HTTP", () => measureHttp(measured.filter(isServed), plan.http)),
    commands: await step("commands", () =>
      countAll(subjects.filter(({ kind }) => kind !== "bare")),
    ),
    memory: await step("memory", () => measureMemory(plan.memory)),
    imports: await step("imports", measurePackage),
    growth: await step("growth", () => measureGrowth(plan.growth)),
    sweep: await step("sweep", () => measureSweep(plan.sweep)),
  };
}

async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  process.stdout.write(`${title} … `);
  const result = await work();
  console.log(`${((performance.now() - start) / 1000).toFixed(0)} s`);
  return result;
}

function measurePackage() {
  return withTemporaryFolder(join(tmpdir(), "keepsake-bench-"), async (folder) =>
    measureImports(await installKeepsake(folder), plan.imports),
  );
}

/** A quick run measures everybody at their best only. */
function isMeasured({ kind, setting }: Subject): boolean {
  return kind !== "bare" && (!plan.isQuick || setting === "best");
}

/** A quick run leaves databases in a second framework to the part over HTTP. */
function isInProcess({ framework, storage }: Subject): boolean {
  const isShared = storage === "valkey" || storage === "postgres";
  return !plan.isQuick || !isShared || framework === "express";
}

/** By the two frameworks with most peers. */
function isServed({ kind, framework }: Subject): boolean {
  return kind !== "floor" && (framework === "express" || framework === "fastify");
}

async function describe({ descriptions }: Servers): Promise<Circumstances> {
  const model = cpus()[0]?.model ?? "an unknown processor";
  const memory = Math.round(totalmem() / 2 ** 30);
  return {
    node: process.versions.node,
    date: new Date().toISOString(),
    machine: `${availableParallelism()} cores of ${model}, ${memory} GB, ${process.platform}-${process.arch}`,
    servers: descriptions,
    isQuick: plan.isQuick,
    isPinned: CAN_PIN,
    load,
    versions: await versionsOfPeers(),
  };
}
