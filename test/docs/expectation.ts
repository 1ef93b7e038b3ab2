/**
 * The first line that is expected and was not printed, or `undefined`. Every expected line must be printed, in order and
 * as a whole; others may stand between them. `…` stands for anything.
 */
export function missingLine(expected: string, printed: string): string | undefined {
  const lines = trimmedLines(printed);
  let at = 0;
  for (const line of trimmedLines(expected)) {
    const pattern = new RegExp(`^${literally(line).replaceAll("…", ".*")}$`);
    while (at < lines.length && !pattern.test(lines[at] ?? "")) at += 1;
    if (at === lines.length) return line;
    at += 1;
  }
  return undefined;
}

function trimmedLines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
