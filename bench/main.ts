// npm run bench [-- --quick] [-- --only growth,sweep] [-- --page]
import { availableParallelism, cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { endWithChildren, messageOf } from "../scripts/processes.ts";
import { busyProcessors } from "./harness/busy.ts";
import { CAN_PIN } from "./harness/child.ts";
import { installPeers, versionsOfPeers } from "./harness/install.ts";
import { FULL, QUICK } from "./harness/plan.ts";
import { type Servers, startServers } from "./harness/servers.ts";
import { PARTS } from "./parts/all.ts";
import { printLines, printMeasurements } from "./report/console.ts";
import {
  type Circumstances,
  type Measurements,
  PART_NAMES,
  type PartName,
  type Results,
} from "./report/measurements.ts";
import { writePage } from "./report/page.ts";
import { linesOf, NO_RESULTS, readResults, writeResults } from "./report/results.ts";

const USAGE = `npm run bench [-- OPTIONS]

  --quick        Few rounds and few sessions: three minutes.
  --only PARTS   The parts to measure, with commas. The others keep what earlier runs have left of them.
                 ${PART_NAMES.map((name) => PARTS[name].word).join(", ")}
  --page         Writes docs/benchmarks.md after a quick run, too.
  --help         Prints this.`;

const values = readArguments();
if (values.help) {
  console.log(USAGE);
  process.exit();
}
const plan = values.quick ? QUICK : FULL;
const wanted = values.only === undefined ? PART_NAMES : partsNamed(values.only.split(","));
endWithChildren();
await installPeers();
const load = await busyProcessors(1000);
if (load > 1) {
  console.warn(
    `The machine is busy (${load.toFixed(1)} processors in use): the figures will be worth little.`,
  );
}
const servers = await startServers();
try {
  const results = await measureAll(await describe(servers));
  printMeasurements(results.measurements);
  printLines(linesOf(results));
  if (!plan.isQuick || values.page) await writePage(results);
} finally {
  await servers.stop();
}

/** One part after the other. What has been measured is written at once: a run that is interrupted leaves it. */
async function measureAll(circumstances: Circumstances): Promise<Results> {
  const { node, machine, servers: found } = circumstances;
  console.log([`Node ${node}, ${machine}`, ...found].join("\n"));
  let results = values.only === undefined ? NO_RESULTS : await readResults();
  for (const name of wanted) {
    const measured = await measurePart(name);
    if (measured === undefined) continue;
    results = {
      measurements: { ...results.measurements, ...measured },
      runs: { ...results.runs, [name]: circumstances },
    };
    await writeResults(results);
  }
  return results;
}

/** A part that fails must not cost the others. */
async function measurePart(name: PartName): Promise<Partial<Measurements> | undefined> {
  const start = performance.now();
  process.stdout.write(`${PARTS[name].word} … `);
  try {
    const measured = { [name]: await PARTS[name].measure(plan) };
    console.log(`${((performance.now() - start) / 1000).toFixed(0)} s`);
    return measured;
  } catch (error) {
    console.log(`failed: ${error instanceof Error ? error.stack : messageOf(error)}`);
    process.exitCode = 1;
    return undefined;
  }
}

function partsNamed(words: readonly string[]): readonly PartName[] {
  const known = PART_NAMES.map((name) => PARTS[name].word);
  const unknown = words.filter((word) => !known.includes(word));
  if (unknown.length > 0) {
    console.error(`There is no part ${unknown.join(", ")}. There are: ${known.join(", ")}.`);
    process.exit(1);
  }
  return PART_NAMES.filter((name) => words.includes(PARTS[name].word));
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

function readArguments() {
  const boolean = { type: "boolean", default: false } as const;
  const options = {
    quick: boolean,
    only: { type: "string" },
    page: boolean,
    help: boolean,
  } as const;
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${USAGE}`);
    return process.exit(1);
  }
}
