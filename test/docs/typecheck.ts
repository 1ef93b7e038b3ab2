import { mkdir, rm, writeFile } from "node:fs/promises";
import { run } from "../../scripts/processes.ts";
import { ROOT } from "../../scripts/runtimes.ts";
import type { Block } from "./markdown.ts";
import { changesTypes, programOf } from "./program.ts";

/** A block, as the file it was written to. */
export interface Program {
  readonly block: Block;
  readonly path: string;
  /** What the compiler says, in lines of the page. */
  readonly problems: readonly string[];
}

const OPTIONS = { isolatedDeclarations: false, declaration: false, noUnusedLocals: false };

/** What the runtimes have beside the web's own names, as far as examples need it. */
const GLOBALS = `
declare const Bun: {
  serve(options: { port?: number; fetch(request: Request): Response | Promise<Response> }): { readonly port: number };
};
declare namespace Bun {
  interface Server {
    upgrade(request: Request, options: { data: unknown }): boolean;
  }
  interface ServerWebSocket<T> {
    readonly data: T;
    send(text: string): void;
  }
}
declare module "cloudflare:workers" {
  export const env: Readonly<Record<string, string>>;
}
declare const Deno: {
  serve(options: { port?: number }, handler: (request: Request) => Response | Promise<Response>): unknown;
  serve(handler: (request: Request) => Response | Promise<Response>): unknown;
  readonly env: { get(name: string): string | undefined; toObject(): Record<string, string> };
};
`;

/** Writes blocks to a folder inside the repository, where `keepsake` means this package, and type-checks them. */
export async function writePrograms(
  folder: string,
  blocks: readonly Block[],
  names: readonly string[],
): Promise<Program[]> {
  await rm(`${ROOT}${folder}`, { recursive: true, force: true });
  const together = blocks.filter((block) => !changesTypes(block));
  const alone = blocks.filter(changesTypes);
  const projects = [
    writeProject(`${folder}/together`, together, names),
    ...alone.map((block) => writeProject(`${folder}/${nameOf(block)}`, [block], names)),
  ];
  return (await Promise.all(projects)).flat();
}

async function writeProject(
  folder: string,
  blocks: readonly Block[],
  names: readonly string[],
): Promise<Program[]> {
  const root = `${ROOT}${folder}`;
  await mkdir(root, { recursive: true });
  await writeFile(`${root}/globals.d.ts`, GLOBALS);
  await writeFile(
    `${root}/tsconfig.json`,
    JSON.stringify({
      extends: `${ROOT}tsconfig.json`,
      compilerOptions: OPTIONS,
      include: ["*.ts"],
      exclude: [],
    }),
  );
  for (const block of blocks) {
    await writeFile(`${root}/${nameOf(block)}.ts`, programOf(block, names));
  }
  const { output } = await run(process.execPath, [
    `${ROOT}node_modules/typescript/bin/tsc`,
    "--project",
    `${root}/tsconfig.json`,
    "--pretty",
    "false",
  ]);
  return blocks.map((block) => ({
    block,
    path: `${root}/${nameOf(block)}.ts`,
    problems: problemsOf(block, output),
  }));
}

function nameOf({ file, line }: Block): string {
  return `${file.replace(/\.md$/, "").replace(/[^\w-]+/g, "_")}-${line}`;
}

function problemsOf(block: Block, output: string): string[] {
  const pattern = new RegExp(`${nameOf(block)}\\.ts\\((\\d+),\\d+\\): (.*(?:\\n .*)*)`, "g");
  return [...output.matchAll(pattern)].map(
    // The fence is above the first line, as the preamble is.
    ([, line, problem]) => `${block.file}:${block.line + Number(line) - 1}: ${problem}`,
  );
}
