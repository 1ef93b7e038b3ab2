import { SessionError } from "./errors.ts";
import type { Random } from "./random.ts";

/** How long a load or a save waits in all, whatever it has to ask. */
export class TimeLimit {
  readonly #timeout: number;
  readonly #startedAt = performance.now();

  /** @param timeout Milliseconds, from now on. */
  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  /** Milliseconds. */
  get timeLeft(): number {
    return Math.max(0, this.#startedAt + this.#timeout - performance.now());
  }

  /** @param onLate Called when the time is up, with what is wrong. It gives the error. */
  inTime<Answer>(answer: PromiseLike<Answer>, onLate: (what: string) => Error): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(onLate(`did not answer within ${this.#timeout / 1000} s`));
      }, this.timeLeft);
      Promise.resolve(answer).then(
        (given) => {
          clearTimeout(timer);
          resolve(given);
        },
        (error) => {
          clearTimeout(timer);
          reject(error);
        },
      );
    });
  }
}

/**
 * For who did not answer, or wrongly.
 *
 * @param cause What was thrown, if anything was.
 */
export function unanswered(message: string, random: Random, cause?: unknown): SessionError {
  const failure = new SessionError(
    "ERR_SESSION_STORE",
    `${message} The error's cause says more, where there is one.`,
    cause === undefined ? undefined : { cause },
  );
  // Clients that wait different times do not come back all at once.
  failure.headers = { "retry-after": String(1 + ((random(1)[0] ?? 0) % 3)) };
  return failure;
}
