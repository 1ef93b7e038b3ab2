/** A bar, and what it stands for. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Behind the bar. */
  readonly text: string;
  /** `ours` stands out; `floor` is what no library can do without. */
  readonly kind: "ours" | "peer" | "floor";
}

export interface Plot {
  readonly title: string;
  /** What the lengths are. */
  readonly unit: string;
  readonly bars: readonly Bar[];
}

const WIDTH = 760;
const LABELS = 290;
const TEXTS = 70;
const ROW = 22;
const HEAD = 52;

/** It is shown on light and dark pages. */
const STYLE = `text{font:12px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600;font-size:14px}.unit,.text{fill:#59636e}
.ours{fill:#0969da}.peer{fill:#afb8c1}.floor{fill:#d4a72c}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.unit,.text{fill:#9198a1}.ours{fill:#4493f8}.peer{fill:#57606a}.floor{fill:#bb8009}}`;

/** Horizontal bars as SVG, the shortest first where that is best. */
export function plot({ title, unit, bars }: Plot): string {
  const longest = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const scale = (WIDTH - LABELS - TEXTS) / longest;
  const height = HEAD + bars.length * ROW + 8;
  const rows = bars.map(({ label, value, text, kind }, index) => {
    const y = HEAD + index * ROW;
    const width = Math.max(value * scale, 1).toFixed(1);
    const end = (LABELS + Math.max(value * scale, 1) + 6).toFixed(1);
    return [
      `<text x="${LABELS - 8}" y="${y + 14}" text-anchor="end">${escaped(label)}</text>`,
      `<rect class="${kind}" x="${LABELS}" y="${y + 2}" width="${width}" height="${ROW - 6}" rx="2"/>`,
      `<text class="text" x="${end}" y="${y + 14}">${escaped(text)}</text>`,
    ].join("\n");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(title)}">
<style>${STYLE}</style>
<text class="title" x="8" y="20">${escaped(title)}</text>
<text class="unit" x="8" y="38">${escaped(unit)}</text>
${rows.join("\n")}
</svg>
`;
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
