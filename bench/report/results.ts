import { readFile, writeFile } from "node:fs/promises";
import { ROOT } from "../../scripts/runtimes.ts";
import { subjects } from "../subjects/index.ts";
import type { Subject } from "../subjects/subject.ts";
import { processorLines } from "./goals-processor.ts";
import { serverLines } from "./goals-server.ts";
import type { Line } from "./line.ts";
import { type Measurements, newestRun, type Results } from "./measurements.ts";

export const RESULTS_FILE: string = `${ROOT}bench/results.json`;

export const NO_RESULTS: Results = { measurements: {}, runs: {} };

/** One line for each row of the goals, as far as its figures were measured. */
export function linesOf({ measurements }: Pick<Results, "measurements">): readonly Line[] {
  return [...processorLines(measurements), ...serverLines(measurements)];
}

/** Gives `{ node, date, lines, … }` as JSON: what was measured besides stands after the lines. */
export function formatResults(results: Results): string {
  const { node, date } = newestRun(results) ?? {};
  const { inProcess, http, commands, ...others } = results.measurements;
  const stored = {
    node,
    date,
    lines: linesOf(results),
    runs: results.runs,
    ...(inProcess && { inProcess: { ...inProcess, times: byId(inProcess.times) } }),
    ...(http && { http: { shares: byId(http.shares), busy: byId(http.busy) } }),
    ...(commands && { commands: { ...commands, perRequest: byId(commands.perRequest) } }),
    ...others,
  };
  return `${JSON.stringify(stored, undefined, 2)}\n`;
}

/** Reads what `formatResults` has written. The lines are made anew: goals may have changed. */
export function parseResults(text: string): Results {
  const { node: _, date: __, lines: ___, runs, ...stored }: Stored = JSON.parse(text);
  const { inProcess, http, commands, ...others } = stored;
  const measurements: Partial<Measurements> = {
    ...others,
    ...(inProcess && { inProcess: { ...inProcess, times: bySubject(inProcess.times) } }),
    ...(http && { http: { shares: bySubject(http.shares), busy: bySubject(http.busy) } }),
    ...(commands && { commands: { ...commands, perRequest: bySubject(commands.perRequest) } }),
  };
  return { measurements, runs };
}

/** What earlier runs have left. */
export async function readResults(): Promise<Results> {
  const text = await readFile(RESULTS_FILE, "utf8").catch(() => undefined);
  return text === undefined ? NO_RESULTS : parseResults(text);
}

export async function writeResults(results: Results): Promise<void> {
  await writeFile(RESULTS_FILE, formatResults(results));
}

/** Maps by subject are objects by its id in JSON. */
type StoredPart<Part> = {
  readonly [Name in keyof Part]: Part[Name] extends ReadonlyMap<Subject, infer Value>
    ? Readonly<Record<string, Value>>
    : Part[Name];
};

type Stored = { readonly [Name in keyof Measurements]?: StoredPart<Measurements[Name]> } & {
  readonly node: unknown;
  readonly date: unknown;
  readonly lines: unknown;
  readonly runs: Results["runs"];
};

function byId<T>(map: ReadonlyMap<Subject, T>): Record<string, T> {
  return Object.fromEntries(Array.from(map, ([{ id }, value]) => [id, value]));
}

/** Without those that are gone. */
function bySubject<T>(stored: Readonly<Record<string, T>>): Map<Subject, T> {
  const all = new Map(Object.entries(stored));
  return new Map(
    subjects.flatMap((subject): [Subject, T][] => {
      const value = all.get(subject.id);
      return value === undefined ? [] : [[subject, value]];
    }),
  );
}
