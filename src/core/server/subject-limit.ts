import { SessionError } from "../errors.ts";
import type { SessionRecord } from "../repository.ts";
import { liveRecords } from "./administration.ts";
import type { ServerContext } from "./context.ts";
import { endRecord } from "./ending.ts";
import type { Operation } from "./guard.ts";

/** @throws `ERR_SESSION_LIMIT` where a login would be one too many. `handle` is the session that logs in, if it is stored. */
export async function admitLogin(
  context: ServerContext,
  operation: Operation,
  subject: string,
  handle?: string,
): Promise<void> {
  const { subjectLimit, owner } = context;
  if (subjectLimit?.beyond !== "refuse") return;
  const others = await othersOf(context, operation, subject, handle);
  if (others.length < subjectLimit.sessions) return;
  throw new SessionError(
    "ERR_SESSION_LIMIT",
    `${owner}: the subject has ${others.length} sessions, and may have ${subjectLimit.sessions}. ` +
      "End one of them, with revoke() or revokeAll(), and log in again.",
  );
}

/** Ends the oldest sessions of a subject that has logged in once too often. */
export async function evictBeyondLimit(
  context: ServerContext,
  operation: Operation,
  { handle, subject }: { readonly handle: string; readonly subject: string },
): Promise<void> {
  const { subjectLimit, onEvent } = context;
  if (subjectLimit?.beyond !== "evict-oldest") return;
  try {
    const others = await othersOf(context, operation, subject, handle);
    others.sort((a, b) => (a.authenticatedAt ?? 0) - (b.authenticatedAt ?? 0));
    const tooMany = others.slice(0, Math.max(0, others.length + 1 - subjectLimit.sessions));
    for (const record of tooMany) await endRecord(context, operation, record, "evicted");
  } catch (error) {
    // The login itself is stored, and answered as such.
    onEvent({ type: "touch-failed", id: handle, error });
  }
}

async function othersOf(
  context: ServerContext,
  operation: Operation,
  subject: string,
  handle: string | undefined,
): Promise<SessionRecord[]> {
  const records = await liveRecords(context, operation, subject);
  return records.filter((record) => record.handle !== handle);
}
