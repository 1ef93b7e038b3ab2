import type { Measured } from "../harness/statistics.ts";
import type { Subject } from "../subjects/subject.ts";

/** Three digits, as many as the measurements are good for. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString("en-US");
  return value.toFixed(size >= 10 ? 1 : 2);
}

/** The median, and the quartiles where they are far apart. */
export function spread({ median, low, high }: Measured): string {
  const isWide = high - low > Math.abs(median) * 0.1;
  return isWide ? `${figure(median)} (${figure(low)}–${figure(high)})` : figure(median);
}

export function titleOf({ title, setting }: Subject): string {
  return setting === "default" ? `${title}, by default` : title;
}

/** Columns of text as wide as they need be; the first one to the left. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, place) =>
    Math.max(...rows.map((row) => row[place]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, place) => {
          const width = widths[place] ?? 0;
          return place === 0 ? cell.padEnd(width) : cell.padStart(width);
        })
        .join("  "),
    )
    .join("\n");
}

/** A table of Markdown. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [row(header), `|${"---|".repeat(header.length)}`, ...rows.map(row)].join("\n");
}
