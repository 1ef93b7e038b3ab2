import { checkFunction } from "../core/options.ts";
import type { Session } from "../core/session.ts";
import type { DefaultData } from "../core/session-data.ts";
import type { Exemptions } from "./_anti-forgery.ts";
import { answer } from "./_fetch-answer.ts";
import {
  createProtection,
  type FetchAntiForgeryOptions,
  type FetchProtection,
} from "./_fetch-anti-forgery.ts";
import type { SkipOption } from "./_prepare.ts";
import {
  createMiddleware,
  readArguments,
  type SessionsOptions,
  type SessionsSource,
} from "./_sessions.ts";

export type { Exemptions } from "./_anti-forgery.ts";
export type {
  FetchAntiForgeryOptions,
  FetchProtection,
  ProtectedHandler,
} from "./_fetch-anti-forgery.ts";
export type { SkipOption } from "./_prepare.ts";
export type { SessionsOptions, SessionsSource } from "./_sessions.ts";

/** What the wrapper takes beside the options of every adapter. */
export interface FetchOptions extends SkipOption<Request> {
  /**
   * Makes the answer to an error that the handler threw, or that kept the session from being loaded or saved. The
   * answer carries the session's end, if it ended, and after a failed load or save it is no success: a status below 300
   * becomes that of the error. Default: the error is thrown on to the runtime.
   */
  readonly onError?: (error: unknown, request: Request) => Response | Promise<Response>;
}

/**
 * A Fetch handler that is given the session after the request. `Rest` is what the runtime passes besides. It may answer
 * with nothing where the runtime wants that, as Bun does after `server.upgrade(request)`.
 */
export type SessionHandler<
  Data extends object,
  Rest extends unknown[],
  Answer extends Response | undefined = Response,
> = (request: Request, session: Session<Data>, ...rest: Rest) => Answer | Promise<Answer>;

/** Puts a session under a handler, and gives back one as `Bun.serve`, `Deno.serve` and workers take it. */
export type FetchSessions<Data extends object> = <
  Rest extends unknown[],
  Answer extends Response | undefined = Response,
>(
  handler: SessionHandler<Data, Rest, Answer>,
) => (request: Request, ...rest: Rest) => Promise<Answer | Response>;

/**
 * Sessions for anything that turns a `Request` into a `Response`: Bun, Deno, workers, route handlers.
 *
 * An answer that cannot carry a token is passed on as it is, such as an upgrade to a WebSocket by Deno, or none at all
 * by Bun. The session can be read there; if it was changed, the answer is `ERR_SESSION_COMMITTED`. Of two wrappers with
 * one store around the same request object the outer one saves.
 *
 * @param source A secret (or a list, the newest first) for a session in a sealed cookie, a store, or options.
 * @throws `ERR_SESSION_SECRET`, `ERR_SESSION_CONFIG` for bad options.
 *
 * @example
 * ```ts
 * const withSession = sessions(secretsFromEnv("APP_SECRET"));
 * Bun.serve({ fetch: withSession((request, session) => new Response(`Hello ${session.subject}`)) });
 * ```
 */
export function sessions<Data extends object = DefaultData>(
  source: SessionsSource<Data, FetchOptions>,
  options: SessionsOptions<Data> & FetchOptions = {},
): FetchSessions<Data> {
  const given = readArguments(source, options);
  const middleware = createMiddleware(given, ["onError", "skip"]);
  const { onError, skip } = given.options;
  checkFunction("sessions", "onError", onError);
  checkFunction("sessions", "skip", skip);
  return (handler) =>
    (request, ...rest) =>
      answer(middleware, request, (session) => handler(request, session, ...rest), given.options);
}

/**
 * Refuses requests that another page made the browser send: to be put under `sessions()` and over a handler. A token in a
 * form of up to a megabyte is found; the handler can read the body all the same.
 *
 * @throws `ERR_SESSION_CONFIG` for bad options.
 *
 * @example
 * ```ts
 * const protect = antiForgery();
 * Bun.serve({ fetch: withSession(protect((request, session) => new Response(formField(session)))) });
 * ```
 */
export function antiForgery(options: FetchAntiForgeryOptions = {}): FetchProtection & Exemptions {
  return createProtection(options);
}
