import { SessionError } from "../errors.ts";
import { andThen, type Eventually } from "../promises.ts";
import type { SessionRecord } from "../repository.ts";
import { liveRecords } from "./administration.ts";
import type { ServerContext } from "./context.ts";
import { endRecord } from "./ending.ts";
import type { Operation } from "./guard.ts";

/** @throws `ERR_SESSION_LIMIT` where a login would be one too many. `handle` is the session that logs in, if it is stored. */
export function admitLogin(
  context: ServerContext,
  operation: Operation,
  subject: string,
  handle?: string,
): Eventually<void> {
  const { subjectLimit, owner } = context;
  if (subjectLimit?.beyond !== "refuse") return undefined;
  return andThen(liveRecords(context, operation, subject), (records) => {
    const others = records.filter((record) => record.handle !== handle);
    if (others.length < subjectLimit.sessions) return;
    throw new SessionError(
      "ERR_SESSION_LIMIT",
      `${owner}: the subject has ${others.length} sessions, and may have ${subjectLimit.sessions}. ` +
        "End one of them, with revoke() or revokeAll(), and log in again.",
    );
  });
}

/** Ends the oldest sessions of a subject that has logged in once too often. */
export function evictBeyondLimit(
  context: ServerContext,
  operation: Operation,
  login: Login,
): Eventually<void> {
  const { subjectLimit } = context;
  if (subjectLimit?.beyond !== "evict-oldest") return undefined;
  return evictOldest(context, operation, login, subjectLimit.sessions);
}

interface Login {
  readonly handle: string;
  readonly subject: string;
}

async function evictOldest(
  context: ServerContext,
  operation: Operation,
  { handle, subject }: Login,
  most: number,
): Promise<void> {
  try {
    const records = await liveRecords(context, operation, subject);
    const isOwn = (record: SessionRecord) => record.handle === handle;
    records.sort(
      (a, b) =>
        (a.authenticatedAt ?? 0) - (b.authenticatedAt ?? 0) || Number(isOwn(a)) - Number(isOwn(b)),
    );
    for (const record of records.slice(0, -most)) {
      // Of two logins at the same time one ends the other's session, and not each the other's.
      if (!isOwn(record)) await endRecord(context, operation, record, "evicted");
    }
  } catch (error) {
    // The login itself is stored, and answered as such.
    context.onEvent({ type: "touch-failed", id: handle, error });
  }
}
