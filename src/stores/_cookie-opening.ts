import { toBase64url } from "#base64url";
import type { Contents } from "../core/changes.ts";
import type { OnEvent } from "../core/events.ts";
import type { SessionRequest } from "../core/exchange.ts";
import type { RevocableSession } from "../core/revocation.ts";
import { readPayload, readSeen, type SealedPayload } from "../core/sealed-payload.ts";
import type { Sealer } from "../core/sealer.ts";
import { internals, type Session } from "../core/session.ts";
import type { SessionConfig } from "../core/session-config.ts";
import type { StoredState } from "../core/session-state.ts";
import type { TimeLimit } from "../core/time-limit.ts";
import { startOf } from "../core/timeouts.ts";
import type { SessionTransport } from "../core/transport.ts";
import type { Candidate, Transports } from "../core/transports.ts";

export const SESSION = "session";
export const SEEN = "seen";

/** Clocks of several servers differ; a token from further in the future than this was not issued by a sane one. */
export const CLOCK_SKEW = 60_000;

/** A cookie store's checked options and parts, which its loads and saves share. */
export interface CookieContext {
  readonly owner: string;
  readonly config: SessionConfig;
  readonly sealer: Sealer;
  readonly transports: Transports;
  readonly onEvent: OnEvent;
  /** What carries the notes of use beside a transport's tokens. */
  companionOf(transport: SessionTransport): SessionTransport;
}

/** A token that was opened: what its session is restored from, and what it takes to save it again. */
export class Loaded implements StoredState {
  readonly context: CookieContext;
  readonly token: string;
  readonly payload: SealedPayload;
  readonly contents: Contents;
  readonly transport: SessionTransport;
  /** When it ends, as far as has been written. */
  readonly end: number;
  /** With a revocation: the save's time limit, so that a save that is repeated has no second one. */
  timeLimit?: TimeLimit;
  /** With a revocation: whether this request has ended it, however the rest of the save goes. */
  hasEnded?: boolean;
  #id: string | undefined;
  #secret: string | undefined;

  constructor(
    context: CookieContext,
    { token, transport }: Candidate,
    payload: SealedPayload,
    contents: Contents,
    end: number,
  ) {
    this.context = context;
    this.token = token;
    this.payload = payload;
    this.contents = contents;
    this.transport = transport;
    this.end = end;
  }

  // As text these two are made when they are asked for: a request that only reads data never asks.
  get id(): string {
    this.#id ??= toBase64url(this.payload.handle);
    return this.#id;
  }

  get antiForgerySecret(): string | undefined {
    const { antiForgerySecret } = this.payload;
    this.#secret ??= antiForgerySecret && toBase64url(antiForgerySecret);
    return this.#secret;
  }

  get subject(): string | undefined {
    return this.payload.subject;
  }

  get createdAt(): number {
    return this.payload.createdAt;
  }

  get authenticatedAt(): number | undefined {
    return this.payload.authenticatedAt;
  }
}

/** What a session was restored from, if it was one of this store's. */
export function loadedOf<Data extends object>(
  context: CookieContext,
  session: Session<Data>,
): Loaded | undefined {
  const origin = internals.origin(session);
  return origin instanceof Loaded && origin.context === context ? origin : undefined;
}

/** The one session that the tokens of a request open. */
export function openSession(context: CookieContext, request: SessionRequest): Loaded | undefined {
  const { transports, onEvent } = context;
  const opened: Loaded[] = [];
  for (const candidate of transports.candidates(request)) {
    const loaded = open(context, request, candidate);
    if (loaded !== undefined) opened.push(loaded);
  }
  return transports.choose(opened, () => onEvent({ type: "duplicate-token" }));
}

function open(
  context: CookieContext,
  request: SessionRequest,
  candidate: Candidate,
): Loaded | undefined {
  const { token, transport } = candidate;
  if (token.length > transport.maxLength) return undefined;
  const { config, sealer, onEvent } = context;
  const now = config.clock();
  const opened = sealer.open(token, { purpose: SESSION, name: transport.name, now });
  const payload = opened && readPayload(opened.bytes);
  if (payload === undefined || payload.issuedAt > now + CLOCK_SKEW) return undefined;
  const seenAt = lastUse(context, request, context.companionOf(transport), payload, now);
  const end = endOf(config, payload, seenAt);
  if (now >= end) return undefined;
  const data = opened?.unreadable === undefined ? config.codec.parse(payload.data) : undefined;
  const flash = payload.flash === undefined ? {} : config.codec.parse(payload.flash);
  if (data === undefined || flash === undefined) {
    const reason = opened?.unreadable ?? "the serializer cannot read it";
    onEvent({ type: "data-refused", id: toBase64url(payload.handle), reason });
    return undefined;
  }
  return new Loaded(context, candidate, payload, { data, flash }, end);
}

/** When the token's session was last noted as used; the note counts only beside a token of the same session. */
function lastUse(
  { sealer }: CookieContext,
  request: SessionRequest,
  companion: SessionTransport,
  { handle }: SealedPayload,
  now: number,
): number | undefined {
  const tokens = companion.read(request);
  if (tokens.length === 0) return undefined;
  const times = tokens.flatMap((token) => {
    const opened = sealer.open(token, { purpose: SEEN, name: companion.name, now });
    const time = opened && readSeen(opened.bytes, handle);
    return time === undefined || time > now + CLOCK_SKEW ? [] : [time];
  });
  return times.length === 0 ? undefined : Math.max(...times);
}

/** The end that was sealed, moved by later use, and never later than today's options allow. */
function endOf(
  { timeline }: SessionConfig,
  payload: SealedPayload,
  seenAt: number | undefined,
): number {
  const start = startOf(payload);
  const sealed = Math.min(payload.expiresAt, timeline.writtenEnd(payload.issuedAt, start));
  return seenAt === undefined ? sealed : Math.max(sealed, timeline.writtenEnd(seenAt, start));
}

/** What a revocation is asked about. */
export function revocableOf(
  { timeline }: SessionConfig,
  { id, payload }: Loaded,
): RevocableSession {
  const startedAt = startOf(payload);
  const { subject, issuedAt } = payload;
  return { id, subject, startedAt, issuedAt, endsAt: timeline.absoluteEnd(startedAt) };
}
