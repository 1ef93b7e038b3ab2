import { isHandle } from "../handle.ts";
import { andThen, type Eventually } from "../promises.ts";
import type { SessionRecord } from "../repository.ts";
import { isSubject } from "../session-checks.ts";
import { startOf } from "../timeouts.ts";
import type { ServerContext } from "./context.ts";
import { endRecord } from "./ending.ts";
import type { Operation } from "./guard.ts";

/** One session of a subject, for a list of devices. Nothing in it opens anything. */
export interface SessionSummary {
  /** The handle, which `revoke` takes. */
  readonly id: string;
  readonly subject: string;
  /** What the store's `label` made of the request that logged in. */
  readonly label: string | undefined;
  readonly createdAt: Date;
  readonly authenticatedAt: Date | undefined;
  /** To within a tenth of the idle timeout, because a use is not written more often; in the last days before the absolute end it may be earlier than the truth. */
  readonly lastUsedAt: Date;
  /** When it ends if it is not used again. */
  readonly expiresAt: Date;
}

/** A subject's sessions, the most recently used first. */
export async function listSessions(
  context: ServerContext,
  operation: Operation,
  subject: string,
): Promise<SessionSummary[]> {
  const records = await liveRecords(context, operation, subject);
  return records
    .map((record) => summaryOf(context, record, subject))
    .sort((a, b) => b.lastUsedAt.getTime() - a.lastUsedAt.getTime());
}

function summaryOf(
  { config: { timeline } }: ServerContext,
  record: SessionRecord,
  subject: string,
): SessionSummary {
  const { handle, label, createdAt, authenticatedAt, expiresAt } = record;
  const start = startOf(record);
  const lastUsedAt = Math.max(start, timeline.lastUse(expiresAt));
  return {
    id: handle,
    subject,
    label,
    createdAt: new Date(createdAt),
    authenticatedAt: authenticatedAt === undefined ? undefined : new Date(authenticatedAt),
    lastUsedAt: new Date(lastUsedAt),
    expiresAt: new Date(timeline.expiresAt(lastUsedAt, start)),
  };
}

/** @returns Whether it was alive, and the subject's where one is named. */
export async function revokeSession(
  context: ServerContext,
  operation: Operation,
  handle: string,
  subject: string | undefined,
): Promise<boolean> {
  // It may come from a client, and no database needs to see what cannot be a handle.
  if (!isHandle(handle)) return false;
  const record = await operation.read(handle);
  const isMeant = (each: SessionRecord) => subject === undefined || each.subject === subject;
  if (record === undefined || !isMeant(record)) return false;
  // Also where its user logs in again meanwhile: it is the same entry of the list.
  return endRecord(context, operation, record, "revoked", isMeant);
}

const MOST_AT_ONCE = 8;
const MOST_ROUNDS = 3;

/** Ends all sessions of a subject but one, those included that begin meanwhile, within reason. Says how many. */
export async function revokeAllSessions(
  context: ServerContext,
  begin: () => Operation,
  subject: string,
  except: string | undefined,
): Promise<number> {
  let count = 0;
  let failure: PromiseRejectedResult | undefined;
  for (let round = 0; round < MOST_ROUNDS && failure === undefined; round += 1) {
    const records = await liveRecords(context, begin(), subject);
    const doomed = records.filter(({ handle }) => handle !== except);
    if (doomed.length === 0) break;
    for (let at = 0; at < doomed.length; at += MOST_AT_ONCE) {
      const revoked = await Promise.allSettled(
        doomed
          .slice(at, at + MOST_AT_ONCE)
          .map(async (record) => endRecord(context, begin(), record, "revoked")),
      );
      count += revoked.filter((each) => each.status === "fulfilled" && each.value).length;
      // One that cannot be ended spares no other.
      failure ??= revoked.find((each) => each.status === "rejected");
    }
  }
  if (failure !== undefined) throw failure.reason;
  return count;
}

/** A repository may find what has ended since, or belongs to somebody else by now. */
export function liveRecords(
  { config: { clock, timeline } }: ServerContext,
  operation: Operation,
  subject: string,
): Eventually<SessionRecord[]> {
  if (!isSubject(subject)) return [];
  const now = clock();
  return andThen(operation.findBySubject(subject), (records) =>
    records.filter(
      (record) =>
        record.subject === subject &&
        now < record.expiresAt &&
        now < timeline.absoluteEnd(startOf(record)),
    ),
  );
}
