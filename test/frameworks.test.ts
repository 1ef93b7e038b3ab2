import assert from "node:assert/strict";
import { cp, glob, readFile, rm } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { blocksOf } from "./docs/markdown.ts";
import { Application, type Framework, frameworks, next } from "./frameworks/application.ts";
import { Browser } from "./frameworks/browser.ts";
import { FOLDER, install } from "./frameworks/install.ts";
import { testNext } from "./frameworks/next-cases.ts";
import { read } from "./support/repository.ts";

const MOST_LINES = 40;
/** The example for Next.js, with the pages and actions of `next-cases` in it, so that one build serves both. */
const NEXT_CASES = ".cases";

before(install);

for (const [name, framework] of Object.entries(frameworks)) {
  describe(name, () => {
    const application = serve(name, framework);
    testVisits(application);
  });
}

describe("next", () => {
  before(async () => {
    await rm(`${FOLDER}${NEXT_CASES}`, { recursive: true, force: true });
    for (const folder of ["next", "next-cases"]) {
      await cp(`${FOLDER}${folder}`, `${FOLDER}${NEXT_CASES}`, {
        recursive: true,
        filter: (path) => !path.endsWith(".next"),
      });
    }
  });
  const application = serve(NEXT_CASES, next);
  testVisits(application);
  testNext(application);

  test("logs in and out with forms", async () => {
    const browser = new Browser(application().url);
    for (const [user, greeting] of [
      ["grace", "Hello grace, visit 3"],
      ["", "Hello stranger, visit 1"],
    ] as const) {
      const response = await browser.submit("/", { user });
      assert.deepEqual([response.status, response.headers.get("location")], [303, "/"]);
      assert.equal(await greetingOf(await browser.get("/")), greeting);
    }
  });
});

/** Builds and serves an example for the tests of a suite. */
function serve(folder: string, framework: Framework): () => Application {
  let application: Application | undefined;
  before(async () => {
    application = await Application.start(folder, framework);
  });
  after(() => application?.stop());
  return () => {
    assert.ok(application);
    return application;
  };
}

/** What every example does. */
function testVisits(application: () => Application): void {
  test("counts visits, keeps the count over a login, and forgets at the logout", async () => {
    const browser = new Browser(application().url);
    const greeting = async () => greetingOf(await browser.get("/"));
    const goesToStart = async (path: string) => {
      const { status, headers } = await browser.post(path);
      const { pathname } = new URL(headers.get("location") ?? "", application().url);
      assert.deepEqual([status, pathname], [303, "/"]);
      assert.equal(headers.get("cache-control"), "no-store");
      assert.match(headers.get("vary") ?? "", /\bcookie\b/i);
    };
    assert.equal(await greeting(), "Hello stranger, visit 1");
    assert.equal(await greeting(), "Hello stranger, visit 2");
    await goesToStart("/login?user=grace");
    assert.equal(await greeting(), "Hello grace, visit 3");
    await goesToStart("/logout");
    assert.deepEqual(browser.jar.names, []);
    assert.equal(await greeting(), "Hello stranger, visit 1");
  });

  test("keeps visitors apart", async () => {
    const [ada, bob] = [new Browser(application().url), new Browser(application().url)];
    await ada.post("/login?user=ada");
    await bob.get("/");
    assert.equal(await greetingOf(await ada.get("/")), "Hello ada, visit 1");
    assert.equal(await greetingOf(await bob.get("/")), "Hello stranger, visit 2");
  });
}

async function greetingOf(response: Response): Promise<string> {
  assert.equal(response.status, 200);
  const text = await response.text();
  return /Hello [^<\n]*/.exec(text)?.[0] ?? text;
}

describe("The examples", async () => {
  const sources = await sourcesOf();

  for (const file of sources.filter((each) => !each.startsWith("next-cases/"))) {
    test(`examples/frameworks/${file} has less than ${MOST_LINES} lines`, async () => {
      const lines = (await readFile(`${FOLDER}${file}`, "utf8")).trimEnd().split("\n");
      assert.ok(lines.length < MOST_LINES, `${lines.length} lines`);
    });
  }

  for (const page of ["docs/next.md", "docs/frameworks.md"]) {
    for (const { language, code, line } of blocksOf(page, await read(page))) {
      if (language !== "tsx") continue;
      test(`${page}:${line} is what an example has`, async () => {
        const shown = code.trim();
        const texts = sources.map((file) => readFile(`${FOLDER}${file}`, "utf8"));
        const found = (await Promise.all(texts)).some((text) => text.includes(shown));
        assert.ok(found, "no example has these lines");
      });
    }
  }
});

/** What somebody has written, relative to the folder of the examples. */
async function sourcesOf(): Promise<string[]> {
  const files: string[] = [];
  const exclude = (path: string) => /(?:^|\/)(?:\.\w+|build|dist|node_modules)$/.test(path);
  for await (const file of glob("*/**/*.{ts,tsx,astro,svelte}", { cwd: FOLDER, exclude })) {
    files.push(file);
  }
  return files.sort();
}
