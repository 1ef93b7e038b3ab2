import { toBase64url } from "#base64url";
import type { Contents } from "../core/changes.ts";
import type { OnEvent } from "../core/events.ts";
import type { SessionRequest } from "../core/exchange.ts";
import type { RevocableSession } from "../core/revocation.ts";
import type { Patience } from "../core/revocation-answers.ts";
import { readPayload, readSeen, type SealedPayload } from "../core/sealed-payload.ts";
import type { Sealer } from "../core/sealer.ts";
import type { SessionConfig } from "../core/session-config.ts";
import type { SessionTransport } from "../core/transport.ts";
import type { Transports } from "../core/transports.ts";

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

/** A token that was opened, and what it takes to save its session again. */
export interface Loaded {
  readonly id: string;
  readonly token: string;
  readonly payload: SealedPayload;
  readonly contents: Contents;
  readonly transport: SessionTransport;
  /** When it ends, as far as has been written. */
  readonly end: number;
  /** With a revocation: the save's time limit, so that a save that is repeated has no second one. */
  patience?: Patience;
  /** With a revocation: whether this request has ended it, however the rest of the save goes. */
  hasEnded?: boolean;
}

/** The one session that the tokens of a request open. */
export function openSession(context: CookieContext, request: SessionRequest): Loaded | undefined {
  const { transports, onEvent } = context;
  const opened = transports
    .candidates(request)
    .flatMap(({ transport, token }) => open(context, request, transport, token) ?? []);
  return transports.choose(opened, () => onEvent({ type: "duplicate-token" }));
}

function open(
  context: CookieContext,
  request: SessionRequest,
  transport: SessionTransport,
  token: string,
): Loaded | undefined {
  if (token.length > transport.maxLength) return undefined;
  const { config, sealer, onEvent } = context;
  const now = config.clock();
  const opened = sealer.open(token, { purpose: SESSION, name: transport.name, now });
  const payload = opened && readPayload(opened.bytes);
  if (payload === undefined || payload.issuedAt > now + CLOCK_SKEW) return undefined;
  const seenAt = lastUse(context, request, context.companionOf(transport), payload, now);
  const end = endOf(config, payload, seenAt);
  if (now >= end) return undefined;
  const id = toBase64url(payload.handle);
  const data = opened?.unreadable === undefined ? config.codec.parse(payload.data) : undefined;
  const flash = payload.flash === undefined ? {} : config.codec.parse(payload.flash);
  if (data === undefined || flash === undefined) {
    const reason = opened?.unreadable ?? "the serializer cannot read it";
    onEvent({ type: "data-refused", id, reason });
    return undefined;
  }
  return { id, token, payload, contents: { data, flash }, transport, end };
}

/** When the token's session was last noted as used; the note counts only beside a token of the same session. */
function lastUse(
  { sealer }: CookieContext,
  request: SessionRequest,
  companion: SessionTransport,
  { handle }: SealedPayload,
  now: number,
): number | undefined {
  const times = companion.read(request).flatMap((token) => {
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

/** From where the absolute timeout counts. */
export function startOf({
  authenticatedAt,
  createdAt,
}: Pick<SealedPayload, "authenticatedAt" | "createdAt">): number {
  return authenticatedAt ?? createdAt;
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
