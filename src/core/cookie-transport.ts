import { stringifySetCookie } from "cookie";
import { forbidCaching } from "./caching.ts";
import { type Clock, systemClock } from "./clock.ts";
import { readCookies } from "./cookie-header.ts";
import { type Cookie, type CookieOptions, checkCookie } from "./cookie-options.ts";
import { type OnEvent, warnOnce } from "./events.ts";
import type { SessionRequest, SessionResponse } from "./exchange.ts";
import { checkFunction, LONGEST_SECONDS } from "./options.ts";
import type { SessionTransport } from "./transport.ts";

/** Name and value together, in octets: browsers ignore a longer cookie (RFC 6265bis 5.6). */
const LONGEST_COOKIE = 4096;

export interface TransportOptions {
  /** Receives what an operator should know. Default: a warning on the console, once a process. */
  readonly onEvent?: OnEvent;
  /** The time, for the age of persistent cookies. Default: the system's clock. */
  readonly clock?: Clock;
}

/**
 * Carries tokens in a cookie. Without options it is `__Host-session` with Secure, HttpOnly, SameSite=Lax and Path=/.
 *
 * @throws `ERR_SESSION_CONFIG` for attributes that browsers would refuse.
 */
export function cookieTransport(
  options: CookieOptions = {},
  { onEvent = warnOnce, clock = systemClock }: TransportOptions = {},
): SessionTransport {
  checkFunction("cookieTransport", "onEvent", onEvent);
  checkFunction("cookieTransport", "clock", clock);
  return transportFor(checkCookie(options), onEvent, plainHttpWarning(onEvent), clock);
}

function transportFor(
  cookie: Cookie,
  onEvent: OnEvent,
  warnOfPlainHttp: (request: SessionRequest) => void,
  clock: Clock,
): SessionTransport {
  const { wireName, persistent } = cookie;
  const attributes = {
    name: wireName,
    path: cookie.path,
    secure: cookie.secure,
    httpOnly: cookie.httpOnly,
    sameSite: cookie.sameSite,
    partitioned: cookie.partitioned,
    ...(cookie.domain === undefined ? {} : { domain: cookie.domain }),
  };

  const send = (
    response: SessionResponse,
    value: string,
    age: { maxAge: number; expires: Date } | undefined,
  ) => {
    removeSetCookie(response, wireName);
    // Tokens are made of characters that a cookie may have, so there is nothing to encode.
    const line = stringifySetCookie({ ...attributes, value, ...age }, { encode: String });
    response.headers.append("set-cookie", line);
    forbidCaching(response, onEvent);
  };

  return {
    name: wireName,
    vary: ["Cookie"],
    maxLength: LONGEST_COOKIE - wireName.length,
    read: (request) => readCookies(request.headers.get("cookie"), wireName),
    write(request, response, token, expiresAt) {
      if (cookie.secure) warnOfPlainHttp(request);
      const left = expiresAt === undefined ? 0 : Math.floor((expiresAt - clock()) / 1000);
      const age =
        persistent && expiresAt !== undefined
          ? { maxAge: Math.min(Math.max(left, 0), LONGEST_SECONDS), expires: new Date(expiresAt) }
          : undefined;
      send(response, token, age);
    },
    clear: (_, response) => send(response, "", { maxAge: 0, expires: new Date(0) }),
    companion: (suffix) =>
      transportFor(
        { ...cookie, wireName: `${wireName}-${suffix}` },
        onEvent,
        warnOfPlainHttp,
        clock,
      ),
  };
}

/** One line a name (RFC 6265bis 4.1.1): ours replaces what was there, and leaves the application's cookies alone. */
function removeSetCookie({ headers }: SessionResponse, name: string): void {
  const lines = headers.getSetCookie();
  const others = lines.filter((line) => !line.startsWith(`${name}=`));
  if (others.length === lines.length) return;
  headers.delete("set-cookie");
  for (const line of others) headers.append("set-cookie", line);
}

/**
 * Tells once that a Secure cookie goes out over plain http. The request decides nothing: a header that a client made
 * up can only silence the warning.
 */
function plainHttpWarning(onEvent: OnEvent): (request: SessionRequest) => void {
  let told = false;
  return ({ url, headers }) => {
    if (told || url === undefined || !url.startsWith("http:") || !URL.canParse(url)) return;
    if (headers.get("x-forwarded-proto")?.includes("https")) return;
    if (headers.get("forwarded")?.includes("proto=https")) return;
    const { hostname, host } = new URL(url);
    if (isLoopback(hostname)) return;
    told = true;
    onEvent({ type: "insecure-transport", host });
  };
}

/** Browsers keep Secure cookies from these over plain http too. */
function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    hostname.startsWith("127.")
  );
}
