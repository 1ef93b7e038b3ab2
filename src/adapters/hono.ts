import type { Context, MiddlewareHandler } from "hono";
import { SessionError } from "../core/errors.ts";
import { checkFunction } from "../core/options.ts";
import type { Session } from "../core/session.ts";
import type { DefaultData } from "../core/session-data.ts";
import { readableLater, saveWith } from "./_fetch-response.ts";
import { checkFound, type PropertyOptions, readProperty } from "./_property.ts";
import { addHeaders, refusalResponse } from "./_refusal.ts";
import {
  createMiddleware,
  readArguments,
  type SessionsOptions,
  type SessionsSource,
} from "./_sessions.ts";

/** What the middleware takes beside the options of every adapter. */
export interface HonoOptions<Property extends string = string> extends PropertyOptions<Property> {
  /** Requests whose session is not to be loaded, such as those for static files; using it then throws `ERR_SESSION_MISSING`. */
  readonly skip?: (c: Context) => boolean;
}

/** What the middleware adds to a Hono context: `c.var.session`. */
export interface SessionEnv<
  Data extends object = DefaultData,
  Property extends string = "session",
> {
  Variables: { [Name in Property]: Session<Data> };
}

/**
 * Sessions for Hono, on every runtime it runs on, as `c.var.session`.
 *
 * @param source A secret (or a list, the newest first) for a session in a sealed cookie, a store, or options.
 * @throws `ERR_SESSION_SECRET`, `ERR_SESSION_CONFIG` for bad options.
 *
 * @example
 * ```ts
 * const app = new Hono().use(sessions(secretsFromEnv("APP_SECRET")));
 * app.get("/", (c) => c.text(`Hello ${c.var.session.subject}`));
 * ```
 */
export function sessions<Data extends object = DefaultData, Property extends string = "session">(
  source: SessionsSource<Data, HonoOptions<Property>>,
  options: SessionsOptions<Data> & HonoOptions<Property> = {},
): MiddlewareHandler<SessionEnv<Data, Property>> {
  const given = readArguments(source, options);
  const middleware = createMiddleware(given, ["property", "skip"]);
  const { skip } = given.options;
  checkFunction("sessions", "skip", skip);
  const property = readProperty(given.options.property);
  return async (c: Context, next) => {
    if (skip?.(c)) {
      c.set(property, middleware.skipped());
      return next();
    }
    const request = c.req.raw;
    try {
      const session = await middleware.load(request);
      c.set(property, session);
      const original = readableLater(request);
      await next();
      if (middleware.closeUnused(session)) return;
      const response = await saveWith(middleware, original, c.res, session);
      if (response !== c.res) replaceResponse(c, response);
    } catch (error) {
      if (c.finalized || error instanceof SessionError) replaceResponse(c, emptyResponse(error));
      throw answerable(error);
    }
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
 * const requireUser: MiddlewareHandler = async (c, next) =>
 *   sessionOf(c).subject === undefined ? c.redirect("/login") : next();
 * ```
 */
export function sessionOf<Data extends object = DefaultData>(
  c: Context,
  property = "session",
): Session<Data> {
  return checkFound(c.get(property), {
    owner: "c.var",
    property,
    remedy: (sessions) => `Put app.use(${sessions}) before this route.`,
  });
}

/** Hono merges the headers of the response before into a new one, which would bring back what was removed. */
function replaceResponse(c: Context, response: Response): void {
  c.res = undefined;
  c.res = response;
}

/** The error handler's answer inherits its headers, and none of those of the answer that is not sent. */
function emptyResponse(error: unknown): Response {
  const response = new Response();
  if (error instanceof SessionError) addHeaders(response, error);
  return response;
}

/** Hono's own error handler asks an error for its response; without one the answer is 500, and the error is logged. */
function answerable(error: unknown): unknown {
  if (!(error instanceof SessionError) || error.status === 500) return error;
  return Object.assign(error, {
    getResponse: () => refusalResponse(error),
  });
}
