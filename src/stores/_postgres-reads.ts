import type { RepositoryContext, SessionRecord } from "../core/repository.ts";

/** One who waits for a record. */
interface Waiting {
  readonly handle: string;
  readonly context: RepositoryContext;
  resolve(record: SessionRecord | undefined): void;
  reject(error: unknown): void;
}

/** Reads of what one statement asks for. */
export interface Reads {
  one(handle: string, context: RepositoryContext): Promise<SessionRecord | undefined>;
  /** Those of the records that there are, in any order. `context.now` is the earliest of all who ask. */
  several(handles: readonly string[], context: RepositoryContext): Promise<SessionRecord[]>;
}

/** More would keep each of them waiting for too many others. */
const MOST = 64;
/** What a handle consists of, so that a list of them needs no quotes; anything else is asked for alone. */
const HANDLE = /^[\w-]+$/;

/**
 * Asks with one statement for all the records that are wanted in one turn of the event loop: of a database that is busy
 * most of what a read takes is the client's work for each statement. One who asks alone asks at the end of the turn.
 */
export class SharedReads {
  readonly #reads: Reads;
  #waiting: Waiting[] = [];

  constructor(reads: Reads) {
    this.#reads = reads;
  }

  read(handle: string, context: RepositoryContext): Promise<SessionRecord | undefined> {
    if (!HANDLE.test(handle)) return this.#reads.one(handle, context);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ handle, context, resolve, reject });
      if (this.#waiting.length === MOST) this.#send();
      else if (this.#waiting.length === 1) atEndOfTurn(() => this.#send());
    });
  }

  #send(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const [first, second] = waiting;
    if (first !== undefined && second === undefined) this.#alone(first);
    else if (first !== undefined) void this.#together(waiting);
  }

  #alone({ handle, context, resolve, reject }: Waiting): void {
    this.#reads.one(handle, context).then(resolve, reject);
  }

  async #together(waiting: readonly Waiting[]): Promise<void> {
    const records = new Map<string, SessionRecord>();
    try {
      const handles = new Set(waiting.map(({ handle }) => handle));
      const found = await this.#reads.several([...handles], new SharedContext(waiting));
      for (const record of found) records.set(record.handle, record);
    } catch {
      // Each has its own answer, or its own failure: a connection that is lost must not count as one for each of them.
      for (const each of waiting) {
        // Whoever has given up waiting has an answer already.
        if (each.context.signal.aborted) each.reject(each.context.signal.reason);
        else this.#alone(each);
      }
      return;
    }
    for (const { handle, context, resolve } of waiting) {
      const record = records.get(handle);
      // The clock may have gone on since the first of them asked.
      resolve(record !== undefined && record.expiresAt > context.now ? record : undefined);
    }
  }
}

/** What a statement for several is given: it may be taken back when nobody waits for it any more. */
class SharedContext implements RepositoryContext {
  readonly now: number;
  readonly #waiting: readonly Waiting[];
  #abort: AbortController | undefined;

  constructor(waiting: readonly Waiting[]) {
    this.now = Math.min(...waiting.map(({ context }) => context.now));
    this.#waiting = waiting;
  }

  get signal(): AbortSignal {
    if (this.#abort !== undefined) return this.#abort.signal;
    const abort = new AbortController();
    this.#abort = abort;
    const signals = this.#waiting.map(({ context }) => context.signal);
    const giveUp = () => {
      if (signals.every(({ aborted }) => aborted)) abort.abort();
    };
    for (const signal of signals) signal.addEventListener("abort", giveUp, { once: true });
    giveUp();
    return abort.signal;
  }
}

// As they are when this is loaded: fake timers, which a test puts in their place later, would hold up every read after them.
const { setImmediate, queueMicrotask } = globalThis;

/** Where there is no such turn, those are together who ask before the first promise is kept. */
function atEndOfTurn(act: () => void): void {
  if (typeof setImmediate === "function") setImmediate(act);
  else queueMicrotask(act);
}
