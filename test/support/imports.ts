export interface Import {
  readonly specifier: string;
  /** `import type` and `export type … from`: nothing of it is left at run time. */
  readonly typeOnly: boolean;
}

const STATEMENT =
  /^[ \t]*(?:import|export)\b(?<type>[ \t]+type\b(?![ \t]*(?:,|from\b)))?(?:[^'";=()]*?\bfrom)?\s*["'](?<specifier>[^"'\n]+)["']/gm;
const DYNAMIC = /\bimport\s*\(\s*["'](?<specifier>[^"'\n]+)["']/g;

/** What a source file imports and re-exports. By pattern, because TypeScript 7 has no API to parse with. */
export function importsOf(source: string): Import[] {
  const code = withoutComments(source);
  const found: Import[] = [];
  for (const { groups } of code.matchAll(STATEMENT)) {
    found.push({ specifier: groups?.specifier ?? "", typeOnly: groups?.type !== undefined });
  }
  for (const { groups } of code.matchAll(DYNAMIC)) {
    found.push({ specifier: groups?.specifier ?? "", typeOnly: false });
  }
  return found;
}

/** Blanks comments out, lines kept. A `//` after a colon is a URL's. */
export function withoutComments(source: string): string {
  return source
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ""))
    .replace(/(?<![:"'`\\])\/\/.*$/gm, "");
}
