import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../processes.ts";

/** Long enough for a machine that is busy with other tests. */
const PATIENCE = 30_000;

/** What an attempt throws when there is nothing left to wait for. */
export class Hopeless extends Error {}

/** Attempts something until it no longer throws, for half a minute. */
export async function eventually<T>(what: string, attempt: () => Promise<T>): Promise<T> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      if (performance.now() > end) {
        const seconds = PATIENCE / 1000;
        throw new Error(`${what} not within ${seconds} seconds: ${messageOf(error)}`);
      }
    }
    await sleep(20);
  }
}
