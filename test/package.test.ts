import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pack } from "../scripts/pack.ts";
import { run } from "../scripts/processes.ts";
import { binaryOf, HAS_RUNTIMES, ROOT, type Runtime } from "../scripts/runtimes.ts";
import { publint, typesOfPackage } from "../scripts/tasks.ts";
import { App } from "./support/app.ts";
import { readManifest, specifiersOf } from "./support/repository.ts";

const MOST_BYTES = 2.5e6;
const PACKED =
  /^package\/(?:dist\/|(?:package\.json|README\.md|LICENSE|CHANGELOG\.md|SECURITY\.md)$)/;

/** What an application installs besides, for these entries alone: every other must do without. */
const PEERS: Readonly<Record<string, readonly string[]>> = {
  "keepsake/interop/itsdangerous": ["pako"],
};

/** What the types of the adapters refer to. */
/** A complaint of the compiler that is not about the types of another package: those of h3 are not right under all options. */
const NOT_OF_OTHERS = /^(?!node_modules\/(?!keepsake\/)|\s|$).+/m;
const TYPED_PEERS = ["@types/koa", "@types/node", "fastify", "h3", "hono"];

const manifest = await readManifest();
const specifiers = specifiersOf(manifest);
const { output: versionOnPath } = await run("node", ["--version"], {
  env: { PATH: ownPath() },
}).catch(() => ({ output: "" }));

/** Seals a session into a cookie, and opens it again. */
const ROUND_TRIP = `
  import { CookieSessionStore } from "keepsake";
  const secret = "uK3nQ0bTz7XwY5rJm1VdPq9sLh2EgFa4cRi8oN6tWvC";
  const store = new CookieSessionStore({ secret });
  const first = new Request("https://example.org/");
  const session = await store.load(first);
  session.set("cart", ["tea"]);
  const response = new Response();
  await store.save(first, response, session);
  const cookie = response.headers.getSetCookie()[0].split(";")[0];
  const second = await store.load(new Request(first, { headers: { cookie } }));
  console.log(JSON.stringify(second.get("cart")));
`;

/** Every entry, so that the types of each are checked, and one use of them. */
const TYPED_PROGRAM = [
  ...specifiers.map((specifier, index) => `import * as entry${index} from "${specifier}";`),
  'import { Session, SessionError } from "keepsake";',
  "const session = new Session<{ count: number }>();",
  'export const count: number | undefined = session.get("count");',
  'export const code: SessionError["code"] = "ERR_SESSION_GONE";',
  "// @ts-expect-error: not a key of this session's data",
  'session.get("total");',
  `export const entries = [${specifiers.map((_, index) => `entry${index}`).join(", ")}];`,
].join("\n");

describe("The package, packed and installed", () => {
  let folder: string;
  let tarball: string;
  let app: App;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "keepsake-pack-"));
    tarball = await pack(folder);
    app = await App.create();
    await app.install(tarball);
  });
  after(async () => {
    await app.remove();
    await rm(folder, { recursive: true, force: true });
  });

  test("holds what it must and nothing else", async () => {
    const files = (await app.succeed("tar", ["--list", "--file", tarball])).trim().split("\n");
    assert.deepEqual(
      files.filter((file) => !PACKED.test(file) || /\.test\./.test(file)),
      [],
    );
    assert.ok(files.includes("package/dist/index.js"), "dist is missing: npm run build");
    assert.ok(files.includes("package/dist/index.d.ts"));
  });

  test(`is under ${MOST_BYTES / 1e6} MB with all it depends on`, async () => {
    const bytes = await app.installedBytes();
    assert.ok(bytes < MOST_BYTES, `${(bytes / 1e6).toFixed(2)} MB`);
  });

  for (const runtime of runtimes()) {
    for (const specifier of specifiers.filter((each) => PEERS[each] === undefined)) {
      test(`${specifier} can be imported on ${runtime}`, async () => {
        await app.succeed(binaryOf(runtime), evaluate(`await import("${specifier}");`));
      });
    }

    test(`seals and opens on ${runtime}`, async () => {
      assert.equal(await app.succeed(binaryOf(runtime), evaluate(ROUND_TRIP)), '["tea"]\n');
    });
  }

  for (const [specifier, peers] of Object.entries(PEERS)) {
    describe(`${specifier}, which needs ${peers.join(" and ")}`, () => {
      test("says what to install", async () => {
        const code = `await import("${specifier}").catch(({ message }) => console.log(message));`;
        const printed = await app.succeed(process.execPath, evaluate(code));
        assert.ok(printed.includes(peers[0] ?? ""), printed);
      });

      test("can be imported where that is installed", async () => {
        await app.install(...peers.map((name) => `${name}@${manifest.peerDependencies[name]}`));
        for (const runtime of runtimes()) {
          await app.succeed(binaryOf(runtime), evaluate(`await import("${specifier}");`));
        }
      });
    });
  }

  // Out of support, and still what many a machine has: it must work all the same.
  if (versionOnPath.startsWith("v20.")) {
    test("seals and opens on the machine's own Node 20", async () => {
      const { code, output } = await run("node", evaluate(ROUND_TRIP), {
        cwd: app.folder,
        env: { PATH: ownPath() },
      });
      assert.equal(code, 0, output);
      assert.equal(output, '["tea"]\n');
    });
  }

  test("satisfies publint", () => succeed(publint(tarball)));

  test("has types that every kind of resolution finds", () => succeed(typesOfPackage(tarball)));

  describe("its types", () => {
    before(async () => {
      await app.install(...TYPED_PEERS.map((name) => `${name}@${manifest.devDependencies[name]}`));
      await app.write("program.ts", TYPED_PROGRAM);
    });

    for (const [module, moduleResolution] of [
      ["nodenext", "nodenext"],
      ["esnext", "bundler"],
    ] as const) {
      test(`are right under ${moduleResolution}, its own .d.ts files checked too`, async () => {
        const options = { module, moduleResolution, strict: true, noEmit: true, target: "es2024" };
        const compilerOptions = { ...options, types: ["node"], exactOptionalPropertyTypes: true };
        const project = `tsconfig.${moduleResolution}.json`;
        await app.write(project, JSON.stringify({ compilerOptions, files: ["program.ts"] }));
        const tsc = `${ROOT}node_modules/typescript/bin/tsc`;
        const { output } = await run(process.execPath, [tsc, "--project", project], {
          cwd: app.folder,
        });
        assert.doesNotMatch(output, NOT_OF_OTHERS);
      });
    }
  });
});

function runtimes(): readonly Runtime[] {
  return HAS_RUNTIMES ? ["node26", "node22"] : ["node26"];
}

function evaluate(code: string): string[] {
  return ["--input-type=module", "--eval", code];
}

async function succeed({ work }: ReturnType<typeof publint>): Promise<void> {
  const { failed, output } = await work();
  assert.equal(failed, 0, output ?? "");
}

/** The PATH without the folders that npm puts before it, where there is a Node from a package. */
function ownPath(): string {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.filter((path) => !path.includes("node_modules")).join(delimiter);
}
