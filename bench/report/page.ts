import { mkdir, readFile, writeFile } from "node:fs/promises";
import { ROOT } from "../../scripts/runtimes.ts";
import { CASE_NAMES, CASES } from "../parts/cases.ts";
import type { Subject } from "../subjects/subject.ts";
import { figure, spread, table, titleOf } from "./figures.ts";
import type { Line } from "./line.ts";
import type { Circumstances, Measurements } from "./measurements.ts";
import { plotsOf } from "./plots.ts";

const PAGE = `${ROOT}docs/benchmarks.md`;
const PLOTS = `${ROOT}docs/benchmarks/`;
/** Written by hand: what there is to say to a goal that is not met, under a heading with its id. */
const NOTES = `${ROOT}bench/notes.md`;

/** Writes the page and its plots. */
export async function writePage(
  circumstances: Circumstances,
  lines: readonly Line[],
  measurements: Measurements,
): Promise<void> {
  await mkdir(PLOTS, { recursive: true });
  for (const [name, text] of Object.entries(plotsOf(measurements))) {
    await writeFile(`${PLOTS}${name}`, text);
  }
  const notes = notesOf(await readFile(NOTES, "utf8").catch(() => ""));
  const parts = [
    introduction(circumstances),
    goals(lines, notes),
    inProcess(measurements),
    overHttp(measurements),
    commands(measurements),
    memory(measurements),
    imports(measurements),
    growth(measurements),
    method(circumstances),
  ];
  await writeFile(PAGE, `${parts.join("\n\n")}\n`);
}

function introduction({ node, date, machine, isQuick, load }: Circumstances): string {
  const quick = isQuick ? " **This was a quick run: few rounds, few sessions.**" : "";
  const busy =
    load > 1
      ? ` **The machine was busy with other work (load ${figure(load)}): read them as ratios, roughly.**`
      : "";
  return `# Benchmarks

keepsake beside the libraries that people would otherwise use, the same work in the same run, on Node ${node}, ${date.slice(0, 10)},
${machine}.${quick}${busy}
This page is written by the command that measures. Run it yourself:

\`\`\`sh
npm run bench
npm run bench -- --quick
\`\`\`

The second one ends within three minutes, and leaves this page alone. Both write \`bench/results.json\`.
Figures are medians, with the quartiles behind them where those are far apart. Absolute ones are those of one machine: compare ratios.`;
}

function goals(lines: readonly Line[], notes: ReadonlyMap<string, string>): string {
  const rows = lines.map(({ id, parts, met }) => {
    const missed = parts.filter((part) => !part.met);
    const shown = missed.length > 0 ? missed : parts.slice(0, 1);
    const figures = shown
      .map(({ id: name, value, goal }) => `${name}: ${figure(value)} (goal ${figure(goal)})`)
      .join("<br>");
    const rules = [...new Set(parts.map(({ rule }) => rule))].join("; ");
    return [id, rules, met ? "met" : "**not met**", figures];
  });
  const texts = lines
    .filter(({ met, id }) => !met && notes.has(id))
    .map(({ id }) => `### Not met: ${id}\n\n${notes.get(id)}`);
  return [
    `## Goals

Each is a ratio within one run. Where one has several parts, those that miss it are shown, or else the first.`,
    table(["", "goal", "", "figures"], rows),
    ...texts,
  ].join("\n\n");
}

function inProcess({ inProcess: { times, floors } }: Measurements): string {
  const rows = Array.from(times, ([subject, cases]) => [
    name(subject),
    subject.framework,
    ...CASE_NAMES.map((each) => spread(cases[each])),
    lacksOf(subject),
  ]);
  return `## In one process

Microseconds of processor time a request, above the bare framework in the same process; a session of 300 bytes, 32 requests
in flight, 512 visitors. With a database the client's work is in it, and the server's is not.

![read one key](benchmarks/read.svg)
![change one key](benchmarks/change.svg)

${table(["", "framework", ...CASE_NAMES.map((each) => CASES[each].title), "what it does not do"], rows)}

The same work without a library: open ${spread(floors.open)} µs (base64url, XChaCha20-Poly1305, \`JSON.parse\`), seal ${spread(floors.seal)} µs,
a round trip of the same client to Valkey ${spread(floors.valkey)} µs and to PostgreSQL ${spread(floors.postgres)} µs of processor time.`;
}

