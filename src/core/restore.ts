import type { Contents } from "./changes.ts";
import { internals, Session } from "./session.ts";
import type { SessionConfig } from "./session-config.ts";
import type { StoredState } from "./session-state.ts";

/**
 * The session that a store has loaded. The contents become its own: nobody else may hold them. The state is only read,
 * each part when it is needed: a store may make its parts as late.
 */
export function restoreSession<Data extends object>(
  config: SessionConfig,
  state: StoredState,
  contents: Contents,
): Session<Data> {
  const session = new Session<Data>();
  internals.restore(session, config, state, contents);
  return session;
}

/** The session of a request that has none. */
export function beginSession<Data extends object>(config: SessionConfig): Session<Data> {
  const session = new Session<Data>();
  internals.begin(session, config);
  return session;
}
