import { checkSeconds, misconfigured } from "./options.ts";

/** How long a session lives. Both limits are enforced on the server, by its own clock. */
export interface TimeoutOptions {
  /** Seconds without use after which a session ends (ASVS 7.3.1). Default: 86,400, a day, or `absoluteTimeout` if that is shorter. */
  readonly idleTimeout?: number;
  /** Seconds after login, or creation, after which a session ends however busy it is (ASVS 7.3.2). Default: 2,592,000, 30 days. */
  readonly absoluteTimeout?: number;
}

const HOUR = 60 * 60;
const DAY = 24 * HOUR;

/**
 * The limits of NIST SP 800-63B-4 for its three assurance levels, to be spread into options. The first is the default.
 *
 * @example
 * ```ts
 * sessions(secret, { ...timeouts.aal2 });
 * ```
 */
export const timeouts: {
  readonly aal1: Required<TimeoutOptions>;
  readonly aal2: Required<TimeoutOptions>;
  readonly aal3: Required<TimeoutOptions>;
} = {
  aal1: { idleTimeout: DAY, absoluteTimeout: 30 * DAY },
  aal2: { idleTimeout: HOUR, absoluteTimeout: DAY },
  aal3: { idleTimeout: 15 * 60, absoluteTimeout: 12 * HOUR },
};

/** From where the absolute timeout counts: the login, or the creation of an anonymous session. */
export function startOf({
  authenticatedAt,
  createdAt,
}: {
  readonly authenticatedAt: number | undefined;
  readonly createdAt: number;
}): number {
  return authenticatedAt ?? createdAt;
}

/** Milliseconds for which what is good no more is remembered: a request that came before is no longer under way after that. */
export const REMEMBERED = 120_000;

/** The arithmetic of both timeouts. All arguments and results are milliseconds since the epoch. */
export interface Timeline {
  /** The moment that no activity moves. `start` is the login, or the creation of an anonymous session. */
  absoluteEnd(start: number): number;
  /** The end to show: never later than the real one. */
  expiresAt(now: number, start: number): number;
  /**
   * The end to write. A tenth of the idle timeout later than the end to show, because a use within that tenth is
   * not written: so a session ends 1.0 to 1.1 idle timeouts after its last use, never early.
   */
  writtenEnd(now: number, start: number): number;
  /** When the last use was written, by the end that was. Later than the truth never, earlier where that end is the absolute one. */
  lastUse(writtenEnd: number): number;
  /** Whether a use at `now` has to be written, because the end that is written now would come too early. */
  touchDue(now: number, start: number, writtenEnd: number): boolean;
}

export function createTimeline(owner: string, options: TimeoutOptions): Timeline {
  const { absoluteTimeout = timeouts.aal1.absoluteTimeout } = options;
  checkSeconds(owner, "absoluteTimeout", absoluteTimeout);
  const { idleTimeout = Math.min(timeouts.aal1.idleTimeout, absoluteTimeout) } = options;
  checkSeconds(owner, "idleTimeout", idleTimeout);
  if (absoluteTimeout < idleTimeout) {
    throw misconfigured(
      `${owner}: absoluteTimeout (${absoluteTimeout} s) is shorter than idleTimeout (${idleTimeout} s), which ` +
        "would then never end a session. Make absoluteTimeout the longer of the two.",
    );
  }
  const idle = idleTimeout * 1000;
  const slack = idle / 10;
  const absoluteEnd = (start: number) => Math.ceil(start + absoluteTimeout * 1000);
  return {
    absoluteEnd,
    expiresAt: (now, start) => Math.min(now + idle, absoluteEnd(start)),
    writtenEnd: (now, start) => Math.min(Math.ceil(now + idle + slack), absoluteEnd(start)),
    lastUse: (writtenEnd) => Math.floor(writtenEnd - idle - slack),
    touchDue: (now, start, writtenEnd) =>
      writtenEnd < absoluteEnd(start) && now + idle >= writtenEnd,
  };
}
