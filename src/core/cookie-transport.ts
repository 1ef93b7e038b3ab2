import { stringifySetCookie } from "cookie";
import { forbidCaching } from "./caching.ts";
import { type Clock, systemClock } from "./clock.ts";
import { chunkNames, longestToken, readTokens, toChunks } from "./cookie-chunks.ts";
import { readCookies } from "./cookie-header.ts";
import { type Cookie, type CookieOptions, checkCookie } from "./cookie-options.ts";
import { type OnEvent, warnOnce } from "./events.ts";
import type { SessionRequest, SessionResponse } from "./exchange.ts";
import { checkFunction, checkOptions, LONGEST_SECONDS } from "./options.ts";
import { type SessionTransport, transportBy } from "./transport.ts";

/** What `cookieTransport` takes beside the cookie. */
export interface CookieTransportOptions {
  /** Receives what an operator should know. Default: that of the store. */
  readonly onEvent?: OnEvent;
  /** The time, for the age of persistent cookies. Default: that of the store. */
  readonly clock?: Clock;
}

interface Age {
  readonly maxAge: number;
  readonly expires: Date;
}

const OWNER = "cookieTransport";

const FORGOTTEN: Age = { maxAge: 0, expires: new Date(0) };

/**
 * Carries tokens in a cookie. Without options it is `__Host-session` with Secure, HttpOnly, SameSite=Lax and Path=/.
 *
 * @throws `ERR_SESSION_CONFIG` for attributes that browsers would refuse, and for options that do not exist.
 */
export function cookieTransport(
  options: CookieOptions = {},
  more: CookieTransportOptions = {},
): SessionTransport {
  checkOptions(OWNER, more, ["onEvent", "clock"]);
  checkFunction(OWNER, "onEvent", more.onEvent);
  checkFunction(OWNER, "clock", more.clock);
  const cookie = checkCookie(options);
  return transportBy((passedOn) => {
    const { onEvent = passedOn.onEvent ?? warnOnce, clock = passedOn.clock ?? systemClock } = more;
    return makeTransport(cookie, onEvent, plainHttpWarning(onEvent), clock);
  });
}

function makeTransport(
  cookie: Cookie,
  onEvent: OnEvent,
  warnOfPlainHttp: (request: SessionRequest) => void,
  clock: Clock,
): SessionTransport {
  const { wireName, persistent, chunks } = cookie;
  const names = [wireName, ...chunkNames(wireName)];
  const attributes = {
    path: cookie.path,
    secure: cookie.secure,
    httpOnly: cookie.httpOnly,
    sameSite: cookie.sameSite,
    partitioned: cookie.partitioned,
    ...(cookie.domain === undefined ? {} : { domain: cookie.domain }),
  };

  const lineOf = (name: string, value: string, age: Age | undefined): string =>
    // Tokens are made of characters that a cookie may have, so there is nothing to encode.
    stringifySetCookie({ ...attributes, name, value, ...age }, { encode: String });

  /** The values go to as many of the names, in their order. Of the other names, the client forgets what it has sent. */
  const send = (
    { headers }: SessionRequest,
    response: SessionResponse,
    values: readonly string[],
    age: Age | undefined,
  ) => {
    const sent = headers.get("cookie");
    removeSetCookie(response, names);
    for (const [index, name] of names.entries()) {
      const value = values[index];
      if (value !== undefined) {
        response.headers.append("set-cookie", lineOf(name, value, age));
      } else if (readCookies(sent, name, 1).length > 0) {
        response.headers.append("set-cookie", lineOf(name, "", FORGOTTEN));
      }
    }
    forbidCaching(response, onEvent);
  };

  return {
    name: wireName,
    vary: ["Cookie"],
    maxLength: longestToken(wireName, chunks),
    read: (request) => readTokens(request.headers.get("cookie"), wireName, chunks),
    write(request, response, token, expiresAt) {
      if (cookie.secure) warnOfPlainHttp(request);
      const age = persistent && expiresAt !== undefined ? ageUntil(expiresAt, clock()) : undefined;
      send(request, response, toChunks(token, wireName, chunks), age);
    },
    clear: (request, response) => send(request, response, [""], FORGOTTEN),
    companion: (suffix) =>
      makeTransport(
        { ...cookie, wireName: `${wireName}-${suffix}`, chunks: 1 },
        onEvent,
        warnOfPlainHttp,
        clock,
      ),
  };
}

function ageUntil(expiresAt: number, now: number): Age {
  const left = Math.floor((expiresAt - now) / 1000);
  return { maxAge: Math.min(Math.max(left, 0), LONGEST_SECONDS), expires: new Date(expiresAt) };
}

/** One line a name (RFC 6265bis 4.1.1): ours replaces what was there, and leaves the application's cookies alone. */
function removeSetCookie({ headers }: SessionResponse, names: readonly string[]): void {
  const lines = headers.getSetCookie();
  if (lines.length === 0) return;
  const others = lines.filter((line) => !names.some((name) => line.startsWith(`${name}=`)));
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
  let harmless: string | undefined;
  return (request) => {
    if (told) return;
    const { headers } = request;
    // First, because behind a proxy it is enough, and where the URL is not kept as text it costs less to look at.
    if (headers.get("x-forwarded-proto")?.includes("https")) return;
    const { url } = request;
    if (url === undefined || !url.startsWith("http:")) return;
    if (harmless !== undefined && url.startsWith(harmless)) return;
    if (headers.get("forwarded")?.includes("proto=https")) return;
    // Last, because parsing costs the most.
    if (!URL.canParse(url)) return;
    const { hostname, host, origin } = new URL(url);
    if (isLoopback(hostname)) {
      harmless = `${origin}/`;
      return;
    }
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
