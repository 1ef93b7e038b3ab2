import { cpus } from "node:os";
import { setTimeout as wait } from "node:timers/promises";

/** How many processors are in use for so many milliseconds. A load average would count what a run before this one has done. */
export async function busyProcessors(milliseconds: number): Promise<number> {
  const before = spent();
  await wait(milliseconds);
  const after = spent();
  const all = after.all - before.all;
  return all === 0 ? 0 : (cpus().length * (all - (after.idle - before.idle))) / all;
}

function spent(): { all: number; idle: number } {
  let [all, idle] = [0, 0];
  for (const { times } of cpus()) {
    idle += times.idle;
    for (const time of Object.values(times)) all += time;
  }
  return { all, idle };
}
