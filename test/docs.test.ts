import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import * as keepsake from "keepsake";
import { serviceUrl } from "../scripts/services/index.ts";
import { createDatabase } from "./docs/database.ts";
import { Example } from "./docs/example.ts";
import { missingLine } from "./docs/expectation.ts";
import { type Block, blocksOf } from "./docs/markdown.ts";
import { brokenLinks, readPages } from "./docs/pages.ts";
import { checkCommands, isCurl, runCurl } from "./docs/shell.ts";
import { writePrograms } from "./docs/typecheck.ts";
import { list, ROOT, readManifest } from "./support/repository.ts";

/** Shown, and not checked; Python by test/format.test.ts, what is of a framework that needs a build by test/frameworks.test.ts. */
const UNCHECKED = ["json", "text", "diff", "python", "tsx"];

const { scripts } = await readManifest();
const pages = await readPages(process.env.KEEPSAKE_DOCS?.split(":") ?? ["README.md", "docs"]);
const blocks = pages.map(({ file, text }) => blocksOf(file, text));
const programsFolder = `.tmp/docs/${process.pid}`;
const programs = await writePrograms(
  programsFolder,
  blocks.flat().filter(({ language }) => language === "ts"),
  Object.keys(keepsake),
);
const database = await createDatabase();
const env = { DATABASE_URL: database.url, VALKEY_URL: await serviceUrl("valkey") };
after(async () => {
  await database.remove();
  await rm(`${ROOT}${programsFolder}`, { recursive: true, force: true });
});

for (const onPage of blocks) {
  if (onPage.length > 0) describe(`The examples of ${onPage[0]?.file}`, () => testPage(onPage));
}

/** In the order of the page: what is asked with `curl` is asked of the last server above it. */
function testPage(onPage: readonly Block[]): void {
  let folder: string;
  let server: Example | undefined;
  before(async () => {
    // Inside the repository, because Deno looks for a package.json from where it is started.
    folder = await mkdtemp(`${ROOT}${programsFolder}/run-`);
  });
  after(async () => {
    await server?.stop();
  });

  for (const [index, block] of onPage.entries()) {
    const title = `${block.file}:${block.line} (${block.language})`;
    if (block.language === "ts") {
      test(title, async () => {
        const program = programs.find((each) => each.block === block);
        assert.ok(program);
        assert.ok(program.problems.length === 0, program.problems.join("\n"));
        const example = await Example.start(program, folder, env);
        if (example.port === undefined) return;
        await server?.stop();
        server = example;
      });
    } else if (isCurl(block)) {
      test(title, async () => {
        assert.ok(server?.port, "no server runs: none of the examples above it starts one");
        const printed = await runCurl(block, server.port, folder);
        const expected = onPage[index + 1];
        if (expected?.language !== "text") return;
        const missing = missingLine(expected.code, printed);
        assert.ok(missing === undefined, `not printed: ${missing}\n\nprinted:\n${printed}`);
      });
    } else if (block.language === "sh") {
      test(title, () => checkCommands(block, scripts, folder));
    } else {
      test(title, () => {
        assert.ok(UNCHECKED.includes(block.language), `no examples in "${block.language}"`);
      });
    }
  }
}

describe("Links", async () => {
  const others = await readPages(await list("*.md"));
  const files = new Map([...pages, ...others].map((page) => [page.file, page]));
  for (const page of files.values()) {
    test(`of ${page.file} lead somewhere`, async () => {
      assert.deepEqual(await brokenLinks(page), []);
    });
  }
});
