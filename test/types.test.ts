import assert from "node:assert/strict";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { run } from "../scripts/processes.ts";
import { list, ROOT, read, readManifest } from "./support/repository.ts";

/** How the programs of a folder say what the data is: by augmenting `SessionData`, or by an argument of `sessions`. */
const VARIANTS = ["augmented", "argument"] as const;
const FOLDER = `.tmp/types/${process.pid}`;
/** What a line that must not compile is told, and why it must not. */
const DIRECTIVE = /^\s*\/\/ @ts-expect-error (TS\d+): \S/;

interface Problem {
  readonly file: string;
  readonly line: number;
  readonly code: string;
  readonly text: string;
}

type Options = Readonly<Record<string, unknown>>;

const NODENEXT: Options = { module: "nodenext", moduleResolution: "nodenext" };
const BUNDLER: Options = { module: "esnext", moduleResolution: "bundler" };
const EXACT: Options = { exactOptionalPropertyTypes: true };
const INEXACT: Options = { exactOptionalPropertyTypes: false };
const LIBRARIES_TOO: Options = { skipLibCheck: false };

/** What applications compile with. */
const RUNS: Readonly<Record<string, Options>> = {
  "nodenext, exact optional properties, libraries checked too": {
    ...NODENEXT,
    ...EXACT,
    ...LIBRARIES_TOO,
  },
  "nodenext, inexact optional properties": { ...NODENEXT, ...INEXACT },
  "bundler, exact optional properties, libraries checked too": {
    ...BUNDLER,
    ...EXACT,
    ...LIBRARIES_TOO,
  },
  "bundler, inexact optional properties": { ...BUNDLER, ...INEXACT },
};
/** Applications have the built types; without this, those of the sources count. */
const BUILT: Options = { customConditions: [] };

before(() => mkdir(`${ROOT}${FOLDER}`, { recursive: true }));
after(() => rm(`${ROOT}${FOLDER}`, { recursive: true, force: true }));

for (const variant of VARIANTS) {
  describe(`The programs in test/types/${variant}`, () => {
    for (const [name, options] of Object.entries(RUNS)) {
      test(`compile but for what must not, as built: ${name}`, async () => {
        const problems = await compile(`${ROOT}test/types/${variant}`, { ...options, ...BUILT });
        assert.deepEqual(problems, []);
      });
    }

    test("do not compile for the reason that each line gives, and no other", async () => {
      const copies = `${ROOT}${FOLDER}/${variant}-copies`;
      await cp(`${ROOT}test/types`, copies, { recursive: true });
      const expected: string[] = [];
      for (const file of await list(`test/types/${variant}/*.ts`)) {
        const source = await read(file);
        for (const [index, line] of source.split("\n").entries()) {
          if (!line.includes("@ts-expect-error")) continue;
          const [, code] = DIRECTIVE.exec(line) ?? [];
          assert.ok(code, `${file}:${index + 1} names no code and no reason`);
          expected.push(`${nameOf(file)}:${index + 2} ${code}`);
        }
        await writeFile(
          `${copies}/${variant}/${nameOf(file)}`,
          source.replaceAll("@ts-expect-error", "must not compile:"),
        );
      }
      const problems = await compile(`${copies}/${variant}`, {});
      assert.deepEqual(
        problems.map(({ file, line, code }) => `${nameOf(file)}:${line} ${code}`),
        expected,
      );
    });

    test("are one for every adapter", async () => {
      const adapters = Object.keys((await readManifest()).exports)
        .filter((subpath) => subpath.startsWith("./adapters/"))
        .map(nameOf);
      const programs = (await list(`test/types/${variant}/*.ts`)).map(nameOf);
      assert.deepEqual(
        adapters.filter((name) => !programs.includes(`${name}.ts`)),
        [],
      );
    });
  });
}

/** Compiles a folder of programs, and tells in order what is wrong with them or with the types of this package. */
async function compile(folder: string, compilerOptions: Options): Promise<Problem[]> {
  const project = `${ROOT}${FOLDER}/${crypto.randomUUID()}.json`;
  await writeFile(
    project,
    JSON.stringify({
      extends: `${ROOT}test/types/tsconfig.json`,
      compilerOptions,
      include: [`${folder}/*.ts`],
    }),
  );
  const { code, output } = await run(process.execPath, [
    `${ROOT}node_modules/typescript/bin/tsc`,
    "--project",
    project,
    "--pretty",
    "false",
  ]);
  const problems = problemsIn(output);
  assert.ok(code === 0 || problems.length > 0, output);
  // The types of some frameworks do not compile by themselves.
  return problems.filter(({ file }) => !file.includes("node_modules/"));
}

function problemsIn(output: string): Problem[] {
  return [...output.matchAll(/^(\S+)\((\d+),\d+\): error (TS\d+): (.*(?:\n .*)*)/gm)].map(
    ([, file = "", line, code = "", text = ""]) => ({ file, line: Number(line), code, text }),
  );
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
