import { Child } from "../harness/child.ts";
import { numberOf } from "../harness/messages.ts";
import type { Plan } from "../harness/plan.ts";
import { medianOf } from "../harness/statistics.ts";
import { LOAD_CORE, SERVER_CORE } from "./http.ts";

/** Valkey needs no sweep. */
export const SWEPT = ["memory", "sqlite", "postgres"] as const;

export interface SweepLatency {
  /** Milliseconds, over HTTP: the 99th percentile without a sweep and beside one. */
  readonly before: number;
  readonly during: number;
  /** How long the sweep took, in seconds. */
  readonly seconds: number;
}

export type Sweep = Readonly<Record<(typeof SWEPT)[number], SweepLatency>>;

const VISITORS = 512;
/** Requests a second: a server that is far from busy. */
const RATE = 1000;
const WINDOWS = 5;

export async function measureSweep(plan: Plan["sweep"]): Promise<Sweep> {
  return {
    memory: await measureOne("memory", plan),
    sqlite: await measureOne("sqlite", plan),
    postgres: await measureOne("postgres", plan),
  };
}

async function measureOne(
  storage: (typeof SWEPT)[number],
  { expired, milliseconds }: Plan["sweep"],
): Promise<SweepLatency> {
  const server = new Child("parts/sweep-child.ts", [storage], {
    core: SERVER_CORE,
    nodeOptions: ["--max-old-space-size=8192"],
  });
  const load = new Child("parts/http-load-child.ts", [], { core: LOAD_CORE });
  try {
    const port = numberOf(await server.ask("port"), "port");
    const cookies = await server.askTexts("begin", { count: VISITORS, expired });
    const window = async (path: string): Promise<number> =>
      numberOf(
        await load.ask("pace", {
          port,
          path,
          cookies,
          rate: RATE,
          milliseconds: milliseconds / WINDOWS,
        }),
        "p99",
      );
    await window("/read");
    await window("/change");
    const before: number[] = [];
    for (let index = 0; index < WINDOWS; index += 1) before.push(await window("/read"));
    let isOver = false;
    const sweep = server.ask("sweep").finally(() => {
      isOver = true;
    });
    const during: number[] = [];
    do during.push(await window("/read"));
    while (!isOver);
    const result = await sweep;
    // The crowd, and the session that it was copied from.
    const removed = numberOf(result, "removed");
    if (removed < expired) throw new Error(`${storage}: only ${removed} were swept`);
    return {
      before: medianOf(before),
      during: medianOf(during),
      seconds: numberOf(result, "seconds"),
    };
  } finally {
    await Promise.all([server.end(), load.end()]);
  }
}
