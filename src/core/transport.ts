import type { Clock } from "./clock.ts";
import type { OnEvent } from "./events.ts";
import type { SessionRequest, SessionResponse } from "./exchange.ts";

/** How a token travels between client and server. */
export interface SessionTransport {
  /** The name it travels under: a cookie's, prefix included, or a header's. Tokens are sealed to it. */
  readonly name: string;
  /** The request headers that `read` looks at, for `Vary`. */
  readonly vary: readonly string[];
  /** The longest token that clients will keep and send back, in characters. */
  readonly maxLength: number;
  /** The tokens that the request carries under the name: none, one, or a few that a client should not have sent. */
  read(request: SessionRequest): readonly string[];
  /** @param expiresAt When the session ends at the latest, in milliseconds since the epoch. */
  write(
    request: SessionRequest,
    response: SessionResponse,
    token: string,
    expiresAt?: number,
  ): void;
  /** Makes the client forget the token. */
  clear(request: SessionRequest, response: SessionResponse): void;
  /** A transport of the same kind for a second, small token that travels beside the first. */
  companion(suffix: string): SessionTransport;
}

/** What a store passes on to its transports: it counts where they were given none of their own. */
export interface PassedOn {
  readonly onEvent?: OnEvent;
  readonly clock?: Clock;
}

/**
 * How to make a transport once more for a store. Beside the transports and not in them, so that one which an application
 * has put together of another's parts is not taken for that one.
 */
const makers = new WeakMap<SessionTransport, (passedOn: PassedOn) => SessionTransport>();

/** A transport that each store makes anew, with what the store passes on. */
export function transportBy(make: (passedOn: PassedOn) => SessionTransport): SessionTransport {
  const transport = make({});
  makers.set(transport, make);
  return transport;
}

/** The transport as a store uses it. An application's own is used as it is. */
export function transportFor(transport: SessionTransport, passedOn: PassedOn): SessionTransport {
  return makers.get(transport)?.(passedOn) ?? transport;
}

/** At most so many tokens of one name are looked at in a request. */
export const MOST_CANDIDATES = 4;
