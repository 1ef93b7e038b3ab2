import { SessionError } from "../core/errors.ts";
import type { SessionMiddleware } from "../core/middleware.ts";
import { checkFunction } from "../core/options.ts";
import type { Session } from "../core/session.ts";
import type { DefaultData } from "../core/session-data.ts";
import { withOpenHeaders } from "./_fetch-response.ts";
import { addHeaders, isClientsFault, refusalText } from "./_refusal.ts";
import {
  createMiddleware,
  readArguments,
  type SessionsOptions,
  type SessionsSource,
} from "./_sessions.ts";

/** What the wrapper takes beside the options of every adapter. */
export interface FetchOptions {
  /** Requests whose session is not to be loaded, such as those for static files; using it then throws `ERR_SESSION_MISSING`. */
  readonly skip?: (request: Request) => boolean;
  /**
   * Makes the answer to an error that the handler threw, or that kept the session from being loaded or saved. The
   * answer carries the session's end, if it ended. Default: the error is thrown on to the runtime.
   */
  readonly onError?: (error: unknown, request: Request) => Response | Promise<Response>;
}

/** A Fetch handler that is given the session after the request. `Rest` is what the runtime passes besides. */
export type SessionHandler<Data extends object, Rest extends unknown[]> = (
  request: Request,
  session: Session<Data>,
  ...rest: Rest
) => Response | Promise<Response>;

/** Puts a session under a handler, and gives back one as `Bun.serve`, `Deno.serve` and workers take it. */
export type FetchSessions<Data extends object> = <Rest extends unknown[]>(
  handler: SessionHandler<Data, Rest>,
) => (request: Request, ...rest: Rest) => Promise<Response>;

/**
 * Sessions for anything that turns a `Request` into a `Response`: Bun, Deno, workers, route handlers.
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
    async (request, ...rest) =>
      skip?.(request)
        ? handler(request, middleware.skipped(), ...rest)
        : answer(middleware, request, (session) => handler(request, session, ...rest), onError);
}

async function answer<Data extends object>(
  middleware: SessionMiddleware<Data>,
  request: Request,
  handler: (session: Session<Data>) => Response | Promise<Response>,
  onError: FetchOptions["onError"],
): Promise<Response> {
  const failed = async (error: unknown): Promise<Response> => {
    if (onError !== undefined) {
      const response = withOpenHeaders(await onError(error, request));
      if (error instanceof SessionError) addHeaders(response, error);
      return response;
    }
    if (isClientsFault(error)) return new Response(refusalText(error), { status: error.status });
    throw error;
  };

  let session: Session<Data>;
  try {
    session = await middleware.load(request);
  } catch (error) {
    return failed(error);
  }
  const saved = async (answered: Response): Promise<Response> => {
    if (middleware.closeUnused(session)) return answered;
    const response = withOpenHeaders(answered);
    await middleware.save(request, response, session);
    return response;
  };
  let answered: Response;
  try {
    answered = await handler(session);
  } catch (error) {
    // Frameworks on top throw a response to answer with it.
    if (error instanceof Response) answered = error;
    else if (onError !== undefined) answered = await onError(error, request);
    else {
      // Nobody is left to answer, but a session that ended must not live on in the store.
      await saved(new Response(null, { status: 500 }));
      throw error;
    }
  }
  try {
    return await saved(answered);
  } catch (error) {
    return failed(error);
  }
}
