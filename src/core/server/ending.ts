import type { EndReason } from "../events.ts";
import { andThen, type Eventually } from "../promises.ts";
import type { SessionRecord } from "../repository.ts";
import { compareAndSet } from "./compare-and-set.ts";
import { endedRecord } from "./composing.ts";
import type { ServerContext } from "./context.ts";
import { readCredentials } from "./credentials.ts";
import type { Operation } from "./guard.ts";

/**
 * Ends the session that was seen, whatever is written to it meanwhile. What it has become by a login since is another
 * session, which goes on.
 *
 * @param isMeant Whether what the session is by now is still to end. Default: unless there was a login since.
 * @returns Whether it was alive, and is no more.
 */
export function endRecord(
  context: ServerContext,
  operation: Operation,
  seen: SessionRecord,
  reason: EndReason,
  isMeant: (record: SessionRecord) => boolean = (record) => isSameLogin(record, seen),
): Eventually<boolean> {
  const ended = compareAndSet(context, operation, seen, (record) => {
    const credentials = readCredentials(record.credentials);
    const isOver = credentials !== undefined && credentials.current === undefined;
    if (isOver || !isMeant(record)) return { outcome: "gone" };
    // Damaged credentials do not keep a session from being ended.
    const written = endedRecord(record, credentials ?? {}, context.config.clock());
    return andThen(operation.update(record, written), (outcome) =>
      outcome === "updated" ? { outcome, written } : { outcome },
    );
  });
  return andThen(ended, (hasEnded) => {
    if (hasEnded) context.onEvent({ type: "ended", id: seen.handle, reason });
    return hasEnded;
  });
}

export function isSameLogin(record: SessionRecord, seen: SessionRecord): boolean {
  return record.subject === seen.subject && record.authenticatedAt === seen.authenticatedAt;
}
