import type { H3Event, Middleware } from "h3";
import { AntiForgeryGuard, type Refusal } from "../anti-forgery/guard.ts";
import { SessionError } from "../core/errors.ts";
import { type Line, NotingResponse } from "../core/lines.ts";
import { checkFunction } from "../core/options.ts";
import { internals, Session } from "../core/session.ts";
import type { DefaultData } from "../core/session-data.ts";
import type { AntiForgeryPlace, Exemptions } from "./_anti-forgery.ts";
import { IncomingFetch, readBody, refusalAnswer } from "./_fetch-anti-forgery.ts";
import { withOpenHeaders } from "./_fetch-response.ts";
import {
  answerOf,
  answerToError,
  checkJson,
  dropAnswer,
  isOutOfReach,
  keepForErrors,
  outliveLateAnswer,
} from "./_h3-answer.ts";
import { prepare, type SkipOption } from "./_prepare.ts";
import { checkFound, type PropertyOptions, readProperty, sessionProperty } from "./_property.ts";
import { addHeaders, isClientsFault, refusalResponse, statusOf } from "./_refusal.ts";
import type { SessionsOptions, SessionsSource } from "./_sessions.ts";

export type { AntiForgeryPlace, Exemptions } from "./_anti-forgery.ts";
export type { SkipOption } from "./_prepare.ts";
export type { PropertyOptions } from "./_property.ts";
export type { SessionsOptions, SessionsSource } from "./_sessions.ts";

declare module "h3" {
  interface H3EventContext {
    /** The visitor's session: always there, and saved by itself before the response leaves. */
    readonly session: Session;
  }
}

/** What the middleware takes beside the options of every adapter. */
export interface H3Options extends PropertyOptions<string>, SkipOption<H3Event> {}

/**
 * Sessions for H3 2, on every runtime it runs on, as `event.context.session`.
 *
 * What keeps a session from being loaded or saved goes to `onError`, as any other error. Headers that the answer to it
 * has to carry are in `event.res.errHeaders`, as H3 has it, and in `event.res.headers`: an `onError` that returns a
 * `Response` of its own, to which H3 adds neither, has to take them from there. Where a handler answers by hand, as under
 * `fromNodeHandler`, the session can only be read: if it was changed, that is `ERR_SESSION_COMMITTED`, whatever the client
 * has seen by then.
 *
 * @param source A secret (or a list, the newest first) for a session in a sealed cookie, a store, or options.
 * @throws `ERR_SESSION_SECRET`, `ERR_SESSION_CONFIG` for bad options.
 *
 * @example
 * ```ts
 * const app = new H3().use(sessions(secretsFromEnv("APP_SECRET")));
 * app.get("/", ({ context }) => `Hello ${context.session.subject}`);
 * ```
 */
export function sessions<Data extends object = DefaultData>(
  source: SessionsSource<Data, H3Options>,
  options: SessionsOptions<Data> & H3Options = {},
): Middleware {
  const { middleware, property, given } = prepare(source, options);
  const { skip } = given;
  const show = sessionProperty(property, "event.context");
  return async (event, next) => {
    const found: unknown = Reflect.get(event.context, property);
    if (skip?.(event) || middleware.isThereOrThrow(found, "event.context", property)) {
      if (!(found instanceof Session)) show(event.context, middleware.skipped());
      return next();
    }
    const before = [...event.res.headers];
    let session: Session<Data>;
    try {
      session = await middleware.load(event.req);
    } catch (error) {
      return refuse(event, before, error);
    }
    show(event.context, session);

    let value: unknown;
    let failure: { readonly error: unknown } | undefined;
    try {
      value = await next();
      if (internals.isAccessed(session) && session.modified) checkJson(value);
    } catch (error) {
      failure = { error };
    }
    if (!middleware.closeUnused(session)) {
      try {
        if (isOutOfReach(event, failure?.error ?? value)) {
          await middleware.saveUnanswered(event.req, session);
        } else {
          if (value instanceof Response) value = withOpenHeaders(value);
          const answer =
            failure === undefined ? answerOf(event, value) : answerToError(event, failure.error);
          const noting = new NotingResponse(answer);
          await middleware.save(event.req, noting, session);
          keepForErrors(event, noting.lines);
        }
      } catch (error) {
        return refuse(event, before, error);
      }
    }
    if (failure !== undefined) throw failure.error;
    return value;
  };
}

/**
 * The session of a request, for code that cannot be sure that it has one, such as a route that is mounted elsewhere.
 *
 * @param property Where it is found. Default: `"session"`.
 * @throws `ERR_SESSION_MISSING` where the middleware did not run before, and the message names the line that is missing.
 *
 * @example
 * ```ts
 * const requireUser: Middleware = (event, next) =>
 *   sessionOf(event).subject === undefined ? redirect("/login") : next();
 * ```
 */
export function sessionOf<Data extends object = DefaultData>(
  event: H3Event,
  property = "session",
): Session<Data> {
  return checkFound(Reflect.get(event.context, property), {
    owner: "event.context",
    property,
    remedy: (sessions) => `Put app.use(${sessions}) before this route.`,
  });
}

/** What the protection takes beside the options of every adapter. */
export interface H3AntiForgeryOptions extends AntiForgeryPlace {
  /** Answers a request that is refused; what every refusal must have is added to its headers. Default: one line of text. */
  readonly onRefused?: (event: H3Event, refusal: Refusal) => Response | Promise<Response>;
}

/**
 * Refuses requests that another page made the browser send. Put it behind `sessions()`. A token in a form of up to a
 * megabyte is found; handlers can read the body all the same.
 *
 * @throws `ERR_SESSION_CONFIG` for bad options.
 *
 * @example
 * ```ts
 * const app = new H3().use(sessions(secretsFromEnv("APP_SECRET"))).use(antiForgery());
 * ```
 */
export function antiForgery(options: H3AntiForgeryOptions = {}): Middleware & Exemptions {
  const guard = new AntiForgeryGuard(options, ["property", "onRefused"]);
  const { onRefused } = options;
  checkFunction("antiForgery", "onRefused", onRefused);
  const property = readProperty(options.property);
  const protect: Middleware = async (event, next) => {
    const { req } = event;
    const session = sessionOf(event, property);
    const refusal = await guard.check(new IncomingFetch(req), session, req, readBody);
    return refusal === undefined ? next() : refusalAnswer(event, refusal, onRefused);
  };
  return Object.assign(protect, { exemptions: guard.exemptions });
}

/** @param before The headers that an answer in place of the handler's begins with. */
function refuse(event: H3Event, before: readonly Line[], error: unknown): Response {
  outliveLateAnswer(event);
  dropAnswer(event, before);
  // For an error handler that says no status.
  event.res.status = statusOf(error);
  if (!(error instanceof SessionError)) throw error;
  addHeaders(answerToError(event, error), error);
  if (!isClientsFault(error)) throw withoutHeaders(error);
  // Answered here, because an application logs its errors, and any client can cause this one.
  return refusalResponse(error);
}

/** H3 would put its headers on the answer once more, and several cookies in one line. */
function withoutHeaders(error: SessionError): SessionError {
  const { code, message, cause, stack } = error;
  return Object.assign(new SessionError(code, message, { cause }), { stack });
}
