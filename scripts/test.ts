import { chromium } from "./chromium.ts";
import { endWithChildren } from "./processes.ts";
import { HAS_RUNTIMES, type Runtime } from "./runtimes.ts";
import { servicesFor, servicesStep } from "./services/step.ts";
import { conclude, runSteps, type Step } from "./steps.ts";
import { build, lint, types } from "./tasks.ts";
import { testFiles } from "./test-files.ts";
import { testsOn } from "./test-runs.ts";

const OTHER_RUNTIMES: readonly Runtime[] = [
  "node24",
  "node22",
  "bun",
  "deno",
  "workerd",
  "workerd with nodejs_compat",
];

const browser: Step = {
  title: "Browser (chromium)",
  work: async () => {
    await chromium();
    return { passed: 1, failed: 0 };
  },
};

const needsBrowser = (file: string): boolean => file.startsWith("test/browser/");

async function everything(): Promise<Step[]> {
  const files = await testFiles("node26");
  const services = servicesStep();
  const steps = [...types, lint, build];
  if (files.some(needsBrowser)) steps.push(browser);
  steps.push(services, withoutSkips(testsOn("node26", files, services.env)));
  if (!HAS_RUNTIMES) {
    console.log("Other runtimes are tried on Linux x64 alone: here the tests run on this Node.");
    return steps;
  }
  for (const runtime of OTHER_RUNTIMES) {
    steps.push(testsOn(runtime, await testFiles(runtime), services.env));
  }
  return steps;
}

/** For development: the test files whose path has one of the words, and what those need. */
async function only(words: readonly string[]): Promise<Step[]> {
  const files = await testFiles("node26", words);
  if (files.length === 0) throw new Error(`No test file has ${words.join(" or ")} in its path.`);
  const steps: Step[] = files.some((file) => file.startsWith("test/")) ? [build] : [];
  if (files.some(needsBrowser)) steps.push(browser);
  const needed = await servicesFor(files);
  const services = servicesStep(needed);
  if (needed.length > 0) steps.push(services);
  return [...steps, testsOn("node26", files, services.env)];
}

/** On the runtime of record a test that is skipped is one that nobody runs. */
function withoutSkips({ title, work }: Step): Step {
  return {
    title,
    work: async () => {
      const outcome = await work();
      const { skipped = 0 } = outcome;
      if (skipped === 0) return outcome;
      return {
        ...outcome,
        failed: outcome.failed + skipped,
        output: "Skipped tests are failures.",
      };
    },
  };
}

endWithChildren();
const words = process.argv.slice(2);
conclude(await runSteps(words.length === 0 ? await everything() : await only(words)));
