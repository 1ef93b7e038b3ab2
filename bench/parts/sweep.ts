import { Child } from "../harness/child.ts";
import { numberOf } from "../harness/messages.ts";
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
  /** How long the sweep took, in seconds. */
  readonly seconds: number;
}

export type Sweep = Readonly<Record<(typeof SWEPT)[number], SweepLatency>>;

const VISITORS = 512;
/** Requests a second: a server that is far from busy. */
const RATE = 1000;
/** Before each sweep. */
const WINDOWS = 5;
/** So many beside sweeps: after one that takes long no other is needed. */
const ENOUGH = 15;

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
  const server = new Child("parts/sweep-child.ts", [storage], {
    core: SERVER_CORE,
    nodeOptions: ["--expose-gc", "--max-old-space-size=8192"],
  });
  const load = new Child("parts/http-load-child.ts", [], { core: LOAD_CORE });
  const before: number[] = [];
  const during: number[] = [];
  const seconds: number[] = [];
  try {
    const port = numberOf(await server.ask("port"), "port");
    const cookies = await server.askTexts("begin", { count: VISITORS });
    const window = async (path: string): Promise<number> => {
      const input = { port, path, cookies, rate: RATE, milliseconds };
      return numberOf(await load.ask("pace", input), "p99");
    };
    for (const path of ["/read", "/change", "/read"]) await window(path);
    for (let round = 0; round < rounds && during.length < ENOUGH; round += 1) {
      await server.ask("fill", { expired });
      // The sessions that will be swept are there already.
      for (let index = 0; index < WINDOWS; index += 1) before.push(await window("/read"));
      let isOver = false;
      const sweep = server.ask("sweep").finally(() => {
        isOver = true;
      });
      do during.push(await window("/read"));
      while (!isOver);
      const result = await sweep;
      // The crowd, and the session that it was copied from.
      const removed = numberOf(result, "removed");
      if (removed < expired) throw new Error(`${storage}: only ${removed} were swept`);
      seconds.push(numberOf(result, "seconds"));
    }
    return {
      expired,
      before: measured(before),
      during: measured(during),
      seconds: medianOf(seconds),
    };
  } finally {
    await Promise.all([server.end(), load.end()]);
  }
}
