import type { Clock } from "../clock.ts";
import type { Random } from "../random.ts";

/** A call like any other, or the one that tries whether the repository answers again. */
export type Trial = "call" | "probe";

const MOST_FAILURES = 5;
const PAUSE = 1000;
const JITTER = 500;

/**
 * Spares a repository that fails: after five failures in a row nothing is asked for about a second, and then one caller
 * at a time, until that succeeds. So a database that comes back is not met by everybody at once.
 */
export class Breaker {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #onChange: (isOpen: boolean) => void;
  #failures = 0;
  #openedAt = 0;
  #pause = 0;
  #isProbing = false;

  constructor(clock: Clock, random: Random, onChange: (isOpen: boolean) => void) {
    this.#clock = clock;
    this.#random = random;
    this.#onChange = onChange;
  }

  /** Who is let through has to say how it went. `undefined`: nobody may ask now. */
  admit(): Trial | undefined {
    if (!this.#isOpen) return "call";
    const since = this.#clock() - this.#openedAt;
    // A clock that was set back must not keep it open.
    if (this.#isProbing || (since >= 0 && since < this.#pause)) return undefined;
    this.#isProbing = true;
    return "probe";
  }

  succeeded(trial: Trial): void {
    if (this.#isStale(trial)) return;
    if (this.#isOpen) this.#onChange(false);
    this.#failures = 0;
    this.#isProbing = false;
  }

  /** It was not given the time that would say anything of the repository. */
  gaveUp(trial: Trial): void {
    if (trial === "probe") this.#isProbing = false;
  }

  failed(trial: Trial): void {
    if (this.#isStale(trial)) return;
    this.#failures += 1;
    this.#isProbing = false;
    if (!this.#isOpen) return;
    this.#openedAt = this.#clock();
    this.#pause = PAUSE + ((this.#random(1)[0] ?? 0) / 256) * JITTER;
    if (this.#failures === MOST_FAILURES) this.#onChange(true);
  }

  get #isOpen(): boolean {
    return this.#failures >= MOST_FAILURES;
  }

  /** A call from before it opened: what comes of it now says nothing that is not known. */
  #isStale(trial: Trial): boolean {
    return this.#isOpen && trial === "call";
  }
}
