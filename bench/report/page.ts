import { mkdir, writeFile } from "node:fs/promises";
import { ROOT } from "../../scripts/runtimes.ts";
import { figure, table } from "./figures.ts";
import type { Line, Part } from "./line.ts";
import {
  type Circumstances,
  newestRun,
  PART_NAMES,
  type PartName,
  type Results,
} from "./measurements.ts";
import { type Notes, readNotes } from "./notes.ts";
import { sectionOf } from "./page-sections.ts";
import { plotsOf } from "./plots.ts";
import { linesOf } from "./results.ts";

const PAGE = `${ROOT}docs/benchmarks.md`;
const PLOTS = `${ROOT}docs/benchmarks/`;

/** Writes the page and its plots. */
export async function writePage(results: Results): Promise<void> {
  await mkdir(PLOTS, { recursive: true });
  for (const [name, text] of Object.entries(plotsOf(results.measurements))) {
    await writeFile(`${PLOTS}${name}`, text);
  }
  await writeFile(PAGE, renderPage(results, await readNotes()));
}

/** The page, of whatever was measured. */
export function renderPage(results: Results, notes: Notes): string {
  const newest = newestRun(results);
  if (newest === undefined) throw new Error("Nothing was measured.");
  const parts = [
    introduction(newest),
    goals(linesOf(results), notes),
    ...PART_NAMES.map((name) => section(results, name, newest)),
    method(newest),
  ];
  return `${parts.filter((part) => part !== undefined).join("\n\n")}\n`;
}

function introduction({ node, date, machine }: Circumstances): string {
  return `# Benchmarks

keepsake beside the libraries that people would otherwise use, the same work in the same run, on Node ${node}, ${date.slice(0, 10)},
${machine}. This page is written by the command that measures. Run it yourself, in a clone of the repository:

\`\`\`sh
npm run bench
npm run bench -- --quick
\`\`\`

The second one ends within three minutes, and leaves this page alone. Both write \`bench/results.json\`.
Figures are medians, with the quartiles behind them where those are far apart. Absolute ones are those of one machine: compare ratios.
In the plots keepsake is blue, what somebody would write by hand yellow, everybody else grey.`;
}

function goals(lines: readonly Line[], notes: Notes): string {
  const rows = lines.map(({ id, parts, met }) => {
    const judged = parts.filter(({ isJudged }) => isJudged);
    const missed = judged.filter((part) => !part.met);
    const rules = [...new Set(judged.map(({ rule }) => rule))].join("; ");
    const shown = missed.length > 0 ? missed : judged.slice(0, 1);
    return [id, rules, met ? "met" : "**not met**", shown.map(partText).join("<br>")];
  });
  const texts = lines
    .filter(({ met }) => !met)
    .map(
      ({ id }) =>
        `### Not met: ${id}\n\n${notes.get(id) ?? "Nothing has been written about it yet."}`,
    );
  const elsewhere = lines
    .flatMap(({ parts }) => parts)
    .filter(({ isJudged, met }) => !isJudged && !met)
    .map((part) => `- ${partText(part)}`);
  return [
    `## Goals

Each is a ratio within one run. Where one has several parts, those that miss it are shown, or else the first.`,
    table(["", "goal", "", "figures"], rows),
    ...(elsewhere.length === 0
      ? []
      : [
          `In frameworks that a goal does not name these would miss it:\n\n${elsewhere.join("\n")}`,
        ]),
    ...texts,
  ].join("\n\n");
}

function partText({ id, value, goal }: Part): string {
  return `${id}: ${figure(value)} (goal ${figure(goal)})`;
}

/** With the day it was measured, and what to know of that run. */
function section(
  { measurements, runs }: Results,
  name: PartName,
  newest: Circumstances,
): string | undefined {
  const text = sectionOf(name, measurements);
  const run = runs[name];
  if (text === undefined || run === undefined) return text;
  const remarks = [
    ...(run.date === newest.date
      ? []
      : [`Measured on ${run.date.slice(0, 10)}, Node ${run.node}.`]),
    ...(run.machine === newest.machine ? [] : [`On ${run.machine}.`]),
    ...(run.isQuick ? ["**A quick run: few rounds, few sessions.**"] : []),
    ...(run.load > 1
      ? [
          `**The machine was busy with other work (${figure(run.load)} processors in use): roughly.**`,
        ]
      : []),
  ];
  return remarks.length === 0 ? text : `${text}\n\n${remarks.join(" ")}`;
}

function method({ servers, isPinned, versions }: Circumstances): string {
  const list = Object.entries(versions).map(([library, version]) => `${library} ${version}`);
  const pinned = isPinned
    ? ""
    : " On this machine processes could not be kept on one processor, so both share all.";
  return `## How it is measured

- Everybody is in a process of their own, beside the bare framework in the same process; a round measures one after the other,
  in another order each time. What each leaves behind is collected before the other begins.${pinned}
- Before that everybody is checked: a session begins, is read, is changed, and is refused with one character of its cookie changed.
- Node's frameworks are asked with real \`IncomingMessage\`s and \`ServerResponse\`s on a socket that leads nowhere, Hono and what
  takes a \`Request\` with a \`Request\`. What that costs is in the bare framework, too, and is taken off. Over HTTP those two are
  served by \`@hono/node-server\`, bare or not.
- Libraries that a handler calls by itself are not called where the session is left alone.
- Peers are at their best: \`resave\`, \`saveUninitialized\` and \`rolling\` off, touching off, keys that are imported once. A full run
  measures them by default, too. keepsake is always as \`sessions(store)\` sets it up.
- All have the same clients: \`redis\` and \`pg\`. PostgreSQL runs without \`fsync\`.
- Goals that name no framework are held to in Express and Fastify, which have the most peers; and in each framework to the peers there.
- Servers: ${servers.join("; ")}.
- Versions: ${list.join(", ")}.`;
}
