/** Records that a sweep asks for first, and always where the work is done elsewhere. */
const FEWEST = 25;
const MOST = 1000;

/** Milliseconds: a batch that holds the process for longer is followed by a smaller one. */
const HELD = 0.2;
/** So many times as long as a batch took, and at most so many milliseconds, others have all to themselves. */
const SHARE = 10;
const LONGEST = 50;

/**
 * Milliseconds, as SQLite needs for a checkpoint. No smaller batch makes it shorter, so it must be rare: of three hundred
 * requests one may meet it, lest it be what the slowest hundredth of them takes.
 */
const STALL = 1;
const STALL_SHARE = 300;
/** Records a second that the rests of a sweep leave it time for, also where every batch is a stall: twenty thousand in two minutes. */
const LEAST_RATE = 200;

/** Decides how much of a sweep is done at once, and how long it then rests, by what the batches took so far. */
export class Pace {
  #size = FEWEST;

  /** How many records the next batch has. */
  get size(): number {
    return this.#size;
  }

  /**
   * Takes note of a batch. All in milliseconds.
   *
   * @param held How long nothing else could be done in this process.
   * @param waited How long the answer then took to come.
   * @param ahead How long the sweep may still rest without being slower than it has to be; see {@link slack}.
   * @returns How long to rest.
   */
  after(held: number, waited: number, ahead: number): number {
    // Where a database works elsewhere `held` is the asking alone, which takes as long for any number of records.
    if (held >= waited) this.#resize(held);
    const usual = Math.min((held + waited) * SHARE, LONGEST);
    return held > STALL ? Math.max(usual, Math.min(held * STALL_SHARE, ahead)) : usual;
  }

  #resize(held: number): void {
    if (held > HELD) this.#size = Math.max(FEWEST, Math.floor(this.#size / 2));
    else if (held < HELD / 2) this.#size = Math.min(MOST, this.#size * 2);
  }
}

/** How long a sweep may rest that has removed so many records in so many milliseconds. */
export function slack(removed: number, elapsed: number): number {
  return Math.max(0, (removed * 1000) / LEAST_RATE - elapsed);
}
