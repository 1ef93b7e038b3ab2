import type { Contents } from "./changes.ts";
import { internals, Session } from "./session.ts";
import type { SessionConfig } from "./session-config.ts";
import type { StoredState } from "./session-state.ts";

/** The session that a store has loaded. The contents become its own: nobody else may hold them. */
export function restoreSession<Data extends object>(
  config: SessionConfig,
  { id, subject, createdAt, authenticatedAt, antiForgerySecret }: StoredState,
  { data, flash }: Contents,
): Session<Data> {
  const session = new Session<Data>(undefined, {
    id,
    createdAt,
    ...(subject === undefined ? {} : { subject }),
    ...(authenticatedAt === undefined ? {} : { authenticatedAt }),
    ...(antiForgerySecret === undefined ? {} : { antiForgerySecret }),
    config,
  });
  internals.load(session, data, flash);
  return session;
}
