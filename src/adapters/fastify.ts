import type { FastifyPluginAsync, FastifyRequest } from "fastify";
import { SessionError } from "../core/errors.ts";
import { warnOnce } from "../core/events.ts";
import { checkFunction } from "../core/options.ts";
import { type Eventually, isThenable } from "../core/promises.ts";
import type { Session } from "../core/session.ts";
import type { DefaultData } from "../core/session-data.ts";
import { FastifyExchange } from "./_fastify-exchange.ts";
import { checkFound, notReplaced, type PropertyOptions, readProperty } from "./_property.ts";
import {
  createMiddleware,
  readArguments,
  type SessionsOptions,
  type SessionsSource,
} from "./_sessions.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The visitor's session: always there, and saved by itself before the response leaves. */
    readonly session: Session;
  }
}

/** What the plugin takes beside the options of every adapter. */
export interface FastifyOptions extends PropertyOptions<string> {
  /** Requests whose session is not to be loaded, such as those for static files; using it then throws `ERR_SESSION_MISSING`. */
  readonly skip?: (request: FastifyRequest) => boolean;
}

/**
 * Sessions for Fastify, as `request.session`: in all routes of the part of the application that it is registered in.
 *
 * What keeps a session from being loaded or saved goes to the application's error handler, as any other error. The session
 * is saved in an `onSend` hook; what answers by hand (`reply.hijack()`, `reply.raw`) is saved before its first byte leaves.
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
  const given = readArguments(source, options);
  const middleware = createMiddleware(given, ["property", "skip"]);
  const { skip, onEvent = warnOnce } = given.options;
  checkFunction("sessions", "skip", skip);
  const property = readProperty(given.options.property);
  const exchanges = new WeakMap<FastifyRequest, FastifyExchange<Data>>();

  const plugin: FastifyPluginAsync = async (fastify) => {
    fastify.decorateRequest(property, {
      getter() {
        const exchange = exchanges.get(this);
        if (exchange === undefined) throw missing(property);
        return exchange.session;
      },
      setter() {
        throw notReplaced(`request.${property}`);
      },
    });
    fastify.addHook("onRequest", (request, reply, next) => {
      const exchange = new FastifyExchange(middleware, onEvent, request, reply);
      exchanges.set(request, exchange);
      if (skip?.(request)) {
        exchange.skip();
        next();
      } else exchange.load(next);
    });
    fastify.addHook("preParsing", (request, _reply, payload, next) => {
      exchanges.get(request)?.keepHeaders();
      next(null, payload);
    });
    fastify.addHook("onSend", (request, _reply, payload, next) => {
      let sent: Eventually<unknown>;
      try {
        sent = exchanges.get(request)?.send(payload) ?? payload;
      } catch (error) {
        next(error instanceof Error ? error : new Error(String(error)));
        return undefined;
      }
      // Fastify catches what comes of a promise, and not what comes of a callback that is called later.
      if (isThenable(sent)) return sent;
      next(null, sent);
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

function missing(property: string): SessionError {
  return new SessionError(
    "ERR_SESSION_MISSING",
    `request.${property} was used in a hook that runs before the session is loaded. ` +
      "Register sessions before what adds that hook, or use the session in a later one, such as preHandler.",
  );
}
