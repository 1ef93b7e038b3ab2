import { writeFile } from "node:fs/promises";
import { ROOT } from "../../scripts/runtimes.ts";
import type { Subject } from "../subjects/subject.ts";
import { processorLines } from "./goals-processor.ts";
import { serverLines } from "./goals-server.ts";
import type { Line } from "./line.ts";
import type { Circumstances, Measurements } from "./measurements.ts";

export const RESULTS_FILE: string = `${ROOT}bench/results.json`;

/** One line for each row of the goals. */
export function linesOf(measurements: Measurements): readonly Line[] {
  return [...processorLines(measurements), ...serverLines(measurements)];
}

/** Writes `{ node, date, lines, … }`: what was measured besides stands after the lines. */
export async function writeResults(
  circumstances: Circumstances,
  lines: readonly Line[],
  measurements: Measurements,
): Promise<void> {
  const { node, date, ...rest } = circumstances;
  const { inProcess, http, commands, ...others } = measurements;
  const results = {
    node,
    date,
    lines,
    ...rest,
    inProcess: { floors: inProcess.floors, subjects: bySubject(inProcess.times) },
    http: { shares: bySubject(http.shares), busy: bySubject(http.busy) },
    commands: { perRequest: bySubject(commands.perRequest), touches: commands.touches },
    ...others,
  };
  await writeFile(RESULTS_FILE, `${JSON.stringify(results, undefined, 2)}\n`);
}

function bySubject<T>(map: ReadonlyMap<Subject, T>): Record<string, T> {
  return Object.fromEntries(Array.from(map, ([{ id }, value]) => [id, value]));
}
