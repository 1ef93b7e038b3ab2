import { Child } from "../harness/child.ts";
import { type Numbers, numberOf } from "../harness/messages.ts";
import type { Plan } from "../harness/plan.ts";
import { type Measured, measured, medianOf } from "../harness/statistics.ts";
import { LOAD_CORE, SERVER_CORE } from "./http.ts";

/** Valkey needs no sweep. */
export const SWEPT = ["memory", "sqlite", "postgres"] as const;

export interface SweepLatency {
  /** How many sessions were removed. */
  readonly expired: number;
  /** Milliseconds, over HTTP: the 99th percentile without a sweep and beside one. */
  readonly before: Measured;
  readonly during: Measured;
  /** How long the sweep of so many took in seconds, or would have: it is not waited for longer than it is measured. */
  readonly seconds: number;
}

export type Sweep = Readonly<Record<(typeof SWEPT)[number], SweepLatency>>;

const VISITORS = 512;
/** Requests a second: a server that is far from busy. */
const RATE = 1000;
/** Without a sweep, and then beside one, in each round. */
const WINDOWS = 6;

export async function measureSweep(plan: Plan["sweep"]): Promise<Sweep> {
  return {
    memory: await measureOne("memory", plan),
    sqlite: await measureOne("sqlite", plan),
    postgres: await measureOne("postgres", plan),
  };
}

async function measureOne(
  storage: (typeof SWEPT)[number],
  { rounds, expired, milliseconds }: Plan["sweep"],
): Promise<SweepLatency> {
  const load = new Child("parts/http-load-child.ts", [], { core: LOAD_CORE });
  const before: number[] = [];
  const during: number[] = [];
  const seconds: number[] = [];
  try {
    // By turns, so that what changes on the machine meanwhile is in both.
    for (let round = 0; round < rounds; round += 1) {
      await withServer(storage, load, milliseconds, async (server, window) => {
        await server.ask("fill", { expired });
        // The sessions that will be swept are there already.
        for (let index = 0; index < WINDOWS; index += 1) before.push(await window());
        await server.ask("sweep");
        let swept: Numbers;
        let windows = 0;
        do {
          const p99 = await window();
          swept = await server.ask("swept");
          windows += 1;
          // One that the sweep has filled, or no other: the rest of it may have been quiet.
          if (numberOf(swept, "isOver") === 0 || windows === 1) during.push(p99);
        } while (windows < WINDOWS && numberOf(swept, "isOver") === 0);
        const removed = numberOf(swept, "removed");
        if (numberOf(swept, "isOver") === 1 && removed < expired) {
          throw new Error(`${storage}: only ${removed} were swept`);
        }
        seconds.push((numberOf(swept, "seconds") / removed) * expired);
      });
    }
    return {
      expired,
      before: measured(before),
      during: measured(during),
      seconds: medianOf(seconds),
    };
  } finally {
    await load.end();
  }
}

/** A server of its own, so that no sweep goes on when others are measured. `window` gives the p99 of some time. */
async function withServer(
  storage: (typeof SWEPT)[number],
  load: Child,
  milliseconds: number,
  measure: (server: Child, window: () => Promise<number>) => Promise<void>,
): Promise<void> {
  const server = new Child("parts/sweep-child.ts", [storage], {
    core: SERVER_CORE,
    nodeOptions: ["--expose-gc", "--max-old-space-size=8192"],
  });
  try {
    const port = numberOf(await server.ask("port"), "port");
    const cookies = await server.askTexts("begin", { count: VISITORS });
    const pace = async (path: string): Promise<number> => {
      const input = { port, path, cookies, rate: RATE, milliseconds };
      return numberOf(await load.ask("pace", input), "p99");
    };
    for (const path of ["/read", "/change", "/read"]) await pace(path);
    await measure(server, () => pace("/read"));
    await server.ask("close");
  } finally {
    await server.end();
  }
}
