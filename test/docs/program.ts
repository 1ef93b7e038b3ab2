import type { Block } from "./markdown.ts";

/** A good secret, for examples alone. */
export const SECRET = "uK3nQ0bTz7XwY5rJm1VdPq9sLh2EgFa4cRi8oN6tWvC";

const SESSION = "new Session<{ cart: string[]; count: number; [key: string]: unknown }>()";

/**
 * A TypeScript block as a program. One without an import is a piece of a handler: it is given the names of `keepsake`,
 * `session` and `secret`. The first line of the block is the second line of the program.
 */
export function programOf({ code }: Block, names: readonly string[]): string {
  if (/^\s*import\b/m.test(code)) return `export {};\n${code}\n`;
  const preamble =
    `import { ${names.join(", ")} } from "keepsake"; ` +
    `const secret = "${SECRET}"; const session = ${SESSION}; void secret; void session;`;
  // In a scope of its own, it may use those names for something else.
  const mustBeOnTop = /^(?:export|declare)\b/m.test(code);
  return mustBeOnTop ? `${preamble}\n${code}\n` : `${preamble} {\n${code}\n}\n`;
}

/** Whether it changes the types of every program that is checked with it. */
export function changesTypes({ code }: Block): boolean {
  return /^\s*declare (?:module|global)\b/m.test(code);
}

const RUNTIMES = ["bun", "deno", "worker"] as const;

/** Where a block is meant to run: its first line may say `// bun`, `// deno` or `// worker`. */
export function runtimeOf({ code }: Block): (typeof RUNTIMES)[number] | "node26" {
  const [, name] = /^\/\/ (\w+)$/m.exec(code.trimStart().split("\n")[0] ?? "") ?? [];
  return RUNTIMES.find((each) => each === name?.toLowerCase()) ?? "node26";
}
