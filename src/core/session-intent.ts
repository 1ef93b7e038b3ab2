import { SessionError } from "./errors.ts";
import type { Session } from "./session.ts";

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

/** For changes of a session that has ended meanwhile: the dead stay dead. */
export function gone(): SessionError {
  return new SessionError(
    "ERR_SESSION_GONE",
    "The session ended while this request was using it, by a logout, a login or a revocation, so its changes were not " +
      "saved. Answer that it is over; the next request runs with whatever session the visitor has then.",
  );
}
