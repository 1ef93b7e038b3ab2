import { Call } from "./call.ts";
import type { Clock } from "./clock.ts";
import { SessionError } from "./errors.ts";
import { misconfigured } from "./options.ts";
import { type Eventually, isThenable, orElse } from "./promises.ts";
import type { Random } from "./random.ts";
import {
  cacheTime,
  type EndedAt,
  endedAtOf,
  NoAnswer,
  type RevocableSession,
  type Revocation,
  type RevocationContext,
  type RevokeContext,
  successorIn,
} from "./revocation.ts";
import { TimeLimit, unanswered } from "./time-limit.ts";

/** So many handles are remembered for a revocation; beyond that the one that was not asked for longest is forgotten. */
const MOST_ANSWERS = 10_000;

interface Entry {
  /** Who asked, and under whose time limit the question is. */
  readonly owner: RevocationAnswers;
  /** The token that was asked about; `undefined` where the answer is true of all tokens of the session. */
  readonly issuedAt: number | undefined;
  readonly subject: string | undefined;
  readonly askedAt: number;
  /** A promise while the question is under way: others who ask wait for the same. */
  answer: Eventually<EndedAt>;
}

interface RevocationAnswersOptions {
  readonly owner: string;
  /** Milliseconds that a load or a save may wait in all. */
  readonly timeout: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** By handle, the one that was not asked for longest first. */
type Entries = Map<string, Entry>;

/** Stores that share a revocation share its answers: what one of them has ended the others refuse at once. */
const allEntries = new WeakMap<Revocation, Entries>();

function entriesOf(revocation: Revocation): Entries {
  const entries: Entries = allEntries.get(revocation) ?? new Map();
  allEntries.set(revocation, entries);
  return entries;
}

/** Asks a revocation, within a time limit, and reuses what it answered for as long as that allows. */
export class RevocationAnswers {
  readonly #revocation: Revocation;
  readonly #cacheFor: number;
  readonly #options: RevocationAnswersOptions;
  readonly #entries: Entries;

  constructor(revocation: Revocation, options: RevocationAnswersOptions) {
    this.#revocation = revocation;
    this.#cacheFor = cacheTime(revocation);
    this.#options = options;
    this.#entries = entriesOf(revocation);
  }

  /** Begins a load or a save, whose questions share one time limit. */
  begin(): TimeLimit {
    return new TimeLimit(this.#options.timeout);
  }

  /** @returns The answer, at once where it is known or the revocation gives it at once. */
  ask(session: RevocableSession): Eventually<EndedAt> {
    const entry = this.#current(session);
    // What another store still waits for may take longer than this one may.
    const isOthers = entry?.owner !== this && isThenable(entry?.answer);
    return entry === undefined || isOthers ? this.askAnew(session, this.begin()) : entry.answer;
  }

  /** Asks, whatever was answered before. */
  askAnew(session: RevocableSession, timeLimit: TimeLimit): Eventually<EndedAt> {
    const { id, subject, issuedAt } = session;
    const askedAt = this.#options.clock();
    const answer = this.#call(
      timeLimit,
      (context) => this.#revocation.isRevoked(session, context),
      endedAtOf,
    );
    const entry: Entry = { owner: this, issuedAt, subject, askedAt, answer };
    this.#keep(id, entry);
    if (isThenable(answer)) {
      answer.then(
        (endedAt) => {
          entry.answer = endedAt;
        },
        () => {
          // What is there by now may be newer, and say something.
          if (this.#entries.get(id) === entry) this.#entries.delete(id);
        },
      );
    }
    return answer;
  }

  /** What is known without asking. */
  known(session: RevocableSession): EndedAt {
    const answer = this.#current(session)?.answer;
    return isThenable(answer) ? undefined : answer;
  }

  /**
   * Tells that a session has ended.
   *
   * @returns Whether it ended by this, as far as can be told.
   */
  async revoke(
    id: string,
    until: number,
    timeLimit: TimeLimit,
    successor?: RevokeContext["successor"],
  ): Promise<boolean> {
    if (this.#revocation.revoke === undefined) return true;
    let hasEnded = false;
    const goingOn = successor === undefined ? {} : { successor };
    try {
      hasEnded = await this.#call(
        timeLimit,
        ({ now, signal }) => this.#revocation.revoke?.(id, until, { now, signal, ...goingOn }),
        (answer) => answer !== false,
      );
    } finally {
      // Also the answer to a question that was asked before it ended, and is still under way.
      this.#entries.delete(id);
    }
    const now = this.#options.clock();
    const ofAll = { owner: this, issuedAt: undefined, subject: undefined };
    if (hasEnded) this.#keep(id, { ...ofAll, askedAt: now, answer: now });
    return hasEnded;
  }

  /** The handle under which a session goes on that has ended under this one. `undefined`: it does not, or nobody can tell. */
  async successorOf(id: string, timeLimit: TimeLimit): Promise<string | undefined> {
    return this.#call(
      timeLimit,
      (context) => this.#revocation.successorOf?.(id, context),
      successorIn,
    );
  }

