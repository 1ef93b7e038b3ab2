import { type Eventually, inAnyCase } from "../promises.ts";
import type { SessionRecord } from "../repository.ts";

/** What the writers of one session share while they wait for each other. */
export interface Line {
  /** The newest record that one of them has written or read. */
  newest?: SessionRecord;
}

interface Waiting extends Line {
  length: number;
  /** Kept when all who have come so far are done. Made when somebody first has to wait: mostly nobody has. */
  tail?: Promise<void>;
  /** Keeps it, as far as the one is concerned who came first. */
  finishFirst?: () => void;
}

/**
 * Lets the writers of one session in this process go one after another, each on what the last one left: otherwise all
 * but one of them would conflict, read again, and conflict again. Writers in other processes are met at the repository.
 */
export class WriteQueue {
  readonly #lines = new Map<string, Waiting>();

  /** @param wait Waits for those before, and throws where that takes too long. */
  run<Result>(
    handle: string,
    wait: (before: Promise<void>) => Promise<void>,
    write: (line: Line) => Eventually<Result>,
  ): Eventually<Result> {
    const others = this.#lines.get(handle);
    if (others !== undefined) return this.#runBehind(others, handle, wait, write);
    const line: Waiting = { length: 1 };
    this.#lines.set(handle, line);
    return inAnyCase(
      () => write(line),
      () => {
        line.finishFirst?.();
        this.#leave(line, handle);
      },
    );
  }

  async #runBehind<Result>(
    line: Waiting,
    handle: string,
    wait: (before: Promise<void>) => Promise<void>,
    write: (line: Line) => Eventually<Result>,
  ): Promise<Result> {
    const before = line.tail ?? new Promise((resolve) => (line.finishFirst = resolve));
    const { promise, resolve } = Promise.withResolvers<void>();
    // Who gives up waiting must not let those behind overtake those before.
    line.tail = before.then(() => promise);
    line.length += 1;
    try {
      await wait(before);
      return await write(line);
    } finally {
      resolve();
      this.#leave(line, handle);
    }
  }

  #leave(line: Waiting, handle: string): void {
    line.length -= 1;
    if (line.length === 0) this.#lines.delete(handle);
  }
}
