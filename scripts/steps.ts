import { messageOf, run } from "./processes.ts";

/** How a step went. A step that runs no tests counts as one. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped?: number;
  /** Printed where something failed. */
  readonly output?: string;
}

export interface Step {
  readonly title: string;
  readonly work: () => Promise<Outcome>;
  /** Takes down what the step has put up for the steps after it, when all have run. */
  readonly end?: () => Promise<void>;
}

/** A step that is one program: it passes if the program exits with 0. */
export function command(title: string, program: string, args: readonly string[]): Step {
  return {
    title,
    work: async () => {
      const { code, output } = await run(program, args);
      return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1, output };
    },
  };
}

/** Runs steps one after another, saying so, and adds up what they count. */
export async function runSteps(steps: readonly Step[]): Promise<Outcome> {
  const total = { passed: 0, failed: 0 };
  try {
    for (const step of steps) {
      const { passed, failed } = await runStep(step);
      total.passed += passed;
      total.failed += failed;
    }
  } finally {
    for (const { end } of steps) await end?.();
  }
  return total;
}

async function runStep({ title, work }: Step): Promise<Outcome> {
  console.log(`${title} …`);
  const started = performance.now();
  const outcome = await work().catch(
    (error: unknown): Outcome => ({ passed: 0, failed: 1, output: messageOf(error) }),
  );
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (outcome.failed > 0 && outcome.output !== undefined) console.log(indent(outcome.output));
  console.log(`  ${summary(outcome)}, ${seconds} s`);
  return outcome;
}

/** The last line of a command, and its exit code. */
export function conclude({ passed, failed }: Outcome): void {
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

function summary({ passed, failed, skipped = 0 }: Outcome): string {
  const skips = skipped === 0 ? "" : `, ${skipped} skipped`;
  if (failed > 0) return `FAILED: ${passed} passed, ${failed} failed${skips}`;
  return passed === 1 ? "ok" : `${passed} passed${skips}`;
}

function indent(text: string): string {
  return text.trimEnd().replace(/^(?=.)/gm, "  ");
}
