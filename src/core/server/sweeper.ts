import type { ServerContext } from "./context.ts";

/** What a sweeper needs of whoever keeps records. */
export interface SweeperContext extends Pick<ServerContext, "guard" | "onEvent"> {
  readonly config: Pick<ServerContext["config"], "clock" | "random">;
}

const BATCH = 1000;
/** So many batches beside one request: what is left waits for the next time. */
const MOST_BATCHES = 20;
/** Milliseconds of work after which a sweep gives way to requests, for as long as it has worked, but not for longer than: */
const TURN = 1;
const LONGEST_PAUSE = 50;

/** Removes expired records beside the requests that write, so that it takes no timer and no cron. */
export class Sweeper {
  readonly #context: SweeperContext;
  readonly #interval: number;
  readonly #madeAt: number;
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
    // The next writer finds it due again; the breaker has told of the failure.
    this.sweep(MOST_BATCHES).catch(() => undefined);
  }

  /** @returns How many records it removed. */
  async sweep(mostBatches: number = Number.POSITIVE_INFINITY): Promise<number> {
    this.#isSweeping = true;
    let count = 0;
    let turnBeganAt = performance.now();
    try {
      for (let batch = 0; batch < mostBatches; batch += 1) {
        const removed = await this.#context.guard.begin().sweep(BATCH);
        count += removed;
        if (removed < BATCH) break;
        const worked = performance.now() - turnBeganAt;
        if (worked < TURN) continue;
        await new Promise((resolve) => setTimeout(resolve, Math.min(worked, LONGEST_PAUSE)));
        turnBeganAt = performance.now();
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
