import { existsSync } from "node:fs";
import { glob, readFile, stat } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { ROOT } from "../../scripts/runtimes.ts";
import { anchorsOf, linksOf } from "./markdown.ts";

export interface Page {
  /** Relative to the repository. */
  readonly file: string;
  readonly text: string;
}

/** Reads files, and the Markdown in folders. */
export async function readPages(paths: readonly string[]): Promise<Page[]> {
  const pages: Page[] = [];
  for (const path of paths) {
    const full = resolve(ROOT, path);
    for (const file of (await stat(full)).isDirectory() ? await markdownIn(full) : [full]) {
      pages.push({ file: relative(ROOT, file), text: await readFile(file, "utf8") });
    }
  }
  return pages;
}

async function markdownIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const file of glob("**/*.md", { cwd: folder })) found.push(resolve(folder, file));
  return found.sort();
}

/** The links of a page that lead nowhere. Those to other sites are not followed. */
export async function brokenLinks({ file, text }: Page): Promise<string[]> {
  const broken: string[] = [];
  for (const { line, target } of linksOf(text)) {
    if (/^[a-z][a-z+.-]*:/i.test(target)) continue;
    const [path = "", anchor] = target.split("#");
    const full = path === "" ? resolve(ROOT, file) : resolve(ROOT, file, "..", path);
    const leads =
      existsSync(full) &&
      (anchor === undefined ||
        !full.endsWith(".md") ||
        anchorsOf(await readFile(full, "utf8")).includes(anchor));
    if (!leads) broken.push(`${file}:${line}: ${target}`);
  }
  return broken;
}
