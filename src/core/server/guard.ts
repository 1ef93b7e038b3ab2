import { Call, UpdateCall } from "../call.ts";
import type { Clock } from "../clock.ts";
import { SessionError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import { isValues } from "../json.ts";
import { misconfigured } from "../options.ts";
import { andThen, type Eventually, isThenable } from "../promises.ts";
import type { Random } from "../random.ts";
import { isRecord, type SessionRecord, type SessionRepository } from "../repository.ts";
import { TimeLimit, unanswered } from "../time-limit.ts";
import { Breaker, type Trial } from "./breaker.ts";

/** Milliseconds. */
const LONGEST_PAUSE = 64;

export interface GuardOptions {
  readonly owner: string;
  /** Milliseconds that a load or a save may take in all. */
  readonly timeout: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly onEvent: OnEvent;
}

/** Stands before a repository: whatever that does, a request has its answer in time, or `ERR_SESSION_STORE`. */
export class RepositoryGuard {
  readonly repository: SessionRepository;
  readonly options: GuardOptions;
  /** Apart, because a database that is read-only, full or locked answers the read that comes before each write. */
  readonly reads: Breaker;
  readonly writes: Breaker;
  #open = 0;

  constructor(repository: SessionRepository, options: GuardOptions) {
    this.repository = repository;
    this.options = options;
    this.reads = this.#newBreaker();
    this.writes = this.#newBreaker();
  }

  #newBreaker(): Breaker {
    const { clock, random, onEvent } = this.options;
    return new Breaker(clock, random, (isOpen) => {
      const before = this.#open;
      this.#open += isOpen ? 1 : -1;
      if (before === 0) onEvent({ type: "store-down" });
      else if (this.#open === 0) onEvent({ type: "store-up" });
    });
  }

  /**
   * Begins a load, a save or an act of administration; its calls share one time limit.
   *
   * @param clock Of the store that asks, where several share this guard. Default: the guard's own.
   */
  begin(clock: Clock = this.options.clock): Operation {
    return new Operation(this, clock);
  }
}

/** A call that is answered later. */
interface Asked {
  readonly breaker: Breaker;
  readonly trial: Trial;
  readonly call: Call;
  /** Milliseconds that were left when it was made. */
  readonly left: number;
}

/**
 * The calls of one load or save. Each fails with `ERR_SESSION_STORE` where the repository does not answer, or wrongly;
 * what a repository answers at once is answered at once.
 */
export class Operation extends TimeLimit {
  readonly #guard: RepositoryGuard;
  readonly #clock: Clock;

  constructor(guard: RepositoryGuard, clock: Clock) {
    super(guard.options.timeout);
    this.#guard = guard;
    this.#clock = clock;
  }

  create(record: SessionRecord): Eventually<boolean> {
    return this.#call(
      this.#guard.writes,
      (repository, context) => repository.create(record.handle, record, context),
      isBoolean,
    );
  }

  /** A record that is damaged is none, and an event: it must not keep its visitor, or anybody, from being served. */
  read(handle: string): Eventually<SessionRecord | undefined> {
    const answer = this.#call(
      this.#guard.reads,
      (repository, context) => repository.read(handle, context),
      (found): found is { readonly handle: string } | undefined =>
        found === undefined || (hasHandle(found) && found.handle === handle),
    );
    return andThen(answer, (found) => found && this.#undamaged(found));
  }

  update(before: SessionRecord, next: SessionRecord): Eventually<"updated" | "conflict" | "gone"> {
    const { handle, version } = before;
    return this.#call(
      this.#guard.writes,
      (repository, context) =>
        repository.update(handle, version, next, new UpdateCall(context, before)),
      (answer) => answer === "updated" || answer === "conflict" || answer === "gone",
    );
  }

  touch(handle: string, expiresAt: number): Eventually<boolean> {
    return this.#call(
      this.#guard.writes,
      (repository, context) => repository.touch(handle, expiresAt, context),
      isBoolean,
    );
  }

  delete(handle: string): Eventually<boolean> {
    return this.#call(
      this.#guard.writes,
      (repository, context) => repository.delete(handle, context),
      isBoolean,
    );
  }

  findBySubject(subject: string): Eventually<SessionRecord[]> {
    if (this.#guard.repository.findBySubject === undefined) {
      throw cannot(this.#guard.options.owner, "find the sessions of a subject");
    }
    const answer = this.#call(
      this.#guard.reads,
      (repository, context) => repository.findBySubject?.(subject, context),
      (found): found is { readonly handle: string }[] =>
        Array.isArray(found) && found.every(hasHandle),
    );
    return andThen(answer, (all) => all.flatMap((found) => this.#undamaged(found) ?? []));
  }

  #undamaged(found: { readonly handle: string }): SessionRecord | undefined {
    if (isRecord(found)) return found;
    const reason = "the stored record is damaged";
    this.#guard.options.onEvent({ type: "data-refused", id: found.handle, reason });
    return undefined;
  }

  sweep(limit: number): Eventually<number> {
    return this.#call(
      this.#guard.writes,
      (repository, context) => (repository.sweep ? repository.sweep(limit, context) : 0),
      (answer): answer is number => Number.isSafeInteger(answer) && Number(answer) >= 0,
    );
  }

  /** Waits for something else within the time limit. */
  async wait(before: Promise<void>): Promise<void> {
    await this.inTime(before, (what) => this.#failure(what));
  }

  /** Lets other writers go first, for a random while that grows with each attempt, within the time limit. */
  async pause(attempt: number): Promise<void> {
    const { random } = this.#guard.options;
    const most = Math.min(2 ** attempt, LONGEST_PAUSE);
    const pause = ((random(1)[0] ?? 0) / 256) * most;
    if (pause > this.timeLeft) {
      throw this.#failure("was written to by too many others at the same time");
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }

  #call<Answer>(
    breaker: Breaker,
    ask: (repository: SessionRepository, context: Call) => unknown,
    isAnswer: (answer: unknown) => answer is Answer,
  ): Eventually<Answer> {
    const trial = breaker.admit();
    if (trial === undefined)
      throw this.#failure("has failed several times and is not asked for now");
    const call = new Call(this.#clock());
    const left = this.timeLeft;
    try {
      const answer = ask(this.#guard.repository, call);
      return isThenable(answer)
        ? this.#acceptLater(answer, isAnswer, { breaker, trial, call, left })
        : this.#accept(answer, isAnswer, breaker, trial);
    } catch (error) {
      breaker.failed(trial);
      throw this.#failureOf(error);
    }
  }

  async #acceptLater<Answer>(
    answer: PromiseLike<unknown>,
    isAnswer: (answer: unknown) => answer is Answer,
    { breaker, trial, call, left }: Asked,
  ): Promise<Answer> {
    try {
      const given = await this.inTime(answer, (what) => {
        call.giveUp();
        return this.#failure(what);
      });
      return this.#accept(given, isAnswer, breaker, trial);
    } catch (error) {
      // Whoever had waited long for other writers had little time left, and that is no fault of the repository.
      const wasRushed = call.isLate && left < this.#guard.options.timeout / 2;
      if (wasRushed) breaker.gaveUp(trial);
      else breaker.failed(trial);
      throw this.#failureOf(error);
    }
  }

  #accept<Answer>(
    answer: unknown,
    isAnswer: (answer: unknown) => answer is Answer,
    breaker: Breaker,
    trial: Trial,
  ): Answer {
    if (!isAnswer(answer)) throw this.#failure("answered something that is no answer");
    breaker.succeeded(trial);
    return answer;
  }

  #failureOf(error: unknown): SessionError {
    return error instanceof SessionError ? error : this.#failure("failed", error);
  }

  #failure(what: string, cause?: unknown): SessionError {
    const { owner, random } = this.#guard.options;
    const message = `${owner}: the repository ${what}. What it was to write may or may not be written.`;
    return unanswered(message, random, cause);
  }
}

/** @throws `ERR_SESSION_CONFIG` for what cannot be a repository. */
export function checkRepository(owner: string, repository: unknown): void {
  const verbs = ["create", "read", "update", "touch", "delete"];
  const isRepository =
    isValues(repository) && verbs.every((verb) => typeof repository[verb] === "function");
  if (!isRepository || !isValues(repository.capabilities)) {
    throw misconfigured(
      `${owner}: the repository must have the functions ${verbs.join(", ")}, and capabilities.`,
    );
  }
}

export function cannot(owner: string, what: string): SessionError {
  return misconfigured(`${owner}: this repository cannot ${what}. Choose one that can.`);
}

function isBoolean(answer: unknown): answer is boolean {
  return typeof answer === "boolean";
}

function hasHandle(answer: unknown): answer is { readonly handle: string } {
  return isValues(answer) && typeof answer.handle === "string";
}
