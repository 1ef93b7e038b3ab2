import type { Contents } from "../changes.ts";
import { SessionError } from "../errors.ts";
import type { SessionRequest, SessionResponse } from "../exchange.ts";
import { andThen, type Eventually, orElse } from "../promises.ts";
import type { SessionRecord } from "../repository.ts";
import { internals, type Session } from "../session.ts";
import { startOf } from "../timeouts.ts";
import type { SessionTransport } from "../transport.ts";
import { type Attempt, compareAndSet } from "./compare-and-set.ts";
import { firstRecord, type Next, nextRecord, type Plan } from "./composing.ts";
import type { ServerContext } from "./context.ts";
import { readCredentials } from "./credentials.ts";
import type { Operation } from "./guard.ts";
import type { Loaded } from "./loaded.ts";
import { openRecord } from "./opening.ts";
import { admitLogin, evictBeyondLimit } from "./subject-limit.ts";

const MOST_HANDLES = 8;

/**
 * What became of an update. `replaced`: a login or a regeneration gave the session another token meanwhile, so it goes on
 * without this request; `ended`: it is no more.
 */
export type Fate = "updated" | "replaced" | "ended";

/** A request and its response, and the calls that its save makes. */
export interface Exchange {
  readonly request: SessionRequest;
  readonly response: SessionResponse;
  readonly operation: Operation;
}

/**
 * Stores a session that is new, under a handle and a token of its own.
 *
 * @param contents Default: what the session holds.
 */
export function createSession<Data extends object>(
  context: ServerContext,
  exchange: Exchange,
  session: Session<Data>,
  transport: SessionTransport,
  contents: Contents = internals.contents(session),
): Eventually<void> {
  const { operation } = exchange;
  const { subject } = session;
  const create = (left: number): Eventually<void> => {
    if (left === 0) throw noRandomHandles(context);
    const plan = planOf(context, exchange, session, contents);
    const { record, credential } = firstRecord(context, plan);
    return andThen(created(context, operation, record), (isCreated) => {
      if (!isCreated) {
        internals.replaceHandle(session);
        return create(left - 1);
      }
      const { handle } = record;
      handOut(context, exchange, transport, record, credential);
      context.onEvent({ type: "created", id: handle, subject });
      if (subject === undefined) return undefined;
      context.onEvent({ type: "login", id: handle, subject });
      return evictBeyondLimit(context, operation, { handle, subject });
    });
  };
  return subject === undefined
    ? create(MOST_HANDLES)
    : andThen(admitLogin(context, operation, subject), () => create(MOST_HANDLES));
}

function noRandomHandles({ owner }: ServerContext): SessionError {
  return new SessionError(
    "ERR_SESSION_STORE",
    `${owner}: ${MOST_HANDLES} fresh handles in a row were taken. The source of random bytes does not give random ones.`,
  );
}

function created(
  { guard }: ServerContext,
  operation: Operation,
  record: SessionRecord,
): Eventually<boolean> {
  return orElse(
    () => operation.create(record),
    (error) => {
      // It may have been stored all the same, and nobody will ever hold its token.
      void orElse(
        () => guard.begin().delete(record.handle),
        () => false,
      );
      throw error;
    },
  );
}

