import type { DefaultState, ExtendableContext, Next, ParameterizedContext } from "koa";
import { AntiForgeryGuard, addRefusal, type Refusal } from "../anti-forgery/guard.ts";
import { checkFunction } from "../core/options.ts";
import { isThenable } from "../core/promises.ts";
import { Session } from "../core/session.ts";
import type { DefaultData, SessionData } from "../core/session-data.ts";
import type { AntiForgeryPlace, Exemptions } from "./_anti-forgery.ts";
import { KoaExchange, refuse } from "./_koa-exchange.ts";
import { nodeRequest, nodeResponse } from "./_node.ts";
import { bodyOf, IncomingNode } from "./_node-anti-forgery.ts";
import { beginAgain } from "./_node-failure.ts";
import { type HeadersBefore, headersOf } from "./_node-headers.ts";
import { holdResponse } from "./_node-hold.ts";
import { prepare, type SkipOption } from "./_prepare.ts";
import { checkFound, type PropertyOptions, readProperty, sessionProperty } from "./_property.ts";
import { isClientsFault, statusOf } from "./_refusal.ts";
import type { SessionsOptions, SessionsSource } from "./_sessions.ts";

export type { AntiForgeryPlace, Exemptions } from "./_anti-forgery.ts";
export type { SkipOption } from "./_prepare.ts";
export type { PropertyOptions } from "./_property.ts";
export type { SessionsOptions, SessionsSource } from "./_sessions.ts";

declare module "koa" {
  interface DefaultContext extends AugmentedContext {}
}

/**
 * `ctx.session` of every Koa application, once `SessionData` is augmented. Before that it is left to what `sessions`
 * adds to one application: both at once would be an intersection, in which the looser of them wins.
 */
export type AugmentedContext = keyof SessionData extends never ? object : SessionContext;

/** What the middleware adds to a Koa context: `ctx.session`. */
export type SessionContext<
  Data extends object = DefaultData,
  Property extends string = "session",
> = {
  /** The visitor's session: always there, and saved by itself before the response leaves. */
  readonly [Name in Property]: Session<Data>;
};

/** What the middleware takes beside the options of every adapter. */
export interface KoaOptions<Property extends string = string>
  extends PropertyOptions<Property>,
    SkipOption<ExtendableContext> {}

/** A middleware as Koa takes it, which tells the application's type what it adds to the context. */
export interface KoaMiddleware<Data extends object, Property extends string = "session"> {
  (ctx: ExtendableContext, next: Next): Promise<unknown>;
  // The last signature is the one that types are inferred from.
  (
    ctx: ParameterizedContext<DefaultState, SessionContext<Data, Property>>,
    next: Next,
  ): Promise<unknown>;
}

/**
 * Sessions for Koa, as `ctx.session`.
 *
 * What keeps a session from being loaded or saved is thrown to the middleware before this one, as any other error. The
 * session is saved when the middleware after this one is done; where an error went past it, or the application writes
 * to `ctx.res` by itself, just before the headers leave.
 *
 * @param source A secret (or a list, the newest first) for a session in a sealed cookie, a store, or options.
 * @throws `ERR_SESSION_SECRET`, `ERR_SESSION_CONFIG` for bad options.
 *
 * @example
 * ```ts
 * const app = new Koa().use(sessions(secretsFromEnv("APP_SECRET")));
 * app.use((ctx) => {
 *   ctx.body = `Hello ${ctx.session.subject}`;
 * });
 * ```
 */
export function sessions<Data extends object = DefaultData, Property extends string = "session">(
  source: SessionsSource<Data, KoaOptions<Property>>,
  options: SessionsOptions<Data> & KoaOptions<Property> = {},
): KoaMiddleware<Data, Property> {
  const { middleware, property, given } = prepare(source, options);
  const { skip } = given;
  const show = sessionProperty(property, "ctx");
  return async (ctx: ExtendableContext, next: Next) => {
    const found: unknown = Reflect.get(ctx, property);
    if (skip?.(ctx) || middleware.isThereOrThrow(found, "ctx", property)) {
      if (!(found instanceof Session)) show(ctx, middleware.skipped());
      return next();
    }
    const { req, res } = ctx;
    const before = headersOf(res);
    let session: Session<Data>;
    try {
      const loaded = middleware.load(nodeRequest(req));
      session = isThenable(loaded) ? await loaded : loaded;
    } catch (error) {
      return passOn(ctx, before, error);
    }
    show(ctx, session);
    const exchange = new KoaExchange(middleware, ctx, session);
    holdResponse(res, exchange, before);
    await next();
    // What answers by hand is saved when it does, and nobody is left to be told of a failure.
    if (res.headersSent) exchange.saveUnanswered();
    if (res.headersSent || ctx.respond === false) return;
    try {
      const saving = exchange.saveUsed();
      if (saving !== undefined) await saving;
    } catch (error) {
      passOn(ctx, before, error);
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
 * const requireUser: Middleware = (ctx, next) =>
 *   sessionOf(ctx).subject === undefined ? ctx.redirect("/login") : next();
 * ```
 */
export function sessionOf<Data extends object = DefaultData>(
  ctx: ExtendableContext,
  property = "session",
): Session<Data> {
  return checkFound(Reflect.get(ctx, property), {
    owner: "ctx",
    property,
    remedy: (sessions) => `Put app.use(${sessions}) before this middleware.`,
  });
}

/** What the protection takes beside the options of every adapter. */
export interface KoaAntiForgeryOptions extends AntiForgeryPlace {
  /** Answers a request that is refused; status and headers are set. Default: one line of text. */
  readonly onRefused?: (ctx: ExtendableContext, refusal: Refusal) => unknown;
}

/**
 * Refuses requests that another page made the browser send. Put it behind `sessions()` and, where forms carry tokens,
 * behind the body parser, whose `ctx.request.body` it reads.
 *
 * @throws `ERR_SESSION_CONFIG` for bad options.
 *
 * @example
 * ```ts
 * app.use(sessions(secretsFromEnv("APP_SECRET"))).use(bodyParser()).use(antiForgery());
 * ```
 */
export function antiForgery(
  options: KoaAntiForgeryOptions = {},
): ((ctx: ExtendableContext, next: Next) => Promise<unknown>) & Exemptions {
  const guard = new AntiForgeryGuard(options, ["property", "onRefused"]);
  const { onRefused } = options;
  checkFunction("antiForgery", "onRefused", onRefused);
  const property = readProperty(options.property);
  const protect = async (ctx: ExtendableContext, next: Next): Promise<unknown> => {
    // What mounts an application rewrites the request's own URL.
    const incoming = new IncomingNode(ctx.req, ctx.originalUrl);
    const refusal = await guard.check(incoming, sessionOf(ctx, property), ctx.request, bodyOf);
    if (refusal === undefined) return next();
    ctx.status = refusal.status;
    addRefusal(nodeResponse(ctx.res), refusal);
    if (onRefused !== undefined) return onRefused(ctx, refusal);
    ctx.type = "text";
    ctx.body = refusal.text;
    return undefined;
  };
  return Object.assign(protect, { exemptions: guard.exemptions });
}

/** Throws an error on, without anything of the answer that is not sent. */
function passOn(ctx: ExtendableContext, before: HeadersBefore, error: unknown): void {
  beginAgain(ctx.res, before, error);
  ctx.body = undefined;
  // What is caught and answered without a status must not become a success.
  ctx.status = statusOf(error);
  if (!isClientsFault(error)) throw error;
  refuse(ctx, error);
}
