import { SessionError } from "../core/errors.ts";
import { checkFunction, misconfigured } from "../core/options.ts";
import type { Session } from "../core/session.ts";
import type { DefaultData } from "../core/session-data.ts";
import type { Exemptions } from "./_anti-forgery.ts";
import { answer } from "./_fetch-answer.ts";
import {
  createProtection,
  type FetchAntiForgeryOptions,
  type FetchProtection,
} from "./_fetch-anti-forgery.ts";
import { checkHeaders, checkWritable, sendCookies } from "./_next-cookies.ts";
import { passCookiesOn } from "./_next-proxy.ts";
import { type NextCookies, type NextHeaders, nextRequest } from "./_next-request.ts";
import { responseTo, statusOfThrown } from "./_next-thrown.ts";
import {
  createMiddleware,
  readArguments,
  type SessionsOptions,
  type SessionsSource,
} from "./_sessions.ts";

export type { Exemptions } from "./_anti-forgery.ts";
export type {
  FetchAntiForgeryOptions,
  FetchProtection,
  ProtectedHandler,
} from "./_fetch-anti-forgery.ts";
export type { NextCookie, NextCookies, NextHeaders } from "./_next-request.ts";
export type { SessionsOptions, SessionsSource } from "./_sessions.ts";

/** What Next.js has to be told beside the options of every adapter. */
export interface NextOptions {
  /** `cookies` of `next/headers`. */
  readonly cookies: () => Promise<NextCookies>;
  /** `headers` of `next/headers`. */
  readonly headers: () => Promise<NextHeaders>;
  /**
   * Makes the answer of a route handler to an error that it threw, or that kept the session from being loaded or saved.
   * After a failed load or save it is no success: a status below 300 becomes that of the error.
   * Default: the error is thrown on to Next.js, which answers 500.
   */
  readonly onError?: (error: unknown, request: Request) => Response | Promise<Response>;
}

/** The session of the visitor, wherever Next.js runs code for one. */
export interface NextSessions<Data extends object> {
  /**
   * The session, to be read: in server components, and everywhere else. Loaded once a request, however often it is asked
   * for. Every change throws `ERR_SESSION_COMMITTED`.
   *
   * @throws `ERR_SESSION_STORE` where the store cannot tell.
   */
  readSession(): Promise<Session<Data>>;

  /**
   * Runs a function with the session, and saves it before the promise is kept: in server actions. `redirect()` and
   * `notFound()` in it count as answers; after any other error nothing is saved but the session's end.
   *
   * @returns What the function returns.
   * @throws `ERR_SESSION_COMMITTED` in a server component, what the function throws, and what keeps the session from being
   * loaded or saved.
   *
   * @example
   * ```ts
   * "use server";
   * export async function login(form: FormData) {
   *   await withSession((session) => session.login(String(form.get("user"))));
   *   redirect("/");
   * }
   * ```
   */
  withSession<Result>(
    handler: (session: Session<Data>) => Result | Promise<Result>,
  ): Promise<Result>;

  /**
   * Puts the session under a route handler, or under the function of `proxy.ts`.
   *
   * @example
   * ```ts
   * export const GET = route((request, session) => Response.json({ user: session.subject }));
   * ```
   */
  route<Incoming extends Request, Rest extends unknown[]>(
    handler: (
      request: Incoming,
      session: Session<Data>,
      ...rest: Rest
    ) => Response | Promise<Response>,
  ): (request: Incoming, ...rest: Rest) => Promise<Response>;
}

const READ_ONLY =
  "readSession() gives a session to be read. Change it in a server action, with withSession(), " +
  "or in a route handler, with route().";

/**
 * Sessions for the App Router of Next.js, 15 and newer.
 *
 * @param source A secret (or a list, the newest first) for a session in a sealed cookie, a store, or options.
 * @throws `ERR_SESSION_SECRET`, `ERR_SESSION_CONFIG` for bad options.
 *
 * @example
 * ```ts
 * import { cookies, headers } from "next/headers";
 * export const { readSession, withSession, route } = sessions(secretsFromEnv("APP_SECRET"), { cookies, headers });
 * ```
 */
export function sessions<Data extends object = DefaultData>(
  source: SessionsSource<Data>,
  options: SessionsOptions<Data> & NextOptions,
): NextSessions<Data> {
  const given = readArguments<Data, Partial<NextOptions>>(source, options);
  const middleware = createMiddleware(given, ["cookies", "headers", "onError"]);
  const { cookies, headers, onError } = given.options;
  if (typeof cookies !== "function" || typeof headers !== "function") {
    throw misconfigured(
      'sessions: give it what Next.js has for cookies and headers. Import both from "next/headers", ' +
        "then: sessions(secret, { cookies, headers }).",
    );
  }
  checkFunction("sessions", "onError", onError);

  /** By the headers, of which Next.js makes one object a request. */
  const read = new WeakMap<
    object,
    { readonly cookie: string | null; session: Promise<Session<Data>> }
  >();

  return {
    async readSession() {
      const sent = await headers();
      const request = nextRequest(sent, await cookies());
      const cookie = request.headers.get("cookie");
      const known = read.get(sent);
      if (known?.cookie === cookie) return known.session;
      const session = (async () => middleware.loadReadOnly(request, READ_ONLY))();
      read.set(sent, { cookie, session });
      return session;
    },

    async withSession(handler) {
      const [sent, jar] = [await headers(), await cookies()];
      checkWritable(jar);
      const request = nextRequest(sent, jar);
      const session = await middleware.load(request);
      const save = async (status: number): Promise<void> => {
        read.delete(sent);
        const response = { headers: new Headers(), status };
        try {
          await middleware.save(request, response, session);
        } catch (error) {
          // What takes the token of a session away that ended all the same.
          if (error instanceof SessionError) sendCookies(linesOf(error), jar);
          throw error;
        }
        checkHeaders(response.headers);
        sendCookies(response.headers.getSetCookie(), jar);
      };
      let result: Awaited<ReturnType<typeof handler>>;
      try {
        result = await handler(session);
      } catch (error) {
        await save(statusOfThrown(error));
        throw error;
      }
      await save(200);
      return result;
    },

    route:
      (handler) =>
      async (request, ...rest) => {
        const answerNext = async (session: Session<Data>): Promise<Response> => {
          try {
            return await handler(request, session, ...rest);
          } catch (error) {
            if (error instanceof Response) return error;
            return responseTo(error, request);
          }
        };
        return passCookiesOn(await answer(middleware, request, answerNext, { onError }));
      },
  };
}

/**
 * Refuses requests that another page made the browser send, for route handlers and `proxy.ts`. Next.js itself compares the
 * origin of server actions with the host.
 *
 * @throws `ERR_SESSION_CONFIG` for bad options.
 *
 * @example
 * ```ts
 * const protect = antiForgery();
 * export const POST = route(protect((request, session) => Response.json({ user: session.subject })));
 * ```
 */
export function antiForgery(options: FetchAntiForgeryOptions = {}): FetchProtection & Exemptions {
  return createProtection(options);
}

function linesOf({ headers }: SessionError): readonly string[] {
  return [headers["set-cookie"] ?? []].flat();
}