/** Does to the stored session what the request did to the one it saw, and what is due by time. */
export function updateSession<Data extends object>(
  context: ServerContext,
  exchange: Exchange,
  session: Session<Data>,
  loaded: Loaded,
): Eventually<Fate> {
  const { config, onEvent } = context;
  const { operation } = exchange;
  const plan = planOf(context, exchange, session);
  const subject = plan.pending === "login" ? plan.state.subject : undefined;
  const { id: handle } = loaded;
  const { record: seen } = loaded.opened;
  let fate: Fate = "ended";
  const updated = compareAndSet(context, operation, seen, (record, isNewest) => {
    const opened =
      record === seen
        ? loaded.opened
        : openRecord(record, loaded.presented, loaded.loadedAt, config.random);
    if (opened === "unreadable") onEvent({ type: "data-refused", id: handle, reason: "damaged" });
    if (typeof opened === "string") {
      if (opened === "retired" && !hasEnded(record)) fate = "replaced";
      return { outcome: "gone" };
    }
    const next = nextRecord(context, opened, loaded, plan);
    if (next.record === undefined) {
      // On the word of the newest record alone: a login may have taken place since this request came.
      if (next.credential !== undefined && !isNewest) return { outcome: "conflict" };
      return keepRecord(context, exchange, loaded, record, next);
    }
    const { record: written } = next;
    const update = () =>
      andThen(operation.update(record, written), (outcome): Attempt => {
        if (outcome !== "updated") return { outcome };
        finish(context, exchange, loaded, written, next);
        return { outcome, written };
      });
    return subject === undefined
      ? update()
      : andThen(admitLogin(context, operation, subject, handle), update);
  });
  return andThen(updated, (isThere) => {
    if (!isThere) return fate;
    if (subject === undefined) return "updated";
    // Not before this session's next writer may go on: two logins that end each other's session would wait for each other.
    const evicted = evictBeyondLimit(context, operation, { handle, subject });
    return andThen(evicted, () => "updated");
  });
}

function hasEnded({ credentials }: SessionRecord): boolean {
  return readCredentials(credentials)?.current === undefined;
}

/** Nothing of the record changes: what is left is to note a use, and to hand out a successor once more. */
function keepRecord(
  context: ServerContext,
  exchange: Exchange,
  loaded: Loaded,
  record: SessionRecord,
  { credential }: Next,
): Eventually<Attempt> {
  const { clock, timeline } = context.config;
  const now = clock();
  const start = startOf(record);
  const isDue = timeline.touchDue(now, start, record.expiresAt);
  const noted = isDue
    ? noteUse(exchange.operation, { ...record, expiresAt: timeline.writtenEnd(now, start) })
    : record;
  return andThen(noted, (written) => {
    if (written === undefined) return { outcome: "gone" };
    if (credential !== undefined) handOut(context, exchange, loaded.transport, record, credential);
    return { outcome: "updated", written };
  });
}

/** Never at once: so other requests of the same moment get in line, and find that there is nothing left to note. */
async function noteUse(
  operation: Operation,
  used: SessionRecord,
): Promise<SessionRecord | undefined> {
  const isThere = await operation.touch(used.handle, used.expiresAt);
  return isThere ? used : undefined;
}

/** Puts on the response what a write has led to. */
function finish(
  context: ServerContext,
  exchange: Exchange,
  loaded: Loaded,
  record: SessionRecord,
  { did, credential }: Next,
): void {
  const { handle: id, subject } = record;
  if (credential !== undefined) handOut(context, exchange, loaded.transport, record, credential);
  switch (did) {
    case "ended":
      loaded.transport.clear(exchange.request, exchange.response);
      context.onEvent({ type: "ended", id, reason: "spent" });
      break;
    case "login":
      context.onEvent({ type: "login", id, subject });
      break;
    case "regenerated":
    case "renewed":
      context.onEvent({ type: did, id });
      break;
  }
}

function planOf<Data extends object>(
  { labelOf }: ServerContext,
  { request }: Exchange,
  session: Session<Data>,
  contents: Contents = internals.contents(session),
): Plan {
  const { changes, pending, subject, isNew } = session;
  const isLogin = subject !== undefined && (pending === "login" || isNew);
  return {
    changes,
    pending,
    state: internals.state(session),
    contents,
    label: isLogin ? labelOf(request) : undefined,
  };
}

function handOut(
  { tokens }: ServerContext,
  { request, response }: Exchange,
  transport: SessionTransport,
  { handle, endsAt }: SessionRecord,
  credential: Uint8Array,
): void {
  const token = tokens.write(handle, credential, transport.name);
  transport.write(request, response, token, endsAt);
}
