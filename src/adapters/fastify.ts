import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import {
  AntiForgeryGuard,
  addRefusal,
  type ForgeryCheck,
  REFUSAL_TYPE,
  type Refusal,
} from "../anti-forgery/guard.ts";
import { SessionError } from "../core/errors.ts";
import { checkFunction, misconfigured } from "../core/options.ts";
import type { Session } from "../core/session.ts";
import type { DefaultData } from "../core/session-data.ts";
import type { AntiForgeryPlace, Exemptions } from "./_anti-forgery.ts";
import { FastifyExchange } from "./_fastify-exchange.ts";
import { replyResponse } from "./_fastify-reply.ts";
import { IncomingNode } from "./_node-anti-forgery.ts";
import { prepare, type SkipOption } from "./_prepare.ts";
import { checkFound, notReplaced, type PropertyOptions, readProperty } from "./_property.ts";
import type { SessionsOptions, SessionsSource } from "./_sessions.ts";

export type { AntiForgeryPlace, Exemptions } from "./_anti-forgery.ts";
export type { SkipOption } from "./_prepare.ts";
export type { PropertyOptions } from "./_property.ts";
export type { SessionsOptions, SessionsSource } from "./_sessions.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The visitor's session: always there, and saved by itself before the response leaves. */
    readonly session: Session;
  }

  interface FastifyContextConfig {
    /** `false`: a route that {@link antiForgery} does not protect, such as one for web hooks. */
    readonly antiForgery?: false;
  }
}

/** What the plugin takes beside the options of every adapter. */
export interface FastifyOptions extends PropertyOptions<string>, SkipOption<FastifyRequest> {}

/**
 * Sessions for Fastify, as `request.session`: in all routes of the part of the application that it is registered in.
 *
 * What keeps a session from being loaded or saved goes to the application's error handler, as any other error. The session
 * is saved in an `onSend` hook; what answers by hand (`reply.hijack()`, `reply.raw`) is saved before its first byte leaves.
 *
 * Fastify asks an error handler once a request. So where the answer of one cannot be sent, because the session cannot be
 * saved, Fastify's own error handler, or that of the part of the application around, answers with the status that fits.
 *
 * @param source A secret (or a list, the newest first) for a session in a sealed cookie, a store, or options.
 * @throws `ERR_SESSION_SECRET`, `ERR_SESSION_CONFIG` for bad options.
 *
 * @example
 * ```ts
 * await app.register(sessions(secretsFromEnv("APP_SECRET")));
 * app.get("/", async (request) => `Hello ${request.session.subject}`);
 * ```
 */
export function sessions<Data extends object = DefaultData>(
  source: SessionsSource<Data, FastifyOptions>,
  options: SessionsOptions<Data> & FastifyOptions = {},
): FastifyPluginAsync {
  const { middleware, property, given } = prepare(source, options);
  const { skip } = given;
  /** Where a request keeps its exchange, of this kind of session. */
  const slot = Symbol("keepsake.exchange");
  const exchangeOf = (request: FastifyRequest): FastifyExchange<Data> | null =>
    (request as Keeping<Data>)[slot] ?? null;

  const plugin: FastifyPluginAsync = async (fastify) => {
    fastify.decorateRequest(property, {
      getter() {
        const exchange = exchangeOf(this);
        if (exchange === null) throw missing(property);
        return exchange.session;
      },
      setter() {
        throw notReplaced(`request.${property}`);
      },
    });
    fastify.decorateRequest(slot, null);
    fastify.addHook("onRequest", (request, reply, next) => {
      const exchange = new FastifyExchange(middleware, request, reply);
      (request as Keeping<Data>)[slot] = exchange;
      if (skip?.(request)) {
        exchange.skip();
        next();
      } else exchange.load(next);
    });
    fastify.addHook("preParsing", (request, _reply, payload, next) => {
      exchangeOf(request)?.keepHeaders();
      next(null, payload);
    });
    fastify.addHook("onSend", (request, _reply, payload, next) => {
      const exchange = exchangeOf(request);
      if (exchange !== null) return exchange.send(payload, next);
      next(null, payload);
      return undefined;
    });
  };
  return Object.assign(plugin, {
    // Hooks and decorators are for whoever registers the plugin, not for it alone.
    [Symbol.for("skip-override")]: true,
    [Symbol.for("fastify.display-name")]: "keepsake",
    [Symbol.for("plugin-meta")]: { name: "keepsake", fastify: "5.x" },
  });
}

/** A request, seen as what keeps exchanges: each kind of session has a slot of its own. */
interface Keeping<Data extends object> extends FastifyRequest {
  [slot: symbol]: FastifyExchange<Data> | null | undefined;
}