function overHttp({ http }: Measurements): string {
  const rows = Array.from(http.shares, ([subject, { read, change }]) => [
    name(subject),
    subject.framework,
    spread(read),
    spread(change),
    figure(http.busy.get(subject) ?? Number.NaN),
    lacksOf(subject),
  ]);
  return `## Over HTTP

Requests a second as a share of those of the bare framework, which is measured right before and after. The server has a
processor of its own; what sends the requests has the other, and the databases share both. Where the server was not busy
all the time, something else was slower than it, and its share is too good.

![Requests a second](benchmarks/http.svg)

${table(["", "framework", "read", "change", "server busy at least", "what it does not do"], rows)}`;
}

function commands({ commands: { perRequest, touches } }: Measurements): string {
  const rows = Array.from(perRequest, ([subject, { read, change }]) => [
    name(subject),
    subject.framework,
    figure(read),
    figure(change),
    lacksOf(subject),
  ]);
  return `## Commands at the database

Counted on the wire. A change is a read and a write.

${table(["", "framework", "read", "change", "what it does not do"], rows)}

keepsake writes that a session was used once in a tenth of its idle timeout: of a session that is read a hundred times in an
idle timeout ${figure(touches.valkey.busy * 100)} % of the reads touch it in Valkey and ${figure(touches.postgres.busy * 100)} % in PostgreSQL.`;
}

function memory({ memory: bytes }: Measurements): string {
  const rows = Object.entries(bytes).map(([store, value]) => [
    store === "map" ? "a `Map` of id to JSON text" : store,
    figure(value),
  ]);
  return `## Memory of a live session

Bytes of a session of 300 bytes in the memory store, with all that is kept beside it.

![Bytes](benchmarks/memory.svg)

${table(["", "bytes"], rows)}`;
}

function imports({ imports: { times, sizes } }: Measurements): string {
  const timeRows = Object.entries(times).map(([set, time]) => [set, spread(time)]);
  const sizeRows = Object.entries(sizes).map(([set, size]) => [set, figure(size / 1000)]);
  return `## Import and size

${table(["imported in a fresh process", "ms"], timeRows)}

${table(["installed, with dependencies", "KB"], sizeRows)}`;
}

function growth({ growth: stores, sweep }: Measurements): string {
  const rows = Object.entries(stores).map(([store, { read, change }]) => [
    store,
    spread(read),
    spread(change),
  ]);
  const sweeps = Object.entries(sweep).map(([store, { before, during, seconds }]) => [
    store,
    figure(before),
    figure(during),
    figure(seconds),
  ]);
  return `## Growth

What a visit costs among many sessions, as a multiple of what it costs among few:

${table(["store", "read", "change"], rows)}

The 99th percentile of live traffic, 1,000 requests a second, without a sweep and beside one that removes all expired sessions:

${table(["store", "ms without", "ms beside", "seconds the sweep took"], sweeps)}`;
}

function method({ servers, isPinned, versions }: Circumstances): string {
  const list = Object.entries(versions).map(([library, version]) => `${library} ${version}`);
  const pinned = isPinned
    ? ""
    : " On this machine processes could not be kept on one processor, so both share all.";
  return `## How it is measured

- Everybody is in a process of their own, beside the bare framework in the same process; a round measures one after the other,
  in another order each time.${pinned}
- Before that everybody is checked: a session begins, is read, is changed, and is refused with one character of its cookie changed.
- Node's frameworks are asked with real \`IncomingMessage\`s and \`ServerResponse\`s on a socket that leads nowhere, Hono and what
  takes a \`Request\` with a \`Request\`. What that costs is in the bare framework, too, and is taken off.
- Peers are at their best: \`resave\`, \`saveUninitialized\` and \`rolling\` off, touching off, keys that are imported once. A full run
  measures them by default, too. keepsake is always as \`sessions(store)\` sets it up.
- All have the same clients: \`redis\` and \`pg\`. PostgreSQL runs without \`fsync\`.
- Servers: ${servers.join("; ")}.
- Versions: ${list.join(", ")}.`;
}

function name(subject: Subject): string {
  return subject.kind === "ours" ? `**${titleOf(subject)}**` : titleOf(subject);
}

function lacksOf({ lacks }: Subject): string {
  return lacks.join("; ");
}

function notesOf(text: string): Map<string, string> {
  const sections = text.split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => {
      const end = section.indexOf("\n");
      return [section.slice(0, end).trim(), section.slice(end).trim()];
    }),
  );
}
