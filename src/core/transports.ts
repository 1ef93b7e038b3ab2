import type { CookieOptions } from "./cookie-options.ts";
import { cookieTransport } from "./cookie-transport.ts";
import { SessionError } from "./errors.ts";
import type { SessionRequest } from "./exchange.ts";
import { misconfigured, type OptionNames } from "./options.ts";
import { type PassedOn, type SessionTransport, transportFor } from "./transport.ts";

/** How a store's tokens travel: one of the two options, or neither for the default cookie. */
export interface TransportOptions {
  /** The cookie's name and attributes. Default: `__Host-session`, Secure, HttpOnly, SameSite=Lax, Path=/. */
  readonly cookie?: CookieOptions;
  /**
   * Another transport instead of the cookie, or a list, such as `[cookieTransport(), headerTransport()]`, for browsers
   * and other clients of one server. A request that carries different sessions in two of them is answered with 400.
   */
  readonly transport?: SessionTransport | readonly SessionTransport[];
}

export const TRANSPORT_OPTIONS: OptionNames<TransportOptions> = {
  cookie: true,
  transport: true,
};

/** A token that a request carries, and how. */
export interface Candidate {
  readonly token: string;
  readonly transport: SessionTransport;
}

/** The transports of one store. */
export interface Transports {
  readonly list: readonly SessionTransport[];
  readonly vary: readonly string[];
  /** Of those that are cookies. */
  readonly cookieNames: readonly string[];
  /** What the request carries, a few of each transport at most. */
  candidates(request: SessionRequest): readonly Candidate[];
  /**
   * The session to use, of those that the candidates opened. Throws `ERR_SESSION_AMBIGUOUS` where two transports name
   * different ones.
   */
  choose<Found extends { readonly id: string; readonly transport: SessionTransport }>(
    found: readonly Found[],
    onDuplicate: () => void,
  ): Found | undefined;
  /** Where a new session's token goes: to the transport whose header the request has, otherwise to the first. */
  forStranger(request: SessionRequest): SessionTransport;
}

export function createTransports(
  owner: string,
  { cookie, transport }: TransportOptions,
  passedOn: PassedOn,
): Transports {
  if (cookie !== undefined && transport !== undefined) {
    throw misconfigured(
      `${owner}: cookie and transport are two ways of saying one thing. Write transport: cookieTransport({ … }).`,
    );
  }
  const list = [transport ?? cookieTransport(cookie)]
    .flat()
    .map((each) => transportFor(each, passedOn));
  const [first] = list;
  if (first === undefined || list.some((each) => typeof each?.read !== "function")) {
    throw misconfigured(
      `${owner}: transport must be cookieTransport(…), headerTransport(…) or a list of them.`,
    );
  }
  if (new Set(list.map(({ name }) => name)).size < list.length) {
    throw misconfigured(`${owner}: two transports have the name ${first.name}. Give each its own.`);
  }

  return {
    list,
    vary: [...new Set(list.flatMap(({ vary }) => vary))],
    cookieNames: list.filter(isCookie).map(({ name }) => name),
    // Nearly every store has one transport, and a list that grows has room for many.
    candidates: (request) =>
      list.length === 1
        ? carriedBy(first, request)
        : list.flatMap((each) => carriedBy(each, request)),
    choose(found, onDuplicate) {
      if (found.length < 2) return found[0];
      const [one, ...others] = list.flatMap(
        (each) =>
          only(
            found.filter(({ transport }) => transport === each),
            onDuplicate,
          ) ?? [],
      );
      if (one !== undefined && others.some(({ id }) => id !== one.id)) {
        throw new SessionError(
          "ERR_SESSION_AMBIGUOUS",
          "The request names two different sessions, one in a cookie and one in a header. Send one of them.",
        );
      }
      return one;
    },
    forStranger: (request) =>
      list.find(({ vary }) =>
        vary.some((name) => name !== "Cookie" && request.headers.get(name) !== null),
      ) ?? first,
  };
}

function carriedBy(transport: SessionTransport, request: SessionRequest): readonly Candidate[] {
  return transport.read(request).map((token) => ({ token, transport }));
}

function isCookie({ vary }: SessionTransport): boolean {
  return vary.some((name) => name.toLowerCase() === "cookie");
}

/** A neighbour may plant a cookie of the same name (RFC 6265bis 8.6): which is ours cannot be told, so neither counts. */
function only<Found>(found: readonly Found[], onDuplicate: () => void): Found | undefined {
  if (found.length > 1) {
    onDuplicate();
    return undefined;
  }
  return found[0];
}
