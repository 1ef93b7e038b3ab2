import type { Context, MiddlewareHandler } from "hono";
import { isJson } from "../anti-forgery/fields.ts";
import { AntiForgeryGuard, type Refusal } from "../anti-forgery/guard.ts";
import { SessionError } from "../core/errors.ts";
import { checkFunction } from "../core/options.ts";
import { isThenable } from "../core/promises.ts";
import { Session } from "../core/session.ts";
import type { DefaultData } from "../core/session-data.ts";
import type { AntiForgeryPlace, Exemptions } from "./_anti-forgery.ts";
import { IncomingFetch, readBody, refusalAnswer } from "./_fetch-anti-forgery.ts";
import { readableLater, saveWith } from "./_fetch-response.ts";
import { prepare, type SkipOption } from "./_prepare.ts";
import { checkFound, type PropertyOptions, readProperty } from "./_property.ts";
import { addHeaders, refusalResponse, statusOf } from "./_refusal.ts";
import type { SessionsOptions, SessionsSource } from "./_sessions.ts";

export type { AntiForgeryPlace, Exemptions } from "./_anti-forgery.ts";
export type { SkipOption } from "./_prepare.ts";
export type { PropertyOptions } from "./_property.ts";
export type { SessionsOptions, SessionsSource } from "./_sessions.ts";

/** What the middleware takes beside the options of every adapter. */
export interface HonoOptions<Property extends string = string>
  extends PropertyOptions<Property>,
    SkipOption<Context> {}

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
 * What keeps a session from being loaded or saved goes to `onError`, as any other error. Under `RESPONSE_ALREADY_SENT` the
 * session can only be read: if it was changed, that is `ERR_SESSION_COMMITTED`, whatever the client has seen by then.
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
  const { middleware, property, given } = prepare(source, options);
  const { skip } = given;
  return async (c: Context, next) => {
    const found: unknown = c.get(property);
    if (skip?.(c) || middleware.isThereOrThrow(found, "c.var", property)) {
      if (!(found instanceof Session)) c.set(property, middleware.skipped());
      return next();
    }
    const request = c.req.raw;
    try {
      const loaded = middleware.load(request);
      const session = isThenable(loaded) ? await loaded : loaded;
      c.set(property, session);
      const original = readableLater(request);
      await next();
      if (middleware.closeUnused(session)) return;
      const response = await saveWith(middleware, original, c.res, session);
      if (response !== c.res) replaceResponse(c, response);
    } catch (error) {
      if (c.finalized || error instanceof SessionError) replaceResponse(c, emptyResponse(error));
      // For an error handler that says no status.
      c.status(statusOf(error));
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

/** What the protection takes beside the options of every adapter. */
export interface HonoAntiForgeryOptions extends AntiForgeryPlace {
  /** Answers a request that is refused; what every refusal must have is added to its headers. Default: one line of text. */
  readonly onRefused?: (c: Context, refusal: Refusal) => Response | Promise<Response>;
}

/**
 * Refuses requests that another page made the browser send. Put it behind `sessions()`. A token in a form of up to a
 * megabyte is found; handlers can read the body all the same.
 *
 * @throws `ERR_SESSION_CONFIG` for bad options.
 *
 * @example
 * ```ts
 * const app = new Hono().use(sessions(secretsFromEnv("APP_SECRET"))).use(antiForgery());
 * ```
 */
export function antiForgery(options: HonoAntiForgeryOptions = {}): MiddlewareHandler & Exemptions {
  const guard = new AntiForgeryGuard(options, ["property", "onRefused"]);
  const { onRefused } = options;
  checkFunction("antiForgery", "onRefused", onRefused);
  const property = readProperty(options.property);
  const protect: MiddlewareHandler = async (c, next) => {
    const session = sessionOf(c, property);
    const refusal = await guard.check(new IncomingFetch(c.req.raw), session, c, bodyOf);
    return refusal === undefined ? next() : refusalAnswer(c, refusal, onRefused);
  };
  return Object.assign(protect, { exemptions: guard.exemptions });
}

function bodyOf(c: Context): Promise<unknown> {
  const { raw } = c.req;
  return raw.bodyUsed ? bodyReadBefore(c) : readBody(raw);
}

/** What somebody has read through `c.req`, Hono has kept. `undefined` for what was read past it. */
async function bodyReadBefore(c: Context): Promise<unknown> {
  try {
    const isRead = isJson(c.req.header("content-type") ?? "");
    return isRead ? await c.req.json() : await c.req.parseBody({ all: true });
  } catch {
    return undefined;
  }
}

/** Hono merges the headers of the response before into a new one, which would bring back what was removed. */
function replaceResponse(c: Context, response: Response): void {
  c.res = undefined;
  c.res = response;
}

/** The error handler's answer inherits its headers, and none of those of the answer that is not sent. */
function emptyResponse(error: unknown): Response {
  const response = new Response();
  addHeaders(response, error);
  return response;
}

/** Hono's own error handler asks an error for its response; without one the answer is 500, and the error is logged. */
function answerable(error: unknown): unknown {
  if (!(error instanceof SessionError) || error.status === 500) return error;
  return Object.assign(error, {
    getResponse: () => refusalResponse(error),
  });
}
