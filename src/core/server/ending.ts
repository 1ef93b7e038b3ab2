import type { EndReason } from "../events.ts";
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
export async function endRecord(
  context: ServerContext,
  operation: Operation,
  seen: SessionRecord,
  reason: EndReason,
  isMeant: (record: SessionRecord) => boolean = (record) => isSameLogin(record, seen),
): Promise<boolean> {
  const hasEnded = await compareAndSet(context, operation, seen, async (record) => {
    const credentials = readCredentials(record.credentials);
    const isOver = credentials !== undefined && credentials.current === undefined;
    if (isOver || !isMeant(record)) return { outcome: "gone" };
    // Damaged credentials do not keep a session from being ended.
    const written = endedRecord(record, credentials ?? {}, context.config.clock());
    const outcome = await operation.update(record, written);
    return outcome === "updated" ? { outcome, written } : { outcome };
  });
  if (hasEnded) context.onEvent({ type: "ended", id: seen.handle, reason });
  return hasEnded;
}

export function isSameLogin(record: SessionRecord, seen: SessionRecord): boolean {
  return record.subject === seen.subject && record.authenticatedAt === seen.authenticatedAt;
}
