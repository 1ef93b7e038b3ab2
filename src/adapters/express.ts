import type { IncomingMessage, ServerResponse } from "node:http";
import { SessionError } from "../core/errors.ts";
import { checkFunction } from "../core/options.ts";
import type { Session } from "../core/session.ts";
import type { DefaultData } from "../core/session-data.ts";
import { nodeRequest, nodeResponse } from "./_node.ts";
import { holdResponse } from "./_node-hold.ts";
import { addHeaders, isClientsFault, refusalText } from "./_refusal.ts";
import {
  createMiddleware,
  readArguments,
  type SessionsOptions,
  type SessionsSource,
} from "./_sessions.ts";

declare global {
  namespace Express {
    interface Request {
      /** The visitor's session: always there, and saved by itself before the response leaves. */
      session: Session;
    }
  }
}

/** What the middleware takes beside the options of every adapter. */
export interface ExpressOptions {
  /** Requests whose session is not to be loaded, such as those for static files; using it then throws `ERR_SESSION_MISSING`. */
  readonly skip?: (request: IncomingMessage) => boolean;
}

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
  const given = readArguments(source, options);
  const middleware = createMiddleware(given, ["skip"]);
  const { skip } = given.options;
  checkFunction("sessions", "skip", skip);
  return (request, response, next) => {
    if (skip?.(request)) {
      defineSession(request, middleware.skipped());
      next();
      return;
    }
    const fail = (error: unknown): void => {
      if (isClientsFault(error)) refuse(response, error);
      else next(error);
    };
    const proceed = (session: Session<Data>): void => {
      defineSession(request, session);
      holdResponse(response, {
        save: () => middleware.save(nodeRequest(request), nodeResponse(response), session),
        fail,
      });
      next();
    };
    const failToLoad = (error: unknown): void => {
      if (error instanceof SessionError) addHeaders(nodeResponse(response), error);
      fail(error);
    };
    let loaded: Session<Data> | Promise<Session<Data>>;
    try {
      loaded = middleware.load(nodeRequest(request));
    } catch (error) {
      failToLoad(error);
      return;
    }
    if (loaded instanceof Promise) loaded.then(proceed, failToLoad);
    else proceed(loaded);
  };
}

/** Read-only, because `req.session = null` ends a session in other libraries and would do nothing here. */
function defineSession<Data extends object>(
  request: IncomingMessage,
  session: Session<Data>,
): void {
  Object.defineProperty(request, "session", {
    configurable: true,
    enumerable: true,
    get: () => session,
    set() {
      throw new TypeError(
        "req.session cannot be replaced. To end the session call req.session.logout(), to empty it req.session.clear().",
      );
    },
  });
}

/** Answered here, because an error handler would log what any client can cause. */
function refuse(response: ServerResponse, error: SessionError): void {
  response.statusCode = error.status;
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.end(refusalText(error));
}
