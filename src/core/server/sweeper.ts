import type { ServerContext } from "./context.ts";
import { Pace, slack } from "./pace.ts";

/** What a sweeper needs of whoever keeps records. */
interface SweeperContext extends Pick<ServerContext, "guard" | "onEvent"> {
  readonly config: Pick<ServerContext["config"], "clock" | "random">;
}

/** So many records beside one request: what is left waits for the next request that writes. */
const MOST_BESIDE = 20_000;

/** Removes expired records beside the requests that write, so that it takes no timer and no cron. */
export class Sweeper {
  readonly #context: SweeperContext;
  readonly #interval: number;
  readonly #madeAt: number;
  readonly #pace = new Pace();
  #nextAt: number | undefined;
  #isSweeping = false;

  /** @param interval Seconds, or `false` for never by itself. */
  constructor(context: SweeperContext, interval: number | false) {
    this.#context = context;
    const sweeps = context.guard.repository.sweep !== undefined && interval !== false;
    this.#interval = sweeps ? interval * 1000 : Number.POSITIVE_INFINITY;
    this.#madeAt = context.config.clock();
  }

  /** Begins a sweep if one is due, and does not wait for it. */
  sweepIfDue(): void {
    const now = this.#context.config.clock();
    // Not at construction: where that is at the top of a module, workers give no random bytes.
    this.#nextAt ??= this.#madeAt + this.#jittered();
    if (now < this.#nextAt || this.#isSweeping) return;
    this.#nextAt = now + this.#jittered();
    // Nobody is there to hear of an onEvent that throws.
    this.#sweepBeside(now).catch(() => undefined);
  }

  async #sweepBeside(now: number): Promise<void> {
    try {
      const removed = await this.#sweep(MOST_BESIDE, restBeside);
      // More may have expired in an interval than one sweep removes: it must not pile up.
      if (removed === MOST_BESIDE) this.#nextAt = now;
    } catch (error) {
      this.#context.onEvent({ type: "sweep-failed", error });
    }
  }

  /** @returns How many records it removed: all that had expired, as far as it met few that are in use. */
  sweep(): Promise<number> {
    return this.#sweep(Number.POSITIVE_INFINITY, rest);
  }

  async #sweep(most: number, rest: Rest): Promise<number> {
    this.#isSweeping = true;
    const pace = this.#pace;
    const begunAt = performance.now();
    let count = 0;
    try {
      while (count < most) {
        const limit = Math.min(pace.size, most - count);
        const askedAt = performance.now();
        const answer = this.#context.guard.begin().sweep(limit);
        const heldTo = performance.now();
        const removed = await answer;
        const now = performance.now();
        count += removed;
        if (removed < limit) break;
        await rest(pace.after(heldTo - askedAt, now - heldTo, slack(count, now - begunAt)));
      }
    } finally {
      this.#isSweeping = false;
      if (count > 0) this.#context.onEvent({ type: "swept", count });
    }
    return count;
  }

  /** Half to one and a half intervals, so that many processes do not sweep at the same moment. */
  #jittered(): number {
    const [byte = 0] = this.#context.config.random(1);
    return this.#interval * (0.5 + byte / 255);
  }
}

type Rest = (milliseconds: number) => Promise<void>;

function rest(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Nobody waits for this sweep: a process that has nothing else to do may end. Only Node's timers can say so. */
function restBeside(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref?.());
}
