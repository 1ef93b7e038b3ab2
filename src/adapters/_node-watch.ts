import type { Duplex } from "node:stream";
import { setTimeout } from "node:timers";
import { SessionError } from "../core/errors.ts";
import type { OnEvent } from "../core/events.ts";
import { checkFunction, checkSeconds, describe, misconfigured } from "../core/options.ts";
import type { Eventually } from "../core/promises.ts";

/** How open sockets find out that their sessions have ended. */
export interface WatchOptions {
  /** Seconds between two checks of all open sockets; none asks in between. At most 3,600. Default: 15. */
  readonly checkEvery?: number;
  /**
   * How many checks in a row may fail, because the store cannot tell, before a socket's session counts as ended: down is
   * not ended, but nobody would notice a revocation either. Default: 4, with 15 seconds between them about a minute.
   */
  readonly failedChecks?: number;
  /** Calls a function after so many milliseconds. Default: a timer that keeps no process alive. For tests. */
  readonly schedule?: (check: () => void, milliseconds: number) => void;
}

export const WATCH_OPTIONS: readonly string[] = ["checkEvery", "failedChecks", "schedule"];

const LONGEST_PAUSE = 3600;
/** Questions that are under way at a time. */
const AT_ONCE = 16;

export function readWatchOptions(owner: string, options: WatchOptions): Required<WatchOptions> {
  const { checkEvery = 15, failedChecks = 4, schedule = later } = options;
  checkSeconds(owner, "checkEvery", checkEvery);
  if (checkEvery > LONGEST_PAUSE) {
    throw misconfigured(
      `${owner}: checkEvery is ${checkEvery} seconds, for which a revoked session would keep its socket. It is in seconds, not milliseconds: write at most ${LONGEST_PAUSE}.`,
    );
  }
  if (!Number.isSafeInteger(failedChecks) || failedChecks < 1) {
    throw misconfigured(
      `${owner}: failedChecks must be a whole number from 1, not ${describe(failedChecks)}.`,
    );
  }
  checkFunction(owner, "schedule", schedule);
  return { checkEvery, failedChecks, schedule };
}

function later(check: () => void, milliseconds: number): void {
  setTimeout(check, milliseconds).unref();
}

interface Watched {
  readonly socket: Duplex;
  readonly isAlive: () => Eventually<boolean>;
  readonly end: AbortController;
  /** The last check that got an answer. */
  answered: number;
}

/**
 * Asks now and then whether the sessions of open sockets have ended: by one timer for all of them, which stands still
 * while there are none, and a few at a time.
 */
export class SessionWatch {
  readonly #options: Required<WatchOptions>;
  readonly #onEvent: OnEvent;
  readonly #open = new Set<Watched>();
  #check = 0;
  /** The check that is under way. */
  #asking: number | undefined;
  #isScheduled = false;

  constructor(options: Required<WatchOptions>, onEvent: OnEvent) {
    this.#options = options;
    this.#onEvent = onEvent;
  }

  /** @returns A signal that is aborted when the session has ended, unless the socket was closed before. */
  add(socket: Duplex, isAlive: () => Eventually<boolean>): AbortSignal {
    const watched = { socket, isAlive, end: new AbortController(), answered: this.#check };
    this.#open.add(watched);
    socket.once("close", () => this.#open.delete(watched));
    this.#schedule();
    return watched.end.signal;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#open.size === 0) return;
    this.#isScheduled = true;
    this.#options.schedule(() => {
      this.#isScheduled = false;
      this.#begin();
      this.#schedule();
    }, this.#options.checkEvery * 1000);
  }

  #begin(): void {
    const { failedChecks } = this.#options;
    this.#check += 1;
    for (const { socket, end } of this.#open) {
      // Whoever listens to the signal has had the time to say goodbye.
      if (end.signal.aborted) socket.destroy();
    }
    // Of a check that goes on and on nothing is to be expected any more.
    if (this.#asking === undefined || this.#check - this.#asking >= failedChecks) {
      void this.#ask(this.#check);
    }
    for (const watched of this.#open) {
      if (this.#check - watched.answered > failedChecks) this.#giveUp(watched);
    }
  }

  async #ask(check: number): Promise<void> {
    this.#asking = check;
    const failures: unknown[] = [];
    const queue = this.#open.values();
    const askInTurn = async (): Promise<void> => {
      for (const watched of queue) await this.#askAbout(watched, check, failures);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, askInTurn));
    if (this.#asking === check) this.#asking = undefined;
    if (failures.length > 0) this.#onEvent({ type: "check-failed", error: failures[0] });
  }

  async #askAbout(watched: Watched, check: number, failures: unknown[]): Promise<void> {
    const { end, isAlive } = watched;
    if (end.signal.aborted) return;
    try {
      const answer = await isAlive();
      watched.answered = Math.max(watched.answered, check);
      if (!answer && this.#open.has(watched)) end.abort(hasEnded());
    } catch (error) {
      failures.push(error);
      if (check - watched.answered >= this.#options.failedChecks) this.#giveUp(watched, error);
    }
  }

  #giveUp({ end }: Watched, cause?: unknown): void {
    end.abort(cannotTell(cause));
  }
}

function hasEnded(): SessionError {
  return new SessionError(
    "ERR_SESSION_GONE",
    "The session has ended, by a logout, a login, a revocation or a timeout, while its socket was open. Close the socket.",
  );
}

function cannotTell(cause: unknown): SessionError {
  return new SessionError(
    "ERR_SESSION_STORE",
    "The store could not tell for several checks whether the session has ended while its socket was open. Close the " +
      "socket; the client may connect again once the store answers.",
    cause === undefined ? undefined : { cause },
  );
}
