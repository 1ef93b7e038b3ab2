import { isHandle } from "./handle.ts";
import { checkFunction, checkSeconds, describe, misconfigured } from "./options.ts";
import type { Eventually } from "./promises.ts";

/** A session that a sealed token has opened. All times are milliseconds since the epoch. */
export interface RevocableSession {
  /** The handle. A login and a `regenerate()` give a session that is sealed into a token a new one. */
  readonly id: string;
  readonly subject: string | undefined;
  /** The login, or the creation of an anonymous session. */
  readonly startedAt: number;
  /** When this token was sealed. */
  readonly issuedAt: number;
  /** The absolute end, after which no token of this session opens. */
  readonly endsAt: number;
}

/** What every function of a revocation is given last. */
export interface RevocationContext {
  /** The time, in milliseconds since the epoch, by the store's clock. */
  readonly now: number;
  /** Aborted when the answer is no longer waited for. It is made when it is first looked at: a copy by `{ ...context }` has none. */
  readonly signal: AbortSignal;
}

/** What a revocation is told with the end of one session. */
export interface RevokeContext extends RevocationContext {
  /**
   * The session goes on under this handle, since `regenerate()`, for the same subject, if there is one. To be kept in mind
   * with its end, for `successorOf`. Whoever keeps handles that `revokeAll` has spared spares this one like the one before it.
   */
  readonly successor?: { readonly id: string; readonly subject: string | undefined };
}

/** What a revocation is told where all sessions of a subject end. */
export interface RevokeAllContext extends RevocationContext {
  /** The handles that go on: none, or one; or two, where a session is just getting another handle. */
  readonly except: readonly string[];
}

/**
 * Knows which sealed sessions have ended. A store that keeps sessions in the client has no memory: this is what makes
 * logout and "sign out everywhere" final for it, too (ASVS 7.4.1 to 7.4.3).
 *
 * A function that throws, rejects or does not answer in time fails the request with `ERR_SESSION_STORE` (503): nobody is
 * let in because nobody could be asked.
 *
 * @example
 * ```ts
 * const revocation: Revocation = {
 *   isRevoked: ({ id }) => db.has(`ended:${id}`),
 *   // In one step, as with NX in Valkey or Redis: whoever comes second is told so by `false`.
 *   revoke: (id, until, { successor }) =>
 *     db.setIfAbsent(`ended:${id}`, successor?.id ?? "", { expiresAt: until }),
 *   successorOf: (id) => db.get(`ended:${id}`).then((successor) => successor || undefined),
 * };
 * ```
 */
export interface Revocation {
  /**
   * Seconds for which a process may reuse an answer: so long it may take until a session that another process has ended
   * is refused by this one. `0`: asked with every request. Default: 5.
   */
  readonly cacheFor?: number;
  /**
   * Whether the session has been ended: `false`, or since when. For two minutes from then on a request that presents its
   * token counts as late: it can change nothing, and no cookie of a newer session is harmed. With `true` it is unknown
   * since when, and the request runs as any stranger's.
   */
  isRevoked(session: RevocableSession, context: RevocationContext): Eventually<boolean | Date>;
  /**
   * Keeps in mind until `until` (ms since the epoch) that the session with this handle has ended. Without this function
   * logout only deletes the cookie.
   *
   * Tell in the same step whether it had ended before ("set if absent"): that is what keeps one session from becoming two,
   * because of two requests that `regenerate()` at the same time only the first goes on.
   *
   * @returns `false` where it had ended before. Anything else means that it has ended now.
   */
  revoke?(id: string, until: number, context: RevokeContext): Eventually<unknown>;
  /**
   * The handle under which a session goes on that has ended under this one: the `successor` that `revoke` was given, or
   * `undefined` where it was given none. So a logout ends the session that another request has just regenerated. Without
   * this function such a logout fails with `ERR_SESSION_GONE` (409), and can be repeated.
   */
  successorOf?(id: string, context: RevocationContext): Eventually<string | undefined>;
  /**
   * Keeps in mind until `until` (ms since the epoch) that all sessions of the subject that began at `now` or before have
   * ended, but those that `except` names. A session that had ended already stays so, also where it is named.
   */
  revokeAll?(subject: string, until: number, context: RevokeAllContext): Eventually<unknown>;
}

const DEFAULT_CACHE = 5;

/** A revocation, of which a function alone is the first part. Throws `ERR_SESSION_CONFIG` for what is none. */
export function checkRevocation(
  owner: string,
  given: Revocation | Revocation["isRevoked"],
): Revocation {
  const revocation = typeof given === "function" ? { isRevoked: given } : given;
  if (typeof revocation?.isRevoked !== "function") {
    throw misconfigured(
      `${owner}: revocation must be a function that says whether a session has ended, an object with such a function ` +
        `isRevoked, or repositoryRevocation(repository), not ${describe(given)}.`,
    );
  }
  const { revoke, successorOf, revokeAll, cacheFor } = revocation;
  checkFunction(owner, "revocation.revoke", revoke);
  checkFunction(owner, "revocation.successorOf", successorOf);
  checkFunction(owner, "revocation.revokeAll", revokeAll);
  checkCacheFor(owner, "revocation.cacheFor", cacheFor);
  return revocation;
}

/** Refuses what `cacheFor` cannot be. */
export function checkCacheFor(owner: string, name: string, seconds: unknown): void {
  if (seconds !== undefined && seconds !== 0) checkSeconds(owner, name, seconds);
}

/** Milliseconds for which answers are reused. */
export function cacheTime({ cacheFor = DEFAULT_CACHE }: Revocation): number {
  return cacheFor * 1000;
}

/** Since when a session has ended, in milliseconds since the epoch, `-Infinity` where nobody knows; `undefined`: it goes on. */
export type EndedAt = number | undefined;

/** Why there is no answer, where nothing was thrown. */
export class NoAnswer extends Error {}

export function endedAtOf(answer: unknown): EndedAt {
  if (answer === false) return undefined;
  if (answer === true) return Number.NEGATIVE_INFINITY;
  if (answer instanceof Date && !Number.isNaN(answer.getTime())) return answer.getTime();
  throw new NoAnswer(
    `answered ${answer instanceof Date ? "an invalid Date" : describe(answer)} where true, false or a Date is an answer`,
  );
}

export function successorIn(answer: unknown): string | undefined {
  if (answer === undefined || answer === null) return undefined;
  if (isHandle(answer)) return answer;
  throw new NoAnswer(
    `gave ${describe(answer)} as a successor, where the handle of one, or undefined, is an answer`,
  );
}
