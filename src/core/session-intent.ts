import { applyChanges, type Contents, runAgain } from "./changes.ts";
import type { Codec } from "./codec.ts";
import { SessionError } from "./errors.ts";
import { internals, type Session } from "./session.ts";

/** Whether the request logged somebody in, and did not log out again. */
export function isLogin<Data extends object>(session: Session<Data>): boolean {
  return session.pending === "login" || (session.isNew && session.subject !== undefined);
}

/** Whether nothing is left of the session. */
export function isOver<Data extends object>(session: Session<Data>): boolean {
  return session.isEmpty && (session.isNew || session.pending === "end");
}

/** Nothing that the application did: a flash value was read, a use is noted, a token renewed. */
export function isLibrarysOwn<Data extends object>(session: Session<Data>): boolean {
  const { isNew, changes, pending } = session;
  const isSettled = !isNew && (pending === "none" || pending === "end");
  return isSettled && changes.every(({ type }) => type === "flash-read");
}

/**
 * What a login begins with whose session went away meanwhile.
 *
 * @param isSameStranger Whether it is another login that a stranger's session went away by.
 */
export function takenAlong<Data extends object>(
  session: Session<Data>,
  isSameStranger: boolean,
  codec: Codec,
): Contents {
  // Who logs in twice at once has ended nothing: both logins keep what `keep` names. It is what this request saw; what is
  // stored by now is the other login's.
  if (isSameStranger) return internals.contents(session);
  // What a user's session held, or one that somebody ended, is not to come back: only what this request set itself is
  // the new one's.
  const contents: Contents = { data: {}, flash: {} };
  return runAgain(() => {
    applyChanges(contents, session.changes, codec.copy);
    return contents;
  });
}

/** For changes of a session that has ended meanwhile: the dead stay dead. */
export function gone(): SessionError {
  return new SessionError(
    "ERR_SESSION_GONE",
    "The session ended while this request was using it, by a logout, a login or a revocation, so its changes were not " +
      "saved. Answer that it is over; the next request runs with whatever session the visitor has then.",
  );
}
