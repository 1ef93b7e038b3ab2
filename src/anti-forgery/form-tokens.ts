import { toBase64url } from "#base64url";
import { ANTI_FORGERY_BYTES } from "../core/anti-forgery-secret.ts";
import { forbidSharing } from "../core/caching.ts";
import { readCookies } from "../core/cookie-header.ts";
import { SessionError } from "../core/errors.ts";
import type { SessionRequest, SessionResponse } from "../core/exchange.ts";
import { misconfigured } from "../core/options.ts";
import { systemRandom } from "../core/random.ts";
import { internals, type Session } from "../core/session.ts";
import { isLogin } from "../core/session-intent.ts";
import type { CommitAct, TokenSource } from "../core/session-internals.ts";
import { forbidFraming } from "./framing.ts";
import { type AntiForgeryConfig, FIELD_NAME } from "./options.ts";
import { createToken, isTokenOf, readSecret } from "./token.ts";

/**
 * The tokens of one visitor's forms while a request is served. They are bound to the secret of the session or, for a
 * visitor without one, to a secret in a cookie of its own.
 */
export class FormTokens<Data extends object> implements TokenSource, CommitAct {
  readonly #config: AntiForgeryConfig;
  readonly #session: Session<Data>;
  readonly #headers: Pick<Headers, "get">;
  /** The secret that the cookie has, or is to have. */
  #cookieSecret: Uint8Array | undefined;
  /** What the forms of this answer are bound to. */
  #shown: Uint8Array | undefined;
  #isHooked = false;

  constructor(config: AntiForgeryConfig, session: Session<Data>, request: SessionRequest) {
    this.#config = config;
    this.#session = session;
    this.#headers = request.headers;
    internals.setTokenSource(session, this);
    if (internals.cookieNames(session)?.includes(config.transport.name)) {
      throw misconfigured(
        `antiForgery: its cookie and the session's are both called ${config.transport.name}. Give it another name.`,
      );
    }
    const sent = config.transport.read(request);
    // Which of several is ours cannot be told, so none is.
    this.#cookieSecret = sent.length === 1 ? readSecret(sent[0]) : undefined;
    // Of a request whose session is skipped nothing is to be known, and its answer is left alone.
    if (sent.length > 0 && internals.isOpen(session)) this.#hook();
  }

  get fieldName(): string {
    return this.#config.fieldName;
  }

  /** Whether the request carries what a browser sends by itself, and another page could abuse. */
  get hasCookie(): boolean {
    const { legacyPairs, transport } = this.#config;
    const header = this.#headers.get("cookie");
    if (header === null) return false;
    const names = internals.cookieNames(this.#session);
    const own =
      legacyPairs === undefined ? [transport.name] : [transport.name, legacyPairs.cookieName];
    return names === undefined || [...names, ...own].some((name) => isSent(header, name));
  }

  /** What the session was found by. */
  get credential(): "cookie" | "header" | undefined {
    if (!internals.isLoaded(this.#session)) return undefined;
    const header = this.#headers.get("cookie");
    const names = internals.cookieNames(this.#session);
    // A store of the application's may look at anything.
    const isElsewhere = names !== undefined && !names.some((name) => isSent(header, name));
    return isElsewhere ? "header" : "cookie";
  }

  /** Whether a token was made for this visitor. */
  accepts(token: string): boolean {
    const stored = readSecret(internals.storedAntiForgerySecret(this.#session));
    if (stored !== undefined && isTokenOf(stored, token)) return true;
    // A form that a stranger was shown is good until the login.
    const isStranger = stored === undefined || this.#session.subject === undefined;
    const cookie = this.#cookieSecret;
    if (isStranger && cookie !== undefined && isTokenOf(cookie, token)) return true;
    return this.#isLegacyPair(token);
  }

  #isLegacyPair(token: string): boolean {
    const { legacyPairs, clock } = this.#config;
    if (legacyPairs === undefined) return false;
    const cookies = readCookies(this.#headers.get("cookie"), legacyPairs.cookieName);
    return cookies.some((cookie) => legacyPairs.isPair(cookie, token, clock()));
  }

  /** A new token for a form that this visitor is shown. */
  create(): string {
    const { random } = this.#config;
    const own = readSecret(internals.antiForgerySecret(this.#session));
    // With a session it is never too late; without one the cookie has to leave with the headers.
    if (own === undefined || internals.isOpen(this.#session)) this.#hook();
    this.#shown = own ?? this.#secretForCookie();
    return createToken(this.#shown, random);
  }

  #secretForCookie(): Uint8Array {
    this.#cookieSecret ??= this.#config.random(ANTI_FORGERY_BYTES);
    return this.#cookieSecret;
  }

  #hook(): void {
    if (this.#isHooked) return;
    internals.onCommit(this.#session, this);
    this.#isHooked = true;
  }

  commit(request: SessionRequest, response: SessionResponse): void {
    const { transport, frameAncestors, cookieLifetime, clock, onEvent } = this.#config;
    if (this.#shown !== undefined) {
      if (frameAncestors !== false) forbidFraming(response, frameAncestors);
      forbidSharing(response, onEvent);
    }
    if (isLogin(this.#session)) {
      // What a stranger's forms were bound to is no good for the user's.
      if (isSent(request.headers.get("cookie"), transport.name)) transport.clear(request, response);
      return;
    }
    const shown = this.#shown && toBase64url(this.#shown);
    // Where no session keeps it after all, such as one that held a notice alone which was shown, a cookie does.
    if (shown === undefined || shown === internals.antiForgerySecret(this.#session)) return;
    transport.write(request, response, shown, clock() + cookieLifetime);
  }
}

function isSent(header: string | null, name: string): boolean {
  return readCookies(header, name, 1).length > 0;
}

/**
 * A new token for a form, or for the header that a script sends. Each is another, and all are good until the session ends
 * or somebody logs in; those of a visitor without a session for an hour.
 *
 * A session that is there is not changed by it. A visitor without one gets a cookie, for which `antiForgery()` must have
 * run, and the response's headers must not have left.
 *
 * @throws `ERR_SESSION_MISSING` where `antiForgery()` did not run, `ERR_SESSION_COMMITTED` where it is too late for the cookie.
 *
 * @example
 * ```ts
 * res.send(`<meta name="csrf-token" content="${token(req.session)}">`);
 * ```
 */
export function token<Data extends object>(session: Session<Data>): string {
  internals.use(session);
  const tokens = internals.tokenSource(session);
  if (tokens !== undefined) return tokens.create();
  const own = readSecret(internals.antiForgerySecret(session));
  if (own !== undefined) return createToken(own, systemRandom);
  throw new SessionError(
    "ERR_SESSION_MISSING",
    "There is no session to bind the token to, and antiForgery() did not see this request, which gives such visitors a " +
      "cookie. Put antiForgery() behind sessions() and before this route.",
  );
}

/**
 * A hidden input with a new {@link token}, to be put into a form as it is.
 *
 * @throws As `token` does.
 *
 * @example
 * ```ts
 * res.send(`<form method="post" action="/transfer">${formField(req.session)} … </form>`);
 * ```
 */
export function formField<Data extends object>(session: Session<Data>): string {
  const name = internals.tokenSource(session)?.fieldName ?? FIELD_NAME;
  return `<input type="hidden" name="${name}" value="${token(session)}">`;
}
