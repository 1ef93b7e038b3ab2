/** A clock that stands still until it is told to move. */
export interface FakeClock {
  /** The time, in milliseconds since the epoch. */
  (): number;
  /** Moves it by so many seconds. */
  advance(seconds: number): void;
}

/**
 * Makes a clock for tests, to be given as the option `clock`.
 *
 * @param start Milliseconds since the epoch. Default: the first of January 2026.
 */
export function fakeClock(start: number = Date.UTC(2026, 0, 1)): FakeClock {
  let now = start;
  return Object.assign(() => now, {
    advance(seconds: number) {
      now += seconds * 1000;
    },
  });
}
