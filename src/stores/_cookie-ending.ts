import { SessionError } from "../core/errors.ts";
import { checkTimeout, misconfigured } from "../core/options.ts";
import {
  checkRevocation,
  type RevocableSession,
  type Revocation,
  type RevokeContext,
} from "../core/revocation.ts";
import { RevocationAnswers } from "../core/revocation-answers.ts";
import { stillGoing, successorsOf } from "../core/revocation-successors.ts";
import type { Session } from "../core/session.ts";
import type { SessionConfig } from "../core/session-config.ts";
import { gone, isLibrarysOwn, isLogin, isOver, takenAlong } from "../core/session-intent.ts";
import type { TimeLimit } from "../core/time-limit.ts";
import { CLOCK_SKEW, type CookieContext, type Loaded, revocableOf } from "./_cookie-opening.ts";
import { type Exchange, forgetSession, sealSession, sendSession } from "./_cookie-sealing.ts";

/** Seconds. */
const DEFAULT_TIMEOUT = 2;

interface RevocationOptions {
  readonly revocation?: Revocation | Revocation["isRevoked"];
  readonly timeout?: number;
}

/** `undefined` without a revocation. Throws `ERR_SESSION_CONFIG` for bad options. */
export function createAnswers(
  owner: string,
  { revocation, timeout }: RevocationOptions,
  { clock, random }: SessionConfig,
): RevocationAnswers | undefined {
  if (timeout !== undefined) checkTimeout(owner, timeout);
  if (revocation === undefined) {
    if (timeout === undefined) return undefined;
    throw misconfigured(
      `${owner}: timeout is how long to wait for the revocation, and there is none.`,
    );
  }
  return new RevocationAnswers(checkRevocation(owner, revocation), {
    owner,
    timeout: (timeout ?? DEFAULT_TIMEOUT) * 1000,
    clock,
    random,
  });
}

/** With a revocation: saves a session that was loaded and changed, if it has not ended meanwhile. */
export async function saveUnlessEnded<Data extends object>(
  context: CookieContext,
  answers: RevocationAnswers,
  exchange: Exchange,
  session: Session<Data>,
  loaded: Loaded,
): Promise<void> {
  const isOwn = isLibrarysOwn(session);
  // Sealed first: what does not fit must not cost the visitor the session that is there.
  let sealed = isOver(session)
    ? undefined
    : sealSession(context, session, loaded.transport, loaded);
  let isAlive: boolean;
  try {
    isAlive = await livesUntilNow(context, answers, session, loaded);
  } catch (error) {
    if (!isOwn || !(error instanceof SessionError)) throw error;
    // A notice that shows twice is better than no answer.
    context.onEvent({ type: "touch-failed", id: loaded.id, error });
    return;
  }
  if (!isAlive) {
    // The cookie may be a newer session's by now, and only a login may take the place of that.
    if (isOwn || sealed === undefined) return;
    if (!isLogin(session)) throw gone();
    // A revocation does not tell a login from another end.
    const isSameStranger = loaded.payload.subject === undefined;
    const contents = takenAlong(session, isSameStranger, context.config.codec);
    sealed = sealSession(context, session, loaded.transport, loaded, contents);
  }
  if (sealed === undefined) forgetSession(context, exchange, loaded);
  else sendSession(context, exchange, sealed, loaded);
}

/** Whether nobody ended the session before. Where this request ends it, or gives it another handle, it has ended then. */
async function livesUntilNow<Data extends object>(
  { config }: CookieContext,
  answers: RevocationAnswers,
  session: Session<Data>,
  loaded: Loaded,
): Promise<boolean> {
  if (loaded.hasEnded) return true;
  loaded.timeLimit ??= answers.begin();
  const { timeLimit, id } = loaded;
  const revocable = revocableOf(config, loaded);
  if ((await answers.askAnew(revocable, timeLimit)) === undefined) {
    if (session.pending === "none") return true;
    const until = revocable.endsAt + CLOCK_SKEW;
    loaded.hasEnded = await answers.revoke(id, until, timeLimit, successorOf(session));
  }
  // By `logout()` or `destroy()`. Nothing else of what a request does reaches the session under another handle.
  if (!loaded.hasEnded && session.isNew) {
    loaded.hasEnded = await endSuccessor(
      answers,
      { ...revocable, issuedAt: config.clock() },
      timeLimit,
    );
  }
  return loaded.hasEnded ?? false;
}

/** A login begins a session of its own, with a later start. */
function successorOf<Data extends object>({
  pending,
  id,
  subject,
}: Session<Data>): RevokeContext["successor"] {
  return pending === "regenerate" ? { id, subject } : undefined;
}

/** Ends what became of a session by `regenerate()` in other requests. Whether it was alive until now. */
async function endSuccessor(
  answers: RevocationAnswers,
  revocable: RevocableSession,
  timeLimit: TimeLimit,
): Promise<boolean> {
  if (!answers.canFollow) throw stillGoing("the revocation has no function successorOf");
  const until = revocable.endsAt + CLOCK_SKEW;
  for await (const id of successorsOf(answers, revocable.id, timeLimit)) {
    // Where all of the subject's have ended, the cookie may be that of a newer login by now.
    const endedAt = await answers.askAnew({ ...revocable, id }, timeLimit);
    if (endedAt === undefined && (await answers.revoke(id, until, timeLimit))) return true;
  }
  return false;
}

/** Ends a session from outside, under the handle that it has by now, as far as the revocation can tell. */
export async function revokeNewest(
  answers: RevocationAnswers,
  id: string,
  until: number,
): Promise<void> {
  const timeLimit = answers.begin();
  if (await answers.revoke(id, until, timeLimit)) return;
  for await (const successor of successorsOf(answers, id, timeLimit)) {
    if (await answers.revoke(successor, until, timeLimit)) return;
  }
}
