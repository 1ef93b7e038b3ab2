import { CASE_NAMES, CASES } from "../parts/cases.ts";
import { columns, figure, spread, titleOf } from "./figures.ts";
import type { Line } from "./line.ts";
import type { Measurements } from "./measurements.ts";

/** The figures that the goals do not show. */
export function printMeasurements({
  inProcess,
  http,
  commands,
  memory,
  imports,
}: Measurements): void {
  print("Processor time above the bare framework, µs a request", [
    ["", "framework", ...CASE_NAMES.map((name) => CASES[name].title)],
    ...Array.from(inProcess.times, ([subject, times]) => [
      titleOf(subject),
      subject.framework,
      ...CASE_NAMES.map((name) => spread(times[name])),
    ]),
  ]);
  print("The same work without a library, µs", [
    Object.keys(inProcess.floors),
    Object.values(inProcess.floors).map(spread),
  ]);
  print("Over HTTP, requests a second as a share of the bare framework", [
    ["", "framework", "read", "change", "server busy"],
    ...Array.from(http.shares, ([subject, { read, change }]) => [
      titleOf(subject),
      subject.framework,
      spread(read),
      spread(change),
      figure(http.busy.get(subject) ?? Number.NaN),
    ]),
  ]);
  print("Commands at the database for each request", [
    ["", "framework", "read", "change"],
    ...Array.from(commands.perRequest, ([subject, { read, change }]) => [
      titleOf(subject),
      subject.framework,
      figure(read),
      figure(change),
    ]),
  ]);
  print("Bytes of a live session", [Object.keys(memory), Object.values(memory).map(figure)]);
  print(
    "Milliseconds to import",
    Object.entries(imports.times).map(([name, time]) => [name, spread(time)]),
  );
  print(
    "Kilobytes on disk",
    Object.entries(imports.sizes).map(([name, size]) => [name, figure(size / 1000)]),
  );
}

/** Each goal with its parts. */
export function printLines(lines: readonly Line[]): void {
  const rows = lines.flatMap((line) => [
    [`${mark(line.met)} ${line.id}`, "", "", "", ""],
    ...line.parts.map((part) => [
      `    ${mark(part.met)} ${part.id}`,
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
