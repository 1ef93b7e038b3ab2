import { CASE_NAMES, CASES } from "../parts/cases.ts";
import type { Subject } from "../subjects/subject.ts";
import { columns, figure, spread, titleOf } from "./figures.ts";
import type { Line } from "./line.ts";
import type { Measurements } from "./measurements.ts";

/** The figures that the goals do not show, as far as they were measured. */
export function printMeasurements({
  inProcess,
  http,
  commands,
  memory,
  imports,
}: Partial<Measurements>): void {
  if (inProcess !== undefined) printInProcess(inProcess);
  if (http !== undefined) printHttp(http);
  if (commands !== undefined) {
    print("Commands at the database for each request", [
      ["", "framework", "read", "change"],
      ...Array.from(commands.perRequest, ([subject, { read, change }]) => [
        ...namesOf(subject),
        figure(read),
        figure(change),
      ]),
    ]);
  }
  if (memory !== undefined) {
    print("Bytes of a live session", [Object.keys(memory), Object.values(memory).map(figure)]);
  }
  if (imports !== undefined) printImports(imports);
}

function printInProcess({ times, floors }: Measurements["inProcess"]): void {
  print("Processor time above the bare framework, µs a request", [
    ["", "framework", ...CASE_NAMES.map((name) => CASES[name].title)],
    ...Array.from(times, ([subject, cases]) => [
      ...namesOf(subject),
      ...CASE_NAMES.map((name) => spread(cases[name])),
    ]),
  ]);
  print("The same work without a library, µs", [
    Object.keys(floors),
    Object.values(floors).map(spread),
  ]);
}

function printHttp({ shares, busy }: Measurements["http"]): void {
  print("Over HTTP, requests a second as a share of the bare framework", [
    ["", "framework", "read", "change", "server busy"],
    ...Array.from(shares, ([subject, { read, change }]) => [
      ...namesOf(subject),
      spread(read),
      spread(change),
      figure(busy.get(subject) ?? Number.NaN),
    ]),
  ]);
}

function printImports({ times, sizes }: Measurements["imports"]): void {
  print(
    "Milliseconds to import",
    Object.entries(times).map(([name, time]) => [name, spread(time)]),
  );
  print(
    "Kilobytes on disk",
    Object.entries(sizes).map(([name, size]) => [name, figure(size / 1000)]),
  );
}

function namesOf(subject: Subject): [string, string] {
  return [titleOf(subject), subject.framework];
}

/** Each goal with its parts. */
export function printLines(lines: readonly Line[]): void {
  const rows = lines.flatMap((line) => [
    [`${mark(line.met)} ${line.id}`, "", "", "", ""],
    ...line.parts.map((part) => [
      part.isJudged ? `    ${mark(part.met)} ${part.id}` : `   (${mark(part.met)}) ${part.id}`,
      figure(part.value),
      figure(part.goal),
      part.floor === null ? "" : figure(part.floor),
      part.bestPeer === null ? "" : `${figure(part.bestPeer)} ${part.bestPeerName}`,
    ]),
  ]);
  print("Goals", [["", "value", "goal", "floor", "best peer"], ...rows]);
}

function mark(met: boolean): string {
  return met ? "✓" : "✗";
}

function print(title: string, rows: readonly (readonly string[])[]): void {
  console.log(`\n${title}\n${columns(rows)}`);
}
