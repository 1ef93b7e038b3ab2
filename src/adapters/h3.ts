import type { H3Event, Middleware } from "h3";
import { SessionError } from "../core/errors.ts";
import { checkFunction } from "../core/options.ts";
import type { Session } from "../core/session.ts";
import type { DefaultData } from "../core/session-data.ts";
import { withOpenHeaders } from "./_fetch-response.ts";
import { answerOf, answerToError, dropAnswer } from "./_h3-answer.ts";
import { checkFound, defineSession, type PropertyOptions, readProperty } from "./_property.ts";
import { addHeaders, isClientsFault, refusalResponse } from "./_refusal.ts";
import {
  createMiddleware,
  readArguments,
  type SessionsOptions,
  type SessionsSource,
} from "./_sessions.ts";

declare module "h3" {
  interface H3EventContext {
    /** The visitor's session: always there, and saved by itself before the response leaves. */
    readonly session: Session;
  }
}

/** What the middleware takes beside the options of every adapter. */
export interface H3Options extends PropertyOptions<string> {
  /** Requests whose session is not to be loaded, such as those for static files; using it then throws `ERR_SESSION_MISSING`. */
  readonly skip?: (event: H3Event) => boolean;
}

/**
 * Sessions for H3 2, on every runtime it runs on, as `event.context.session`.
 *
 * What keeps a session from being loaded or saved goes to `onError`, as any other error. Headers that the answer to it
 * has to carry are in `event.res.errHeaders`, as H3 has it, and in `event.res.headers`: an `onError` that returns a
 * `Response` of its own, to which H3 adds neither, has to take them from there.
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
  const given = readArguments(source, options);
  const middleware = createMiddleware(given, ["property", "skip"]);
  const { skip } = given.options;
  checkFunction("sessions", "skip", skip);
  const property = readProperty(given.options.property);
  return async (event, next) => {
    if (skip?.(event)) {
      defineSession(event.context, property, "event.context", middleware.skipped());
      return next();
    }
    const before = new Headers(event.res.headers);
    const refuse = (error: unknown): Response => {
      dropAnswer(event, before);
      if (!(error instanceof SessionError)) throw error;
      addHeaders(answerToError(event, error), error);
      if (!isClientsFault(error)) throw withoutHeaders(error);
      // Answered here, because an application logs its errors, and any client can cause this one.
      return refusalResponse(error);
    };

    let session: Session<Data>;
    try {
      session = await middleware.load(event.req);
    } catch (error) {
      return refuse(error);
    }
    defineSession(event.context, property, "event.context", session);

    let value: unknown;
    let failure: { readonly error: unknown } | undefined;
    try {
      value = await next();
    } catch (error) {
      failure = { error };
    }
    if (!middleware.closeUnused(session)) {
      if (value instanceof Response) value = withOpenHeaders(value);
      try {
        const answer =
          failure === undefined ? answerOf(event, value) : answerToError(event, failure.error);
        await middleware.save(event.req, answer, session);
      } catch (error) {
        return refuse(error);
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

/** H3 would put its headers on the answer once more, and several cookies in one line. */
function withoutHeaders(error: SessionError): SessionError {
  const { code, message, cause, stack } = error;
  return Object.assign(new SessionError(code, message, { cause }), { stack });
}
