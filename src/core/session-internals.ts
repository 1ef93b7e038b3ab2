import type { Contents } from "./changes.ts";
import type { SessionRequest, SessionResponse } from "./exchange.ts";
import type { Session } from "./session.ts";
import type { SessionConfig } from "./session-config.ts";
import type { StoredState } from "./session-state.ts";
import type { SessionStore } from "./store.ts";

/** What is to be done to a response when the session has been saved. */
export interface CommitAct {
  /** Must not change the session. */
  commit(request: SessionRequest, response: SessionResponse): void;
}

/** What gives the forms of a page their anti-forgery tokens. */
export interface TokenSource {
  /** What their hidden input is called. */
  readonly fieldName: string;
  /** A new token. */
  create(): string;
}

/** What the core does with a session and an application cannot. */
export interface SessionInternals {
  /** Whether the request used the session at all. */
  isAccessed<Data extends object>(session: Session<Data>): boolean;
  /** Marks the session as used by the request. Throws `ERR_SESSION_MISSING` where it was skipped. */
  use<Data extends object>(session: Session<Data>): void;
  /** Whether the request's token opened a stored session, whatever became of that since. Marks nothing, never throws. */
  isLoaded<Data extends object>(session: Session<Data>): boolean;
  /** Not a copy. */
  contents<Data extends object>(session: Session<Data>): Contents;
  state<Data extends object>(session: Session<Data>): StoredState;
  /**
   * The secret that the visitor's next request will find in the session, as far as can be told now: the stored one, or
   * the fresh one of a login, a regeneration or a new session. `undefined` where there will be no session, or one
   * without. Marks nothing, never throws.
   */
  antiForgerySecret<Data extends object>(session: Session<Data>): string | undefined;
  /** The secret that came with the request, whatever became of the session since. Marks nothing, never throws. */
  storedAntiForgerySecret<Data extends object>(session: Session<Data>): string | undefined;
  /** What gives the session's forms their tokens, if anything does. Marks nothing, never throws. */
  tokenSource<Data extends object>(session: Session<Data>): TokenSource | undefined;
  /** Notes what is to give the session's forms their tokens, in the place of what did before. Marks nothing, never throws. */
  setTokenSource<Data extends object>(session: Session<Data>, source: TokenSource): void;
  /** The cookies without which a request has no session; `undefined` where the store does not say. Never throws. */
  cookieNames<Data extends object>(session: Session<Data>): readonly string[] | undefined;
  /** Notes which store has loaded the session: for `isFrom`, and for what `cookieNames` gives. */
  noteStore<Data extends object>(session: Session<Data>, store: SessionStore<Data>): void;
  /** Whether this store has loaded the session, whoever asked it. Never throws. */
  isFrom<Data extends object>(session: Session<Data>, store: SessionStore<Data>): boolean;
  /**
   * Has something done to the response when the session has been saved, or need not be after an answer of 500 or more;
   * never where the save fails, or the request does not use the session. Marks nothing. Throws as a change does where it
   * is too late, but not after `destroy()`.
   */
  onCommit<Data extends object>(session: Session<Data>, act: CommitAct): void;
  /** Whether `onCommit` can still be called. Marks nothing, never throws. */
  isOpen<Data extends object>(session: Session<Data>): boolean;
  /** What `onCommit` was given, once. */
  takeCommitActs<Data extends object>(session: Session<Data>): readonly CommitAct[] | undefined;
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
  /**
   * Makes a new session the one that a store has loaded, without copying what that holds; not a change. Of `origin` only
   * what is needed is asked for.
   */
  restore<Data extends object>(
    session: Session<Data>,
    config: SessionConfig,
    origin: StoredState,
    contents: Contents,
  ): void;
  /** Makes a new session one of a store. */
  begin<Data extends object>(session: Session<Data>, config: SessionConfig): void;
  /** The very object that the session was restored from, by which a store finds what it knows of it. */
  origin<Data extends object>(session: Session<Data>): StoredState | undefined;
  /** Takes over what a schema made of the data. Throws `ERR_SESSION_VALUE` for what cannot be stored. */
  convert<Data extends object>(session: Session<Data>, data: object): void;
  /** For a store that finds the handle taken. */
  replaceHandle<Data extends object>(session: Session<Data>): void;
}
