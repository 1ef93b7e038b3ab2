import type { SessionRecord } from "../repository.ts";

/** What the writers of one session share while they wait for each other. */
export interface Line {
  /** The newest record that one of them has written or read. */
  newest?: SessionRecord;
}

interface Waiting extends Line {
  tail: Promise<void>;
  length: number;
}

/**
 * Lets the writers of one session in this process go one after another, each on what the last one left: otherwise all
 * but one of them would conflict, read again, and conflict again. Writers in other processes are met at the repository.
 */
export class WriteQueue {
  readonly #lines = new Map<string, Waiting>();

  /** @param wait Waits for those before, and throws where that takes too long. */
  async run<Result>(
    handle: string,
    wait: (before: Promise<void>) => Promise<void>,
    write: (line: Line) => Promise<Result>,
  ): Promise<Result> {
    const line = this.#lines.get(handle) ?? { tail: Promise.resolve(), length: 0 };
    this.#lines.set(handle, line);
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = line.tail;
    // Who gives up waiting must not let those behind overtake those before.
    line.tail = before.then(() => promise);
    line.length += 1;
    try {
      if (line.length > 1) await wait(before);
      return await write(line);
    } finally {
      resolve();
      line.length -= 1;
      if (line.length === 0) this.#lines.delete(handle);
    }
  }
}
