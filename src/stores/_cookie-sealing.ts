import { fromBase64url } from "#base64url";
import type { Contents } from "../core/changes.ts";
import { SessionError } from "../core/errors.ts";
import type { SessionRequest, SessionResponse } from "../core/exchange.ts";
import { HANDLE_BYTES } from "../core/handle.ts";
import { writePayload, writeSeen } from "../core/sealed-payload.ts";
import { internals, type Session } from "../core/session.ts";
import { startOf } from "../core/timeouts.ts";
import type { SessionTransport } from "../core/transport.ts";
import { type CookieContext, type Loaded, SEEN, SESSION } from "./_cookie-opening.ts";
import { cookieTooLarge } from "./_cookie-too-large.ts";

/** A request and its response. */
export interface Exchange {
  readonly request: SessionRequest;
  readonly response: SessionResponse;
}

/** A session as a token, ready to be sent. */
interface SealedSession {
  readonly id: string;
  readonly token: string;
  readonly transport: SessionTransport;
  /** The absolute end. */
  readonly endsAt: number;
}

/**
 * @param loaded What the token takes the place of.
 * @param contents Default: what the session holds.
 * @throws `ERR_COOKIE_TOO_LARGE` where the transport cannot carry the token.
 */
export function sealSession<Data extends object>(
  { owner, config, sealer }: CookieContext,
  session: Session<Data>,
  transport: SessionTransport,
  loaded: Loaded | undefined,
  contents: Contents = internals.contents(session),
): SealedSession {
  const { clock, codec, timeline } = config;
  const now = clock();
  const state = internals.state(session);
  const { data, flash } = contents;
  const handle = bytesOf(state.id, loaded?.id, loaded?.payload.handle);
  if (handle?.length !== HANDLE_BYTES) {
    throw new SessionError(
      "ERR_SESSION_STORE",
      `${owner}: the session is not one that this store made.`,
    );
  }
  const start = startOf(state);
  const bytes = writePayload({
    handle,
    issuedAt: now,
    createdAt: state.createdAt,
    authenticatedAt: state.authenticatedAt,
    expiresAt: timeline.writtenEnd(now, start),
    antiForgerySecret: bytesOf(
      state.antiForgerySecret,
      loaded?.antiForgerySecret,
      loaded?.payload.antiForgerySecret,
    ),
    subject: state.subject,
    flash: Object.keys(flash).length === 0 ? undefined : codec.stringify(flash),
    data: codec.stringify(data),
  });
  const context = { purpose: SESSION, name: transport.name, now };
  const token = sealer.seal(bytes, loaded ? { ...context, before: loaded.token } : context);
  if (token.length > transport.maxLength) {
    throw cookieTooLarge(token.length, transport, contents, codec, sealer);
  }
  return { id: state.id, token, transport, endsAt: timeline.absoluteEnd(start) };
}

/** What a text stands for. What was loaded was bytes before it was text. */
function bytesOf(
  text: string | undefined,
  before: string | undefined,
  bytesBefore: Uint8Array | undefined,
): Uint8Array | undefined {
  if (text === before) return bytesBefore;
  return text === undefined ? undefined : fromBase64url(text);
}

/** Puts a sealed session on the response, in the place of the one that was loaded. */
export function sendSession(
  context: CookieContext,
  { request, response }: Exchange,
  { id, token, transport, endsAt }: SealedSession,
  loaded: Loaded | undefined,
): void {
  transport.write(request, response, token, endsAt);
  // A note of use is about one handle, and worth nothing beside a new one.
  if (id !== loaded?.id) forgetUse(context, { request, response }, transport);
}

/** Makes the client forget the session. */
export function forgetSession(
  context: CookieContext,
  exchange: Exchange,
  { transport }: Loaded,
): void {
  transport.clear(exchange.request, exchange.response);
  forgetUse(context, exchange, transport);
}

function forgetUse(
  { companionOf }: CookieContext,
  { request, response }: Exchange,
  transport: SessionTransport,
): void {
  const companion = companionOf(transport);
  if (companion.read(request).length > 0) companion.clear(request, response);
}

/**
 * Notes that the session was used, where that is due. Never seals the data again: a slow reader would undo what a faster
 * request has changed since.
 */
export function noteUse(
  { config, sealer, companionOf }: CookieContext,
  { request, response }: Exchange,
  { payload, transport, end }: Loaded,
): void {
  const { clock, timeline } = config;
  const now = clock();
  const start = startOf(payload);
  if (!timeline.touchDue(now, start, end)) return;
  const companion = companionOf(transport);
  const context = { purpose: SEEN, name: companion.name, now };
  const token = sealer.seal(writeSeen(payload.handle, now), context);
  companion.write(request, response, token, timeline.absoluteEnd(start));
}
