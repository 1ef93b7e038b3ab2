import { SessionError } from "./errors.ts";

/** Databases cannot keep every text as a key. */
export function isSubject(subject: unknown): subject is string {
  return (
    typeof subject === "string" &&
    subject.length >= 1 &&
    subject.length <= 1024 &&
    subject.isWellFormed() &&
    !subject.includes("\0")
  );
}

export function checkSubject(subject: unknown): void {
  if (isSubject(subject)) return;
  throw new SessionError(
    "ERR_SESSION_VALUE",
    "login: the subject must be the user's id as text of 1 to 1,024 characters, none of them NUL, such as String(user.id).",
  );
}

/** A list, say, must not be taken for nobody: all sessions would end. */
export function checkExcept(except: unknown): void {
  if (except === undefined || typeof except === "string") return;
  throw new SessionError(
    "ERR_SESSION_VALUE",
    "revokeAll: except must be the handle of one session, as session.id is. Nothing was revoked.",
  );
}

/** Elsewhere these methods call back when they are done: code that waits for that would wait for ever. */
export function refuseCallback(name: string, given: readonly unknown[]): void {
  if (given.length === 0) return;
  throw new TypeError(
    `session.${name}() takes no callback and nothing else. It takes effect when the response leaves: go on in the next line.`,
  );
}

/** `readOnly`: there is no response to save the session with, in the words of the adapter. `skipped`: it was not loaded. */
export type Phase = "open" | "destroyed" | "committed" | "skipped" | { readonly readOnly: string };

/** Throws where a session can be changed no more, or never could. */
export function checkOpen(phase: Phase): void {
  if (typeof phase === "object") throw new SessionError("ERR_SESSION_COMMITTED", phase.readOnly);
  switch (phase) {
    case "destroyed":
      throw new SessionError(
        "ERR_SESSION_DESTROYED",
        "The session was ended by destroy(), so it cannot be changed. To go on with an empty one, use logout().",
      );
    case "committed":
      throw new SessionError(
        "ERR_SESSION_COMMITTED",
        "The session has been saved and the response's headers are on their way, so this change would be lost. " +
          "Change the session before the response begins.",
      );
  }
}

export function skipped(): SessionError {
  return new SessionError(
    "ERR_SESSION_MISSING",
    "The option skip kept this request's session from being loaded, so there is none to use. Let skip return false for it.",
  );
}
