import type { IncomingMessage, ServerResponse } from "node:http";
import { AntiForgeryGuard, type Refusal } from "../anti-forgery/guard.ts";
import { checkFunction } from "../core/options.ts";
import { type Eventually, isThenable } from "../core/promises.ts";
import { Session } from "../core/session.ts";
import type { DefaultData } from "../core/session-data.ts";
import type { AntiForgeryPlace, Exemptions } from "./_anti-forgery.ts";
import type { AdapterMiddleware } from "./_middleware.ts";
import { nodeRequest, nodeResponse } from "./_node.ts";
import { bodyOf, IncomingNode, refuseNode } from "./_node-anti-forgery.ts";
import { NodeExchange } from "./_node-exchange.ts";
import { answerInOneLine } from "./_node-failure.ts";
import { holdResponse } from "./_node-hold.ts";
import { prepare, type SkipOption } from "./_prepare.ts";
import { checkFound, type PropertyOptions, readProperty, sessionProperty } from "./_property.ts";
import { addHeaders, isClientsFault, statusOf } from "./_refusal.ts";
import type { SessionsOptions, SessionsSource } from "./_sessions.ts";

export type { AntiForgeryPlace, Exemptions } from "./_anti-forgery.ts";
export type { SkipOption } from "./_prepare.ts";
export type { PropertyOptions } from "./_property.ts";
export type { SessionsOptions, SessionsSource } from "./_sessions.ts";

declare global {
  namespace Express {
    interface Request {
      /** The visitor's session: always there, and saved by itself before the response leaves. */
      // biome-ignore lint/suspicious/noTsIgnore: there is an error only beside the types of express-session, which declare it otherwise
      // @ts-ignore
      readonly session: Session;
    }
  }
}

/** What the middleware takes beside the options of every adapter. */
export interface ExpressOptions extends PropertyOptions<string>, SkipOption<IncomingMessage> {}

/** A middleware as Express 5, Express 4 and Connect take it. */
export type ExpressMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Sessions for Express 5 and 4 and for Connect, as `req.session`.
 *
 * What keeps a session from being loaded or saved goes to the application's error handler, as any other error.
 *
 * @param source A secret (or a list, the newest first) for a session in a sealed cookie, a store, or options.
 * @throws `ERR_SESSION_SECRET`, `ERR_SESSION_CONFIG` for bad options.
 *
 * @example
 * ```ts
 * app.use(sessions(secretsFromEnv("APP_SECRET")));
 * app.get("/", (req, res) => res.send(`Hello ${req.session.subject}`));
 * ```
 */
export function sessions<Data extends object = DefaultData>(
  source: SessionsSource<Data, ExpressOptions>,
  options: SessionsOptions<Data> & ExpressOptions = {},
): ExpressMiddleware {
  const { middleware, property, given } = prepare(source, options);
  const { skip } = given;
  const show = sessionProperty(property, "req");
  const proceed = (visit: Visit<Data>, session: Session<Data>): void => {
    show(visit.request, session);
    visit.loaded = session;
    holdResponse(visit.response, visit);
    visit.next();
  };
  const proceedLater = (visit: Visit<Data>, loading: Promise<Session<Data>>): void => {
    loading.then(
      (session) => proceed(visit, session),
      (error) => visit.failToLoad(error),
    );
  };
  return (request, response, next) => {
    const found: unknown = Reflect.get(request, property);
    if (skip?.(request) || middleware.isThereOrThrow(found, "req", property)) {
      if (!(found instanceof Session)) show(request, middleware.skipped());
      next();
      return;
    }
    const visit = new Visit(middleware, request, response, next);
    let loaded: Eventually<Session<Data>>;
    try {
      loaded = middleware.load(nodeRequest(request));
    } catch (error) {
      visit.failToLoad(error);
      return;
    }
    if (isThenable(loaded)) proceedLater(visit, loaded);
    else proceed(visit, loaded);
  };
}

/** What a middleware is given. */
class Visit<Data extends object> extends NodeExchange<Data> {
  readonly next: (error?: unknown) => void;

  constructor(
    middleware: AdapterMiddleware<Data>,
    request: IncomingMessage,
    response: ServerResponse,
    next: (error?: unknown) => void,
  ) {
    super(middleware, request, response);
    this.next = next;
  }

  failToLoad(error: unknown): void {
    // Something else may have answered meanwhile, as a limit of a request's time does.
    if (!this.response.headersSent) {
      addHeaders(nodeResponse(this.response), error);
      // For an error handler that says no status.
      this.response.statusCode = statusOf(error);
    }
    this.fail(error);
  }

  fail(error: unknown): void {
    // Answered here, because an error handler would log what any client can cause.
    if (!isClientsFault(error)) this.next(error);
    else if (!this.response.headersSent) answerInOneLine(this.response, error);
  }
}

/**
 * The session of a request, for code that cannot be sure that it has one, such as a route that is mounted elsewhere.
 *
 * @param property Where it is found. Default: `"session"`.
 * @throws `ERR_SESSION_MISSING` where the middleware did not run before, and the message names the line that is missing.
 *
 * @example
 * ```ts
 * const requireUser: RequestHandler = (req, res, next) => {
 *   if (sessionOf(req).subject === undefined) res.redirect("/login");
 *   else next();
 * };
 * ```
 */
export function sessionOf<Data extends object = DefaultData>(
  request: IncomingMessage,
  property = "session",
): Session<Data> {
  return checkFound(Reflect.get(request, property), {
    owner: "req",
    property,
    remedy: (sessions) => `Put app.use(${sessions}) before this route.`,
  });
}

/** What the protection takes beside the options of every adapter. */
export interface ExpressAntiForgeryOptions extends AntiForgeryPlace {
  /** Answers a request that is refused; status and headers are set. Default: one line of text. */
  onRefused?(request: IncomingMessage, response: ServerResponse, refusal: Refusal): unknown;
}

/**
 * Refuses requests that another page made the browser send, for Express 5 and 4 and for Connect. Put it behind `sessions()`
 * and, where forms carry tokens, behind the body parser, whose `req.body` it reads.
 *
 * @throws `ERR_SESSION_CONFIG` for bad options.
 *
 * @example
 * ```ts
 * app.use(sessions(secretsFromEnv("APP_SECRET")), express.urlencoded(), antiForgery());
 * ```
 */
export function antiForgery(
  options: ExpressAntiForgeryOptions = {},
): ExpressMiddleware & Exemptions {
  const guard = new AntiForgeryGuard(options, ["property", "onRefused"]);
  const { onRefused } = options;
  checkFunction("antiForgery", "onRefused", onRefused);
  const property = readProperty(options.property);
  const answer = async (
    judging: Eventually<Refusal | undefined>,
    ...[request, response, next]: Parameters<ExpressMiddleware>
  ): Promise<void> => {
    try {
      const refusal = await judging;
      if (refusal === undefined) next();
      else await refuseNode(request, response, refusal, onRefused);
    } catch (error) {
      next(error);
    }
  };
  const protect: ExpressMiddleware = (request, response, next) => {
    let refusal: Eventually<Refusal | undefined>;
    try {
      const session = sessionOf(request, property);
      refusal = guard.check(new IncomingNode(request), session, request, bodyOf);
    } catch (error) {
      next(error);
      return;
    }
    if (refusal === undefined) next();
    else void answer(refusal, request, response, next);
  };
  return Object.assign(protect, { exemptions: guard.exemptions });
}
