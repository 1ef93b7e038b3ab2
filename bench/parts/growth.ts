import { Child } from "../harness/child.ts";
import { numberOf } from "../harness/messages.ts";
import type { Plan } from "../harness/plan.ts";
import { type Measured, measured } from "../harness/statistics.ts";
import { CROWDED, type Crowded } from "./crowd.ts";

/** What a visit costs among many sessions, as a multiple of what it costs among few. */
export interface Growth {
  /** How many sessions there were. */
  readonly few: number;
  readonly many: number;
  readonly read: Measured;
  readonly change: Measured;
}

/** Two processes for each store, which are asked by turns. */
export async function measureGrowth(
  plan: Plan["growth"],
): Promise<Readonly<Record<Crowded, Growth>>> {
  const results: Partial<Record<Crowded, Growth>> = {};
  for (const storage of CROWDED) results[storage] = await measureOne(storage, plan);
  const { memory, sqlite, postgres, valkey } = results;
  if (!memory || !sqlite || !postgres || !valkey) throw new Error("A store was not measured.");
  return { memory, sqlite, postgres, valkey };
}

async function measureOne(storage: Crowded, plan: Plan["growth"]): Promise<Growth> {
  const options = { nodeOptions: ["--expose-gc", "--max-old-space-size=12288"] };
  const few = new Child("parts/growth-child.ts", [storage, "few", "1"], options);
  const many = new Child("parts/growth-child.ts", [storage, "many", "2"], options);
  const ratios: { read: number[]; change: number[] } = { read: [], change: [] };
  try {
    await few.ask("fill", { count: plan.small });
    await many.ask("fill", { count: plan.large });
    for (let round = -1; round < plan.rounds; round += 1) {
      for (const name of ["read", "change"] as const) {
        const count = await countFor(few, name, plan.milliseconds);
        const ask = async (child: Child) =>
          numberOf(await child.ask("measure", { case: name, count }), "time");
        const before = await ask(few);
        const ratio = (await ask(many)) / ((before + (await ask(few))) / 2);
        // The first round only warms up.
        if (round >= 0) ratios[name].push(ratio);
      }
    }
    await Promise.all([few.ask("close"), many.ask("close")]);
    return {
      few: plan.small,
      many: plan.large,
      read: measured(ratios.read),
      change: measured(ratios.change),
    };
  } finally {
    await Promise.all([few.end(), many.end()]);
  }
}

/** How many visits take about so long. */
async function countFor(child: Child, name: string, milliseconds: number): Promise<number> {
  const time = numberOf(await child.ask("measure", { case: name, count: 200 }), "time");
  return Math.max(200, Math.round((milliseconds * 1000) / time));
}
