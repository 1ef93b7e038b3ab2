import { CASES, type CaseName } from "../parts/cases.ts";
import type { Subject } from "../subjects/subject.ts";
import { figure } from "./figures.ts";
import type { Measurements } from "./measurements.ts";
import { type Bar, plot } from "./plot.ts";

/** The plots of the page, by the names of their files. */
export function plotsOf({
  inProcess,
  http,
  memory,
}: Partial<Measurements>): Readonly<Record<string, string>> {
  return {
    ...(inProcess && {
      "read.svg": processorPlot(inProcess, "read"),
      "change.svg": processorPlot(inProcess, "change"),
    }),
    ...(http && { "http.svg": httpPlot(http) }),
    ...(memory && { "memory.svg": memoryPlot(memory) }),
  };
}

function httpPlot({ shares }: Measurements["http"]): string {
  const bars = Array.from(shares, ([subject, { read }]) => bar(subject, read.median));
  return plot({
    title: "Over HTTP: read one key",
    unit: "requests a second as a share of the bare framework; more is better",
    bars: bars.filter((each) => each !== undefined).toSorted((a, b) => b.value - a.value),
  });
}

function memoryPlot(bytes: Measurements["memory"]): string {
  const bars = Object.entries(bytes).map(([name, value]): Bar => {
    const label = name === "map" ? "a Map of id to JSON text" : name;
    const kind = name === "map" ? "floor" : name === "keepsake" ? "ours" : "peer";
    return { label, value, text: figure(value), kind };
  });
  return plot({
    title: "Memory of a live session of 300 bytes",
    unit: "bytes; less is better",
    bars: bars.toSorted((a, b) => a.value - b.value),
  });
}

function processorPlot({ times }: Measurements["inProcess"], name: CaseName): string {
  const bars = Array.from(times, ([subject, cases]) => bar(subject, cases[name].median));
  return plot({
    title: `In one process: ${CASES[name].title}`,
    unit: "µs of processor time a request above the bare framework; less is better",
    bars: bars.filter((each) => each !== undefined).toSorted((a, b) => a.value - b.value),
  });
}

/** Of everybody at their best. */
function bar(subject: Subject, value: number): Bar | undefined {
  const { title, framework, kind, setting } = subject;
  if (kind === "bare" || setting === "default") return undefined;
  return { label: `${title} (${framework})`, value: Math.max(value, 0), text: figure(value), kind };
}
