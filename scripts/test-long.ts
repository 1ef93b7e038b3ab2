import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { endWithChildren } from "./processes.ts";
import { ROOT } from "./runtimes.ts";
import { servicesFor, servicesStep } from "./services/step.ts";
import { conclude, runSteps } from "./steps.ts";
import { testFiles } from "./test-files.ts";
import { testsOn } from "./test-runs.ts";

/** Tests that try a million cases instead of some hundreds read this, and print what they found. */
const LONG = "KEEPSAKE_LONG";

/** The test files that read it, or import a file that does. */
async function longTests(words: readonly string[]): Promise<string[]> {
  const texts = new Map<string, string>();
  for (const file of await testFiles("node26")) {
    texts.set(file, await readFile(`${ROOT}${file}`, "utf8"));
  }
  const readers = [...texts.keys()].filter((file) => texts.get(file)?.includes(LONG));
  const marks = [LONG, ...readers.map((file) => `/${basename(file)}"`)];
  return (await testFiles("node26", words)).filter((file) =>
    marks.some((mark) => texts.get(file)?.includes(mark)),
  );
}

endWithChildren();
const files = await longTests(process.argv.slice(2));
const needed = await servicesFor(files);
const services = servicesStep(needed);
const tests = testsOn("node26", files, () => ({ ...services.env(), [LONG]: "1" }));
conclude(await runSteps(needed.length === 0 ? [tests] : [services, tests]));
