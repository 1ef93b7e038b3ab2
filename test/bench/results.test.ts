import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { newestRun } from "../../bench/report/measurements.ts";
import { parseNotes } from "../../bench/report/notes.ts";
import { renderPage } from "../../bench/report/page.ts";
import { plot } from "../../bench/report/plot.ts";
import { plotsOf } from "../../bench/report/plots.ts";
import { formatResults, parseResults } from "../../bench/report/results.ts";
import { CIRCUMSTANCES, goodMeasurements, resultsOf } from "./measurements.ts";

const all = resultsOf(goodMeasurements());

describe("bench/results.json", () => {
  test("has the Node, the date, and a line for each goal", () => {
    const { node, date, lines } = JSON.parse(formatResults(all));
    assert.deepEqual([node, date, lines.length], [CIRCUMSTANCES.node, CIRCUMSTANCES.date, 10]);
    for (const line of lines) {
      assert.equal(typeof line.id, "string");
      assert.equal(typeof line.unit, "string");
      assert.equal(typeof line.met, "boolean");
      for (const name of ["value", "goal"]) assert.equal(typeof line[name], "number", name);
      for (const name of ["floor", "bestPeer"]) {
        assert.ok(line[name] === null || typeof line[name] === "number", name);
      }
    }
  });

  test("is read as it was written, so that a run of some parts can go on from it", () => {
    const read = parseResults(formatResults(all));
    assert.deepEqual(read, all);
    assert.equal(formatResults(read), formatResults(all));
  });

  test("of some parts has those, each with its own run", () => {
    const { growth } = goodMeasurements();
    const later = { ...CIRCUMSTANCES, date: "2026-11-21T10:00:00.000Z" };
    const both = {
      measurements: { ...all.measurements, growth },
      runs: { ...all.runs, growth: later },
    };
    const { date, runs } = JSON.parse(formatResults(both));
    assert.equal(date, later.date);
    assert.equal(runs.memory.date, CIRCUMSTANCES.date);
    assert.equal(newestRun(both), later);
  });
});

describe("docs/benchmarks.md", () => {
  const missed = resultsOf({
    ...goodMeasurements(),
    memory: { ...goodMeasurements().memory, keepsake: 745 },
  });

  test("says of each goal whether it is met", () => {
    const page = renderPage(missed, new Map());
    assert.match(page, /^\| untouched \|.*\| met \|/m);
    assert.match(
      page,
      /^\| memory-per-session \|.*\| \*\*not met\*\* \| memory-per-session: 745 \(goal 668\) \|$/m,
    );
  });

  test("shows the note of a goal that is missed, and none of one that is met", () => {
    const notes = parseNotes(
      "# Notes\n\n## memory-per-session\n\nIt has times.\n\n## growth\n\nGone.\n",
    );
    const page = renderPage(missed, notes);
    assert.match(page, /### Not met: memory-per-session\n\nIt has times\.\n/);
    assert.doesNotMatch(page, /Gone\./);
  });

  test("says where a missed goal has no note", () => {
    const page = renderPage(missed, parseNotes("## memory-per-session\n\n"));
    assert.match(
      page,
      /### Not met: memory-per-session\n\nNothing has been written about it yet\./,
    );
  });

  test("names in what they fall short beside the figures of the others", () => {
    const page = renderPage(all, new Map());
    assert.match(page, /^\| cookie-session \| express \|.*does not encrypt.*\|$/m);
    assert.match(page, /^\| express-session, memory \|.*begins before the save has ended.*\|$/m);
  });

  test("says of parts of another run when that was, and of a quick or disturbed one what it was", () => {
    const runs = {
      ...all.runs,
      sweep: { ...CIRCUMSTANCES, date: "2026-11-19T10:00:00.000Z", isQuick: true, load: 3 },
    };
    const page = renderPage({ ...all, runs }, new Map());
    const [, sweep = ""] = page.split("## Sweep");
    assert.match(sweep, /Measured on 2026-11-19, Node 26\.10\.0\. \*\*A quick run/);
    assert.match(sweep, /busy with other work \(3\.00 processors in use\)/);
    assert.doesNotMatch(page.split("## Sweep")[0] ?? "", /quick run:/);
  });

  test("is of what was measured: parts that were not are left out", () => {
    const { memory } = goodMeasurements();
    const page = renderPage(resultsOf({ memory }), new Map());
    assert.deepEqual(
      [...page.matchAll(/^## (.*)$/gm)].map(([, title]) => title),
      ["Goals", "Memory of a live session", "How it is measured"],
    );
  });

  test("shows no plot that is not written", () => {
    for (const results of [all, resultsOf({ memory: goodMeasurements().memory })]) {
      const shown = [...renderPage(results, new Map()).matchAll(/\]\(benchmarks\/([^)]+)\)/g)];
      assert.deepEqual(
        shown.map(([, file]) => file).sort(),
        Object.keys(plotsOf(results.measurements)).sort(),
      );
    }
  });
});

describe("a plot", () => {
  const svg = plot({
    title: "A & <B>",
    unit: "µs",
    bars: [
      { label: "ours", value: 1, text: "1.00", kind: "ours" },
      { label: "none", value: 0, text: "0", kind: "floor" },
      { label: "peer", value: 4, text: "4.00", kind: "peer" },
    ],
  });
  const widthOf = (kind: string) =>
    Number(new RegExp(`class="${kind}" [^>]*width="([\\d.]+)"`).exec(svg)?.[1]);

  test("has bars as long as their values", () => {
    assert.equal(widthOf("peer"), 4 * widthOf("ours"));
    assert.equal(widthOf("floor"), 1, "what is nothing can still be seen");
  });

  test("is text that no label breaks", () => {
    assert.match(svg, /A &amp; &lt;B&gt;/);
    assert.doesNotMatch(svg, /A & </);
  });
});
