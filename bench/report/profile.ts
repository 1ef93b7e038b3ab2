import { fileURLToPath, pathToFileURL } from "node:url";
import { ROOT } from "../../scripts/runtimes.ts";
import { figure, table } from "./figures.ts";

/** What is used of the CPU profile of V8's inspector. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  /** The node that was running at each sample. */
  readonly samples?: readonly number[] | undefined;
  /** Microseconds before each sample. */
  readonly timeDeltas?: readonly number[] | undefined;
}

/** One function, and the time spent in it and not in what it calls. */
export interface SelfTime {
  readonly group: string;
  readonly name: string;
  /** Its file and line. */
  readonly place: string;
  readonly microseconds: number;
}

/** At the root: others have versions of their own, in their folders. */
const OWN_DEPENDENCIES = ["@noble/", "@scure/", "cookie/"].map(
  (name) => pathToFileURL(`${ROOT}node_modules/${name}`).href,
);
/** Between two requests nobody is measured; and what measures is no part of it. */
const NOT_RUNNING = "(idle)";
const MEASURES = "node:inspector";

/** The functions of a profile, the longest first. */
export function selfTimes({ nodes, samples = [], timeDeltas = [] }: CpuProfile): SelfTime[] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const found = new Map<string, SelfTime>();
  for (const [index, id] of samples.entries()) {
    const { functionName = "", url = "", lineNumber = 0 } = frames.get(id) ?? {};
    if (functionName === NOT_RUNNING || url === MEASURES) continue;
    const place = placeOf(url, lineNumber);
    const key = `${functionName} ${place}`;
    const before = found.get(key)?.microseconds ?? 0;
    found.set(key, {
      group: groupOf(functionName, url),
      name: functionName === "" ? "(anonymous)" : functionName,
      place,
      microseconds: before + (timeDeltas[index] ?? 0),
    });
  }
  return [...found.values()].toSorted((a, b) => b.microseconds - a.microseconds);
}

/** Whose a function is. */
export function groupOf(functionName: string, url: string): string {
  if (functionName === "(garbage collector)") return "garbage collection";
  if (OWN_DEPENDENCIES.some((folder) => url.startsWith(folder))) return "keepsake's dependencies";
  if (url.includes("/node_modules/")) return "frameworks and libraries";
  if (url.includes("/src/")) return "keepsake";
  if (url.includes("/bench/")) return "the bench";
  return "Node";
}

function placeOf(url: string, lineNumber: number): string {
  if (url === "") return "";
  const path = url.startsWith("file:") ? fileURLToPath(url) : url;
  const short = path.startsWith(ROOT) ? path.slice(ROOT.length) : path;
  return `${short.replace(/^.*node_modules\//, "")}:${lineNumber + 1}`;
}

/** The groups, and the functions that take most: tables of Markdown. */
export function renderProfile(times: readonly SelfTime[], requests: number, most: number): string {
  const total = times.reduce((sum, { microseconds }) => sum + microseconds, 0);
  const cells = (microseconds: number) => [
    figure(microseconds / requests),
    `${figure((microseconds / total) * 100)} %`,
  ];
  const groups = new Map<string, number>();
  for (const { group, microseconds } of times) {
    groups.set(group, (groups.get(group) ?? 0) + microseconds);
  }
  const groupRows = [...groups]
    .toSorted(([, a], [, b]) => b - a)
    .map(([group, microseconds]) => [group, ...cells(microseconds)]);
  const rows = times
    .slice(0, most)
    .map(({ group, name, place, microseconds }) => [
      `\`${name}\``,
      place,
      group,
      ...cells(microseconds),
    ]);
  return [
    table(["whose", "µs a request", "of all"], groupRows),
    table(["function", "where", "whose", "µs a request", "of all"], rows),
  ].join("\n\n");
}
