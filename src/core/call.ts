import type { RepositoryContext, SessionRecord, UpdateContext } from "./repository.ts";

/**
 * What a repository, or a revocation, is given with one call. The signal is made when it is first looked at, because most never do, and
 * by one accessor for all calls, because V8 keeps the accessors of single objects until a full collection.
 */
export class Call implements RepositoryContext {
  readonly now: number;
  #abort: AbortController | undefined;
  #isLate = false;

  constructor(now: number) {
    this.now = now;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    // A repository may look at it only now, between two commands.
    if (this.#isLate) this.#abort.abort();
    return this.#abort.signal;
  }

  /** Whether it was given up. */
  get isLate(): boolean {
    return this.#isLate;
  }

  giveUp(): void {
    this.#isLate = true;
    this.#abort?.abort();
  }
}

/** What an update is given besides. */
export class UpdateCall implements UpdateContext {
  readonly now: number;
  readonly before: Pick<SessionRecord, "subject" | "endsAt">;
  readonly #call: Call;

  constructor(call: Call, { subject, endsAt }: SessionRecord) {
    this.now = call.now;
    this.before = { subject, endsAt };
    this.#call = call;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }
}
