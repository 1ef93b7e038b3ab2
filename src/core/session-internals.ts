import type { Contents } from "./changes.ts";
import type { Values } from "./json.ts";
import type { Session } from "./session.ts";
import type { StoredState } from "./session-state.ts";

/** What the core does with a session and an application cannot. */
export interface SessionInternals {
  /** Whether the request used the session at all. */
  isAccessed<Data extends object>(session: Session<Data>): boolean;
  /** Not a copy. */
  contents<Data extends object>(session: Session<Data>): Contents;
  state<Data extends object>(session: Session<Data>): StoredState;
  /** Throws `ERR_SESSION_VALUE` where something was put into the data in place that cannot be stored. */
  check<Data extends object>(session: Session<Data>): void;
  /** From here on every change throws. */
  close<Data extends object>(session: Session<Data>): void;
  /** From here on it can only be read, because there is no response to save it with. `why` is the error's message. */
  freeze<Data extends object>(session: Session<Data>, why: string): void;
  /** Whoever uses it finds out that it was not loaded. */
  skip<Data extends object>(session: Session<Data>): void;
  /** Forgets all changes but the end of the session. */
  discard<Data extends object>(session: Session<Data>): void;
  /** Takes over what a store loaded, without copying it; not a change. */
  load<Data extends object>(session: Session<Data>, data: Values, flash: Values): void;
  /** Takes over what a schema made of the data. Throws `ERR_SESSION_VALUE` for what cannot be stored. */
  convert<Data extends object>(session: Session<Data>, data: object): void;
  /** For a store that finds the handle taken. */
  replaceHandle<Data extends object>(session: Session<Data>): void;
}