  /** Tells that all sessions of a subject have ended, but those of some handles. */
  async revokeAll(subject: string, until: number, except: readonly string[]): Promise<void> {
    let endedUntil = 0;
    try {
      await this.#call(
        this.begin(),
        ({ now, signal }) => {
          endedUntil = now;
          return this.#revocation.revokeAll?.(subject, until, { now, signal, except });
        },
        () => undefined,
      );
    } finally {
      for (const [id, entry] of this.#entries) {
        if (entry.subject === subject) this.#entries.delete(id);
      }
    }
    await this.#passed(endedUntil);
  }

  /** A login that comes next must not fall into the millisecond up to which everything has ended. */
  async #passed(time: number): Promise<void> {
    for (let tries = 0; tries < 3 && this.#options.clock() <= time; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  get canRevoke(): boolean {
    return this.#revocation.revoke !== undefined;
  }

  /** Whether a session that `regenerate()` has ended can be found again. Where nothing is kept in mind, none has ended so. */
  get canFollow(): boolean {
    return !this.canRevoke || this.#revocation.successorOf !== undefined;
  }

  get canRevokeAll(): boolean {
    return this.#revocation.revokeAll !== undefined;
  }

  #current({ id, issuedAt }: RevocableSession): Entry | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined || (entry.issuedAt ?? issuedAt) !== issuedAt) return undefined;
    const age = this.#options.clock() - entry.askedAt;
    // A clock that was set back must not make an answer last.
    if (age < 0 || age >= this.#cacheFor) return undefined;
    this.#keep(id, entry);
    return entry;
  }

  #keep(id: string, entry: Entry): void {
    if (this.#cacheFor === 0) return;
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    if (this.#entries.size <= MOST_ANSWERS) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  #call<Answer>(
    timeLimit: TimeLimit,
    ask: (context: RevocationContext) => unknown,
    read: (answer: unknown) => Answer,
  ): Eventually<Answer> {
    const call = new Call(this.#options.clock());
    return orElse<Answer>(
      () => {
        const answer = ask(call);
        if (!isThenable(answer)) return read(answer);
        const inTime = timeLimit.inTime(answer, (what) => {
          call.giveUp();
          return new NoAnswer(what);
        });
        return inTime.then(read);
      },
      (error) => {
        throw this.#failure(error);
      },
    );
  }

  #failure(cause: unknown): SessionError {
    const { owner, random } = this.#options;
    if (cause instanceof SessionError && cause.code === "ERR_SESSION_STORE") return cause;
    const [what, thrown] = cause instanceof NoAnswer ? [cause.message] : ["failed", cause];
    const message = `${owner}: the revocation ${what}, so it is not known whether the session has ended, and the request fails.`;
    return unanswered(message, random, thrown);
  }
}

export function cannot(owner: string, what: "revoke" | "revokeAll"): SessionError {
  return misconfigured(
    `${owner}: ${what}() takes a revocation that has a function ${what}, as repositoryRevocation(repository) has.`,
  );
}
