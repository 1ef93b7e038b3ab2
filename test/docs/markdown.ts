export interface Block {
  /** Relative to the repository. */
  readonly file: string;
  /** The line of the opening fence. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
}

export interface Link {
  readonly line: number;
  readonly target: string;
}

const FENCE = /^(?<indent> *)(?<fence>`{3,}|~{3,})[ \t]*(?<language>[^\s`]*)/;

/** The fenced blocks of a page, in order. One inside a list loses the list's indent. */
export function blocksOf(file: string, markdown: string): Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    const { groups } = FENCE.exec(lines[at] ?? "") ?? {};
    if (groups === undefined) continue;
    const { indent = "", fence = "", language = "" } = groups;
    const line = at + 1;
    const code: string[] = [];
    for (at += 1; at < lines.length && lines[at]?.trim() !== fence; at += 1) {
      const text = lines[at] ?? "";
      code.push(text.startsWith(indent) ? text.slice(indent.length) : text.trimStart());
    }
    blocks.push({ file, line, language, code: code.join("\n") });
  }
  return blocks;
}

/** The targets of a page's links, in text and not in code. */
export function linksOf(markdown: string): Link[] {
  return prose(markdown)
    .split("\n")
    .flatMap((text, index) =>
      [...text.matchAll(/\]\(<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)/g)].map(
        ([, inline, reference]) => ({ line: index + 1, target: inline ?? reference ?? "" }),
      ),
    );
}

/** What can stand behind a `#` in a link to a page: its headings, as GitHub spells them. */
export function anchorsOf(markdown: string): string[] {
  const seen = new Map<string, number>();
  return [...withoutBlocks(markdown).matchAll(/^#{1,6} +(.+?) *#* *$/gm)].map(
    ([, heading = ""]) => {
      const slug = heading
        .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(" ", "-");
      const times = seen.get(slug) ?? 0;
      seen.set(slug, times + 1);
      return times === 0 ? slug : `${slug}-${times}`;
    },
  );
}

function prose(markdown: string): string {
  return withoutBlocks(markdown).replace(/(`+)[^`\n][^\n]*?\1/g, "");
}

/** Blanks fenced blocks out, lines kept. */
function withoutBlocks(markdown: string): string {
  return markdown.replace(/^ *(`{3,}|~{3,})[\s\S]*?^ *\1 *$/gm, (block) =>
    block.replace(/[^\n]/g, ""),
  );
}
