import type { SessionRequest, SessionResponse } from "./exchange.ts";
import type { Session } from "./session.ts";
import type { DefaultData } from "./session-data.ts";

/**
 * Loads the session of a request and saves it with the response: the outermost plug, and all that an adapter knows.
 *
 * `load` answers every request, with a new `Session` where the request has none that is known and still good: an
 * unknown, expired or forged token is a stranger's, not an error. It throws only where it cannot tell.
 *
 * `save` is called once, before the response's headers leave, if the request used the session at all; not after an
 * answer of 500 or more, unless the session has ended. It writes if `session.modified`, obeys `session.pending`, and
 * throws where it could not write.
 */
export interface SessionStore<Data extends object = DefaultData> {
  /** The request headers that `load` looks at, for `Vary`. Default: `["Cookie"]`. */
  readonly vary?: readonly string[];
  /**
   * The cookies, prefix included, without any of which a request has no session: `[]` for a store that reads none. So that
   * anti-forgery knows whether a browser may have sent a session by itself. Default: unknown, so any cookie may be one.
   */
  readonly cookieNames?: readonly string[];
  load(request: SessionRequest): Session<Data> | Promise<Session<Data>>;
  save(
    request: SessionRequest,
    response: SessionResponse,
    session: Session<Data>,
  ): void | Promise<void>;
  /**
   * Whether a session that `load` gave, and that was not new, is still the same login and has not ended since: asked now
   * and then for what stays open longer than a request, such as a WebSocket. It throws where it cannot tell. Without this
   * method the request is loaded again, and the handle and the subject compared.
   */
  isAlive?(session: Session<Data>): boolean | Promise<boolean>;
}

export function isStore<Data extends object>(value: unknown): value is SessionStore<Data> {
  return (
    typeof value === "object" &&
    value !== null &&
    "load" in value &&
    typeof value.load === "function" &&
    "save" in value &&
    typeof value.save === "function"
  );
}
