import { forbidCaching } from "./caching.ts";
import { type OnEvent, warnOnce } from "./events.ts";
import { addVary, type SessionResponse } from "./exchange.ts";
import { checkBoolean, checkFunction, checkOptions, describe, misconfigured } from "./options.ts";
import { type SessionTransport, transportBy } from "./transport.ts";

/** What `headerTransport` takes beside the name. */
export interface HeaderTransportOptions {
  /** Whether scripts of other origins may read the header, where CORS admits them at all. Default: `false`. */
  readonly expose?: boolean;
  /** Receives what an operator should know. Default: that of the store. */
  readonly onEvent?: OnEvent;
}

/** One token and nothing else: a header that was sent twice is joined with a comma, which is no part of a token. */
const TOKEN = /^[A-Za-z0-9._~+/=-]+$/;
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Servers commonly refuse header fields of more than 8 KiB. */
const LONGEST = 8000;

const RESERVED = [
  "cookie",
  "set-cookie",
  "host",
  "origin",
  "referer",
  "content-length",
  "content-type",
  "vary",
  "cache-control",
  "access-control-expose-headers",
];

/**
 * Carries tokens in a header of the request and one of the same name in the response, for clients that are no browsers.
 * The end of a session is an empty value.
 *
 * @param name Default: `"X-Session-ID"`.
 * @throws `ERR_SESSION_CONFIG` for a name that cannot be used.
 */
export function headerTransport(
  name = "X-Session-ID",
  options: HeaderTransportOptions = {},
): SessionTransport {
  const owner = "headerTransport";
  if (
    typeof name !== "string" ||
    !HEADER_NAME.test(name) ||
    RESERVED.includes(name.toLowerCase())
  ) {
    throw misconfigured(
      `${owner}: ${describe(name)} cannot be the name of the header. Use one such as "X-Session-ID".`,
    );
  }
  checkOptions(owner, options, ["expose", "onEvent"]);
  const { expose = false } = options;
  checkBoolean(owner, "expose", expose);
  checkFunction(owner, "onEvent", options.onEvent);
  return transportBy((passedOn) =>
    makeTransport(name, expose, options.onEvent ?? passedOn.onEvent ?? warnOnce),
  );
}

function makeTransport(name: string, expose: boolean, onEvent: OnEvent): SessionTransport {
  const send = (response: SessionResponse, value: string) => {
    const { headers, status = 200 } = response;
    headers.set(name, value);
    forbidCaching(response, onEvent);
    addVary(response, [name]);
    if (expose) headers.append("access-control-expose-headers", name);
    if (status >= 300 && status < 400 && status !== 304)
      onEvent({ type: "token-on-redirect", status });
  };

  return {
    name: name.toLowerCase(),
    vary: [name],
    maxLength: LONGEST,
    read(request) {
      const value = request.headers.get(name);
      return value !== null && value.length <= LONGEST && TOKEN.test(value) ? [value] : [];
    },
    write: (_, response, token) => send(response, token),
    clear: (_, response) => send(response, ""),
    companion: (suffix) => makeTransport(`${name}-${suffix}`, expose, onEvent),
  };
}