/**
 * The session of a request, for code that cannot be sure that it has one, such as a hook for several parts of an application.
 *
 * @param property Where it is found. Default: `"session"`.
 * @throws `ERR_SESSION_MISSING` where sessions was not registered for this part of the application, and the message names the line that is missing.
 *
 * @example
 * ```ts
 * const requireUser: preHandlerHookHandler = (request, reply, done) => {
 *   if (sessionOf(request).subject === undefined) reply.redirect("/login");
 *   else done();
 * };
 * ```
 */
export function sessionOf<Data extends object = DefaultData>(
  request: FastifyRequest,
  property = "session",
): Session<Data> {
  return checkFound(Reflect.get(request, property), {
    owner: "request",
    property,
    remedy: (sessions) =>
      `Put app.register(${sessions}) into the part of the application that this route is in, or into one around it.`,
  });
}

/** What the protection takes beside the options of every adapter. */
export interface FastifyAntiForgeryOptions extends AntiForgeryPlace {
  /** Answers a request that is refused, with `reply.send()` or a value; status and headers are set. Default: one line of text. */
  readonly onRefused?: (request: FastifyRequest, reply: FastifyReply, refusal: Refusal) => unknown;
}

/**
 * Refuses requests that another page made the browser send. Register it behind `sessions()`. A token in a form is read from
 * `request.body`, whatever parses it; what can be refused before is not parsed at all. A route whose `config` has
 * `antiForgery: false` is not protected.
 *
 * @throws `ERR_SESSION_CONFIG` for bad options.
 *
 * @example
 * ```ts
 * await app.register(sessions(secretsFromEnv("APP_SECRET")));
 * await app.register(antiForgery());
 * ```
 */
export function antiForgery(
  options: FastifyAntiForgeryOptions = {},
): FastifyPluginAsync & Exemptions {
  const guard = new AntiForgeryGuard(options, ["property", "onRefused"]);
  const { onRefused } = options;
  checkFunction("antiForgery", "onRefused", onRefused);
  const property = readProperty(options.property);
  // The routes that say so themselves come to it as they are added.
  const exemptions = [...guard.exemptions];
  /** Where a request keeps its check, until its body is there. */
  const slot = Symbol("keepsake.check");

  const refuse = async (
    request: FastifyRequest,
    reply: FastifyReply,
    refusal: Refusal,
  ): Promise<unknown> => {
    reply.code(refusal.status);
    addRefusal(replyResponse(reply), refusal);
    if (onRefused === undefined) return reply.type(REFUSAL_TYPE).send(refusal.text);
    const answer = await onRefused(request, reply, refusal);
    return reply.sent || answer === undefined || answer === reply ? reply : reply.send(answer);
  };

  const plugin: FastifyPluginAsync = async (fastify) => {
    fastify.addHook("onRoute", ({ config, method, url }) => {
      if (config?.antiForgery !== false) return;
      for (const each of [method].flat()) exemptions.push(`${each} ${url}`);
    });
    fastify.addHook("onRequest", async (request, reply) => {
      const check = guard.begin(new IncomingNode(request.raw), sessionOf(request, property));
      const { config, url } = request.routeOptions;
      if (config?.antiForgery === false) {
        if (exemptions.includes(`${request.method} ${url}`)) return undefined;
        throw notListed(url);
      }
      if (check.needsBody) (request as Checked)[slot] = check;
      const { refusal } = check;
      return refusal && refuse(request, reply, refusal);
    });
    fastify.addHook("preValidation", async (request, reply) => {
      const refusal = (request as Checked)[slot]?.refusalWith(request.body);
      return refusal && refuse(request, reply, refusal);
    });
  };
  return Object.assign(plugin, {
    [Symbol.for("skip-override")]: true,
    [Symbol.for("fastify.display-name")]: "keepsake-anti-forgery",
    [Symbol.for("plugin-meta")]: { name: "keepsake-anti-forgery", fastify: "5.x" },
    exemptions,
  });
}

/** A request, seen as what keeps checks: each `antiForgery` has a slot of its own. */
interface Checked extends FastifyRequest {
  [slot: symbol]: ForgeryCheck | undefined;
}

function notListed(url: string | undefined): SessionError {
  return misconfigured(
    `antiForgery: the route ${url} says antiForgery: false, and was added before antiForgery() was there, so it is not in ` +
      "its list of exemptions. Write await app.register(antiForgery()) before the routes.",
  );
}

function missing(property: string): SessionError {
  return new SessionError(
    "ERR_SESSION_MISSING",
    `request.${property} was used in a hook that runs before the session is loaded. ` +
      "Register sessions before what adds that hook, or use the session in a later one, such as preHandler.",
  );
}
