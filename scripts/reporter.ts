import { writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import type { TestEvent } from "node:test/reporters";
import { inspect } from "node:util";
import { ROOT } from "./runtimes.ts";

/** What a run of Node's test runner came to: its tests, without the suites and tests that only group others. */
export interface NodeTotals {
  passed: number;
  failed: number;
  skipped: number;
}

/** What a test has to say of the machine it ran on, such as which Python it found, begins so. */
const NOTE = "note: ";

/** Prints failures and notes and nothing else, and writes the totals to the file that `KEEPSAKE_TOTALS` names. */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const totals: NodeTotals = { passed: 0, failed: 0, skipped: 0 };
  const names: string[] = [];
  const printed = new Map<string, string>();
  const failedFiles = new Set<string>();
  const notes = new Set<string>();
  let lastNesting = 0;

  for await (const { type, data } of events) {
    if (type === "test:start") {
      names[data.nesting] = data.name;
    } else if (type === "test:pass") {
      const isGroup = data.details.type === "suite" || lastNesting > data.nesting || isFile(data);
      lastNesting = data.nesting;
      if (data.skip || data.todo) {
        totals.skipped += 1;
        yield `  skipped: ${title(names, data)}\n`;
      } else if (!isGroup) totals.passed += 1;
    } else if (type === "test:fail") {
      lastNesting = data.nesting;
      const { error } = data.details;
      if (data.file !== undefined) failedFiles.add(resolve(ROOT, data.file));
      if ("failureType" in error && error.failureType === "subtestsFailed") continue;
      totals.failed += 1;
      yield `\n  ✗ ${title(names, data)}\n${indent(describe(error.cause ?? error))}\n`;
    } else if (type === "test:diagnostic" && data.message.startsWith(NOTE)) {
      if (!notes.has(data.message)) yield `  ${data.message}\n`;
      notes.add(data.message);
    } else if (type === "test:stdout" && process.env.KEEPSAKE_LONG !== undefined) {
      yield data.message;
    } else if (type === "test:stdout" || type === "test:stderr") {
      const file = resolve(ROOT, data.file);
      printed.set(file, (printed.get(file) ?? "") + data.message);
    }
  }

  for (const file of failedFiles) {
    const text = printed.get(file);
    if (text !== undefined) yield `\n  ${relative(ROOT, file)} printed:\n${indent(text)}\n`;
  }
  if (process.env.KEEPSAKE_TOTALS !== undefined) {
    writeFileSync(process.env.KEEPSAKE_TOTALS, JSON.stringify(totals));
  }
}

interface Place {
  readonly name: string;
  readonly nesting: number;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
}

/** A file without a test is reported as one that passed. */
function isFile({ name, file }: Place): boolean {
  return file !== undefined && resolve(ROOT, name) === resolve(ROOT, file);
}

function title(names: readonly string[], { name, nesting, file, line }: Place): string {
  const path = [...names.slice(0, nesting), name].join(" › ");
  return file === undefined ? path : `${path} (${relative(ROOT, file)}:${line ?? 1})`;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === "string" ? error : inspect(error);
  const stack = (error.stack ?? error.message).replace(/\n +at [^\n]*\bnode:[^\n]*/g, "");
  return error.cause === undefined ? stack : `${stack}\ncaused by: ${describe(error.cause)}`;
}

function indent(text: string): string {
  return text.trimEnd().replace(/^(?=.)/gm, "    ");
}
