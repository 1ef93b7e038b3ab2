import { readFile } from "node:fs/promises";
import { ROOT } from "../../scripts/runtimes.ts";

/** Written by hand: what there is to say to a goal that is not met, under a heading with the id of its line. */
const FILE = `${ROOT}bench/notes.md`;

/** The text for each line that has one. */
export type Notes = ReadonlyMap<string, string>;

export async function readNotes(): Promise<Notes> {
  return parseNotes(await readFile(FILE, "utf8").catch(() => ""));
}

/** Reads the sections of a page. One that says nothing is none. */
export function parseNotes(page: string): Notes {
  const sections = page.split(/^## /m).slice(1);
  return new Map(
    sections.flatMap((section): [string, string][] => {
      const [heading = "", ...lines] = section.split("\n");
      const text = lines.join("\n").trim();
      return text === "" ? [] : [[heading.trim(), text]];
    }),
  );
}
