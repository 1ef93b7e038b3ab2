import { availableParallelism } from "node:os";
import { Child } from "../harness/child.ts";
import { numberOf } from "../harness/messages.ts";
import type { InProcessPlan } from "../harness/plan.ts";
import { type Measured, measured } from "../harness/statistics.ts";
import type { Subject } from "../subjects/subject.ts";
import { CASE_NAMES, type CaseName } from "./cases.ts";

/** Microseconds of processor time a request, above the bare framework. */
export type CaseTimes = Readonly<Record<CaseName, Measured>>;

export interface InProcess {
  readonly times: ReadonlyMap<Subject, CaseTimes>;
  /** The same work without a library: `open` and `seal` a cookie, a round trip to `valkey` and `postgres`. */
  readonly floors: Readonly<Record<FloorName, Measured>>;
}

const FLOORS = ["open", "seal", "valkey", "postgres"] as const;
export type FloorName = (typeof FLOORS)[number];

const WARM_UP_REQUESTS = 1000;
const FEWEST = 100;
const MOST = 50_000;

/** One figure that is measured again in every round. */
class Series {
  readonly name: string;
  readonly values: number[] = [];
  readonly #child: Child;
  #count = FEWEST;

  constructor(child: Child, name: string) {
    this.#child = child;
    this.name = name;
  }

  /** Runs it until it is compiled and its cost is known, so that each measurement takes about as long as the plan says. */
  async prepare({ warmUp, milliseconds }: InProcessPlan): Promise<void> {
    let spent = 0;
    let requests = 0;
    while (spent < warmUp * 1000 || requests < WARM_UP_REQUESTS) {
      const { own, bare } = await this.#measure();
      spent += (own + bare) * this.#count;
      requests += this.#count;
      const right = Math.round((milliseconds * 1000) / Math.max(own, bare, 1));
      this.#count = Math.min(Math.max(right, FEWEST), this.#count * 4, MOST);
    }
  }

  async measure(): Promise<void> {
    const { own, bare } = await this.#measure();
    this.values.push(own - bare);
  }

  async #measure(): Promise<{ own: number; bare: number }> {
    const numbers = await this.#child.ask("measure", { case: this.name, count: this.#count });
    return { own: numberOf(numbers, "own"), bare: numberOf(numbers, "bare") };
  }
}

interface Measurement {
  readonly child: Child;
  readonly series: readonly Series[];
}

function start(file: string, id: string, names: readonly string[], env = {}): Measurement {
  const child = new Child(file, [id], { nodeOptions: ["--expose-gc"], env });
  return { child, series: names.map((name) => new Series(child, name)) };
}

/** Measures them in turn, each in a process of its own, beside the bare framework in the same process. */
export async function measureInProcess(
  subjects: readonly Subject[],
  plan: InProcessPlan,
): Promise<InProcess> {
  const end = performance.now() + plan.seconds * 1000;
  const floor = start("parts/floor-child.ts", "floor", FLOORS);
  const each = new Map<Subject, Measurement>();
  try {
    await warmUp(floor, plan);
    await onEachProcessor(subjects, async (subject) => {
      const measurement = start("parts/in-process-child.ts", subject.id, CASE_NAMES);
      each.set(subject, measurement);
      await warmUp(measurement, plan);
    });
    await inRounds([floor, ...each.values()], plan.rounds, end);
    return {
      times: new Map(
        Array.from(each, ([subject, { series }]) => [subject, record(CASE_NAMES, series)]),
      ),
      floors: record(FLOORS, floor.series),
    };
  } finally {
    await Promise.all([floor, ...each.values()].map(({ child }) => child.end()));
  }
}

async function warmUp({ series }: Measurement, plan: InProcessPlan): Promise<void> {
  for (const each of series) await each.prepare(plan);
}

async function inRounds(
  measurements: readonly Measurement[],
  rounds: number,
  end: number,
): Promise<void> {
  const all = measurements.flatMap(({ series }) => series);
  for (let round = 0; round < rounds && (round === 0 || performance.now() < end); round += 1) {
    // In another order each time, so that no subject always follows the same one.
    for (const series of shuffled(all)) await series.measure();
  }
}

/** Two sets of children at the same time: for two revisions. */
export async function compareInProcess(
  subjects: readonly Subject[],
  roots: readonly [string, string],
  plan: InProcessPlan,
): Promise<ReadonlyMap<Subject, readonly [CaseTimes, CaseTimes]>> {
  const end = performance.now() + plan.seconds * 1000;
  const pairs = subjects.map((subject) => ({
    subject,
    both: roots.map((root) =>
      start("parts/in-process-child.ts", subject.id, CASE_NAMES, { KEEPSAKE_BENCH_ROOT: root }),
    ),
  }));
  try {
    const all = pairs.flatMap(({ both }) => both);
    await onEachProcessor(all, (each) => warmUp(each, plan));
    await inRounds(all, plan.rounds, end);
    return new Map(
      pairs.map(({ subject, both }) => {
        const [before, after] = both.map(({ series }) => record(CASE_NAMES, series));
        if (before === undefined || after === undefined) throw new Error("There are two roots.");
        return [subject, [before, after]];
      }),
    );
  } finally {
    await Promise.all(pairs.flatMap(({ both }) => both.map(({ child }) => child.end())));
  }
}

function record<Name extends string>(
  names: readonly Name[],
  series: readonly Series[],
): Record<Name, Measured> {
  const entries = names.map((name): [Name, Measured] => {
    const values = series.find((each) => each.name === name)?.values ?? [];
    return [name, measured(values)];
  });
  return Object.fromEntries(entries) as Record<Name, Measured>;
}

/** As many at a time as there are processors: what is not measured yet may take turns. */
async function onEachProcessor<T>(
  list: readonly T[],
  act: (each: T) => Promise<void>,
): Promise<void> {
  const left = [...list];
  const lane = async () => {
    try {
      for (let next = left.shift(); next !== undefined; next = left.shift()) await act(next);
    } finally {
      // Where one fails, none begins any more.
      left.length = 0;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
}

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((value) => ({ value, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ value }) => value);
}
