import type { Clock } from "../clock.ts";
import type { Random } from "../random.ts";

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

  /** Whether the repository may be asked now. Who was let through has to say how it went. */
  admits(): boolean {
    if (this.#failures < MOST_FAILURES) return true;
    const since = this.#clock() - this.#openedAt;
    // A clock that was set back must not keep it open.
    if (this.#isProbing || (since >= 0 && since < this.#pause)) return false;
    this.#isProbing = true;
    return true;
  }

  succeeded(): void {
    if (this.#failures >= MOST_FAILURES) this.#onChange(false);
    this.#failures = 0;
    this.#isProbing = false;
  }

  /** It was not given the time that would say anything of the repository. */
  gaveUp(): void {
    this.#isProbing = false;
  }

  failed(): void {
    this.#failures += 1;
    this.#isProbing = false;
    if (this.#failures < MOST_FAILURES) return;
    this.#openedAt = this.#clock();
    this.#pause = PAUSE + ((this.#random(1)[0] ?? 0) / 256) * JITTER;
    if (this.#failures === MOST_FAILURES) this.#onChange(true);
  }
}
