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

/** At most so many tokens of one name are looked at in a request. */
export const MOST_CANDIDATES = 4;
