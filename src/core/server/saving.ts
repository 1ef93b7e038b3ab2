import type { Contents } from "../changes.ts";
import { SessionError } from "../errors.ts";
import type { SessionRequest, SessionResponse } from "../exchange.ts";
import { orElse } from "../promises.ts";
import type { SessionRecord } from "../repository.ts";
import { internals, type Session } from "../session.ts";
import type { SessionTransport } from "../transport.ts";
import { type Attempt, compareAndSet } from "./compare-and-set.ts";
import { firstRecord, type Next, nextRecord, type Plan } from "./composing.ts";
import type { Loaded, ServerContext } from "./context.ts";
import { readCredentials } from "./credentials.ts";
import type { Operation } from "./guard.ts";
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
export async function createSession<Data extends object>(
  context: ServerContext,
  exchange: Exchange,
  session: Session<Data>,
  transport: SessionTransport,
  contents: Contents = internals.contents(session),
): Promise<void> {
  const { operation } = exchange;
  const { subject } = internals.state(session);
  if (subject !== undefined) await admitLogin(context, operation, subject);
  for (let attempt = 0; attempt < MOST_HANDLES; attempt += 1) {
    const { record, credential } = firstRecord(context, {
      ...planOf(context, exchange, session),
      contents,
    });
    if (await created(context, operation, record)) {
      const { handle } = record;
      handOut(context, exchange, transport, record, credential);
      context.onEvent({ type: "created", id: handle, subject });
      if (subject === undefined) return;
      context.onEvent({ type: "login", id: handle, subject });
      return evictBeyondLimit(context, operation, { handle, subject });
    }
    internals.replaceHandle(session);
  }
  throw new SessionError(
    "ERR_SESSION_STORE",
    `${context.owner}: ${MOST_HANDLES} fresh handles in a row were taken. The source of random bytes does not give random ones.`,
  );
}

async function created(
  { guard }: ServerContext,
  operation: Operation,
  record: SessionRecord,
): Promise<boolean> {
  try {
    return await operation.create(record);
  } catch (error) {
    // It may have been stored all the same, and nobody will ever hold its token.
    void orElse(
      () => guard.begin().delete(record.handle),
      () => false,
    );
    throw error;
  }
}

/** Does to the stored session what the request did to the one it saw, and what is due by time. */
export async function updateSession<Data extends object>(
  context: ServerContext,
  exchange: Exchange,
  session: Session<Data>,
  loaded: Loaded,
): Promise<Fate> {
  const { config, onEvent } = context;
  const { operation } = exchange;
  const plan = planOf(context, exchange, session);
  const subject = plan.pending === "login" ? plan.state.subject : undefined;
  const { record: seen, id: handle } = loaded;
  let fate: Fate = "ended";
  const isThere = await compareAndSet(context, operation, seen, async (record, isNewest) => {
    const opened =
      record === seen
        ? loaded
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
    if (subject !== undefined) await admitLogin(context, operation, subject, handle);
    const outcome = await operation.update(record, next.record);
    if (outcome !== "updated") return { outcome };
    finish(context, exchange, loaded, next.record, next);
    return { outcome, written: next.record };
  });
  // Not before this session's next writer may go on: two logins that end each other's session would wait for each other.
  if (isThere && subject !== undefined) {
    await evictBeyondLimit(context, operation, { handle, subject });
  }
  return isThere ? "updated" : fate;
}

function hasEnded({ credentials }: SessionRecord): boolean {
  return readCredentials(credentials)?.current === undefined;
}

/** Nothing of the record changes: what is left is to note a use, and to hand out a successor once more. */
async function keepRecord(
  context: ServerContext,
  exchange: Exchange,
  loaded: Loaded,
  record: SessionRecord,
  { credential }: Next,
): Promise<Attempt> {
  const { clock, timeline } = context.config;
  const now = clock();
  const start = record.authenticatedAt ?? record.createdAt;
  let written = record;
  if (timeline.touchDue(now, start, record.expiresAt)) {
    written = { ...record, expiresAt: timeline.writtenEnd(now, start) };
    const isThere = await exchange.operation.touch(loaded.id, written.expiresAt);
    if (!isThere) return { outcome: "gone" };
  }
  if (credential !== undefined) handOut(context, exchange, loaded.transport, record, credential);
  return { outcome: "updated", written };
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
): Plan {
  const { changes, pending, subject, isNew } = session;
  const isLogin = subject !== undefined && (pending === "login" || isNew);
  return {
    changes,
    pending,
    state: internals.state(session),
    contents: internals.contents(session),
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
