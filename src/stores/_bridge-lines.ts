/** A turn at the record of one handle. */
export interface Turn {
  /** Goes before a change is asked for: until that is answered the turn is not over, whoever has given up waiting. */
  commit(): void;
}

interface Waiting {
  readonly alone: boolean;
  readonly start: () => void;
}

interface Line {
  readonly waiting: Waiting[];
  inside: number;
  isTaken: boolean;
}

/**
 * A line for each handle: readers go in together, a writer alone, all in the order in which they came. It makes a reading
 * and the write that depends on it one step in this process, and keeps readers from what is half written.
 *
 * Who gives up leaves the line at once, but for a write that is under way: if it came to its end after a later one,
 * it would undo that one. So a store that never answers a write loses that session until the process ends, and none other.
 */
export class Lines {
  readonly #lines = new Map<string, Line>();

  /** How many handles someone is at, or waits for. */
  get size(): number {
    return this.#lines.size;
  }

  /** @param alone Whether nobody else may be at the handle meanwhile: needed for whatever writes. */
  run<Result>(
    handle: string,
    alone: boolean,
    signal: AbortSignal,
    act: (turn: Turn) => Promise<Result>,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const line = this.#lineOf(handle);
      let stage: "waiting" | "reading" | "writing" | "over" = "waiting";

      const finish = () => {
        signal.removeEventListener("abort", giveUp);
        if (stage === "over") return;
        stage = "over";
        line.inside -= 1;
        line.isTaken = false;
        this.#admit(handle, line);
      };
      const giveUp = () => {
        reject(signal.reason);
        if (stage === "reading") finish();
        if (stage !== "waiting") return;
        stage = "over";
        line.waiting.splice(line.waiting.indexOf(waiting), 1);
        this.#admit(handle, line);
      };
      const commit = () => {
        signal.throwIfAborted();
        stage = "writing";
      };
      const start = () => {
        stage = "reading";
        act({ commit }).finally(finish).then(resolve, reject);
      };

      const waiting = { alone, start };
      signal.addEventListener("abort", giveUp, { once: true });
      line.waiting.push(waiting);
      this.#admit(handle, line);
    });
  }

  #lineOf(handle: string): Line {
    const line = this.#lines.get(handle) ?? { waiting: [], inside: 0, isTaken: false };
    this.#lines.set(handle, line);
    return line;
  }

  #admit(handle: string, line: Line): void {
    for (let next = line.waiting[0]; next !== undefined; next = line.waiting[0]) {
      if (line.isTaken || (next.alone && line.inside > 0)) return;
      line.waiting.shift();
      line.inside += 1;
      line.isTaken = next.alone;
      next.start();
    }
    if (line.inside === 0) this.#lines.delete(handle);
  }
}
