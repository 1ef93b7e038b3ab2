import { endsOf, keepEnd } from "./endings.ts";
import { SessionError } from "./errors.ts";
import { type OnEvent, warnOnce } from "./events.ts";
import { addVary, type SessionRequest, type SessionResponse } from "./exchange.ts";
import { NotingResponse, plainHeaders, put } from "./lines.ts";
import {
  checkBoolean,
  checkFunction,
  checkOptions,
  misconfigured,
  optionNames,
} from "./options.ts";
import { andThen, type Eventually, isThenable, orElse } from "./promises.ts";
import { type SchemaOptions, schemaCheck } from "./schema.ts";
import { internals, Session } from "./session.ts";
import type { CommitAct } from "./session-internals.ts";
import type { SessionStore } from "./store.ts";

/** What a request's way through the session needs beside the store. */
export interface MiddlewareOptions<Data extends object> extends SchemaOptions<Data> {
  /** Whether changes are kept when the answer is 500 or more. Default: `false`. `logout` and `destroy` always take effect. */
  readonly saveOnServerError?: boolean;
  /** Receives what an operator should know. Default: a warning on the console, once a process. */
  readonly onEvent?: OnEvent;
}

export const MIDDLEWARE_OPTIONS: readonly string[] = optionNames<MiddlewareOptions<object>>({
  schema: true,
  onInvalid: true,
  saveOnServerError: true,
  onEvent: true,
});

/**
 * The way of a request through its session, the same in every framework: `load`, the handler, `save`.
 * Both give a promise only where the store does, so that a store that needs no waiting costs none.
 */
export class SessionMiddleware<Data extends object> {
  /** The request headers that the store looks at. */
  readonly vary: readonly string[];
  /** Receives what an operator should know: the option, or its default. */
  readonly onEvent: OnEvent;
  readonly #store: SessionStore<Data>;
  readonly #check: ((session: Session<Data>) => Eventually<Session<Data>>) | undefined;
  readonly #saveOnServerError: boolean;

  constructor(store: SessionStore<Data>, options: MiddlewareOptions<Data> = {}) {
    checkOptions("sessions", options, MIDDLEWARE_OPTIONS);
    const { onEvent = warnOnce, saveOnServerError = false } = options;
    checkFunction("sessions", "onEvent", onEvent);
    checkBoolean("sessions", "saveOnServerError", saveOnServerError);
    this.#store = store;
    this.vary = store.vary ?? ["Cookie"];
    this.onEvent = onEvent;
    this.#check = schemaCheck(options, onEvent);
    this.#saveOnServerError = saveOnServerError;
  }

  /**
   * The session of a request.
   *
   * @throws `ERR_SESSION_STORE` where the store cannot tell: down is not anonymous. `ERR_SESSION_AMBIGUOUS` where a cookie and
   * a header name different sessions. `ERR_SESSION_DATA` where the data does not fit the schema and `onInvalid` is `"throw"`.
   * `ERR_SESSION_CONFIG` where the store gives something else than a `Session`. And what else a store throws as a
   * `SessionError`, or a schema or `onInvalid` throws.
   */
  load(request: SessionRequest): Eventually<Session<Data>> {
    const check = this.#check;
    const loaded = this.#loadUnchecked(request);
    return check === undefined ? loaded : andThen(loaded, check);
  }

  #loadUnchecked(request: SessionRequest): Eventually<Session<Data>> {
    try {
      const loaded = this.#store.load(request);
      return isThenable(loaded) ? this.#admitLater(loaded) : this.#admit(loaded);
    } catch (error) {
      throw storeError(error, "loaded");
    }
  }

  async #admitLater(loading: PromiseLike<Session<Data>>): Promise<Session<Data>> {
    try {
      return this.#admit(await loading);
    } catch (error) {
      throw storeError(error, "loaded");
    }
  }

  #admit(session: Session<Data>): Session<Data> {
    internals.noteStore(checkSession(session), this.#store);
    return session;
  }

  /** Whether a session was loaded from the same store, by whichever middleware. */
  protected isFromStore(session: Session<Data>): boolean {
    return internals.isFrom(session, this.#store);
  }

  /**
   * The session of a request that has no response to save it with, as an upgrade to a WebSocket has none: it can be read,
   * and every change throws `ERR_SESSION_COMMITTED`. Throws as `load` does.
   *
   * @param why The message of that error: why it cannot be changed here, and where it can.
   */
  loadReadOnly(request: SessionRequest, why: string): Eventually<Session<Data>> {
    return andThen(this.load(request), (session) => {
      internals.freeze(session, why);
      return session;
    });
  }

  /**
   * Whether a session that was loaded for this request, and was not new, has not ended since. Throws, or rejects, where
   * the store cannot tell.
   */
  isAlive(request: SessionRequest, session: Session<Data>): Eventually<boolean> {
    if (this.#store.isAlive !== undefined) return this.#store.isAlive(session);
    const { id, subject } = session;
    return andThen(
      this.#store.load(request),
      (now) => !now.isNew && now.id === id && now.subject === subject,
    );
  }

  /** For a request whose session is not to be loaded: whoever uses it is told so by `ERR_SESSION_MISSING`. */
  skipped(): Session<Data> {
    const session = new Session<Data>();
    internals.skip(session);
    return session;
  }

  /** Closes a session that the request did not use, and says so: there is nothing to save and no header to add. */
  closeUnused(session: Session<Data>): boolean {
    if (internals.isAccessed(session)) return false;
    internals.close(session);
    return true;
  }

  /**
   * Saves the session and puts what has to travel on the response. Called once, when the status is known and before the
   * headers leave; from here on every change of the session throws.
   *
   * What it throws has `headers` for the answer that takes the application's place. They take away the token of this session
   * where it ended all the same, and of another one of the same `request` that ended before: so give all of them one object.
   */
  save(
    request: SessionRequest,
    response: SessionResponse,
    session: Session<Data>,
  ): Eventually<void> {
    if (this.closeUnused(session)) return undefined;
    // Not before: asking what is pending counts as using the session.
    if (session.pending !== "end") return this.#saveUsed(request, response, session);
    const noting = new NotingResponse(response);
    return andThen(this.#saveUsed(request, noting, session), () => keepEnd(request, noting.lines));
  }

  #saveUsed(
    request: SessionRequest,
    response: SessionResponse,
    session: Session<Data>,
  ): Eventually<void> {
    addVary(response, this.vary);
    const acts = internals.takeCommitActs(session);
    if ((response.status ?? 200) >= 500 && !this.#saveOnServerError) {
      internals.discard(session);
      if (session.pending !== "end") {
        internals.close(session);
        return runAll(acts, request, response);
      }
    }
    const saved = this.#saveOrFail(request, response, session);
    return acts === undefined ? saved : runAllAfter(saved, acts, request, response);
  }

  #saveOrFail(
    request: SessionRequest,
    response: SessionResponse,
    session: Session<Data>,
  ): Eventually<void> {
    try {
      try {
        internals.check(session);
      } finally {
        internals.close(session);
      }
      const saved = this.#store.save(request, response, session);
      return isThenable(saved) ? this.#orFailLater(request, session, saved) : saved;
    } catch (error) {
      return this.#fail(request, session, error);
    }
  }

  async #orFailLater(
    request: SessionRequest,
    session: Session<Data>,
    saving: PromiseLike<void>,
  ): Promise<void> {
    try {
      await saving;
    } catch (error) {
      await this.#fail(request, session, error);
    }
  }

  /** A session that ended stays ended, also where what came after it could not be saved. */
  #fail(request: SessionRequest, session: Session<Data>, error: unknown): Eventually<never> {
    const failure = storeError(error, "saved");
    this.onEvent({ type: "save-failed", error: failure });
    const response = { headers: new Headers(), status: failure.status };
    addVary(response, this.vary);
    const fail = (): never => {
      for (const line of endsOf(request)) put(response, line);
      failure.headers = { ...failure.headers, ...plainHeaders(response.headers) };
      throw failure;
    };
    if (session.pending !== "end") return fail();
    internals.discard(session);
    // If the end cannot be saved either, the first failure tells of it.
    return andThen(
      orElse(
        () => this.#store.save(request, response, session),
        () => undefined,
      ),
      fail,
    );
  }
}

function runAllAfter(
  saved: Eventually<void>,
  acts: readonly CommitAct[],
  request: SessionRequest,
  response: SessionResponse,
): Eventually<void> {
  return andThen(saved, () => runAll(acts, request, response));
}

function runAll(
  acts: readonly CommitAct[] = [],
  request: SessionRequest,
  response: SessionResponse,
): void {
  for (const act of acts) act.commit(request, response);
}

/** Makes of whatever a store throws an error that says so, and that adapters answer with 503. */
function storeError(cause: unknown, what: "loaded" | "saved"): SessionError {
  if (cause instanceof SessionError) return cause;
  return new SessionError(
    "ERR_SESSION_STORE",
    `The session could not be ${what}: the store failed. Its own error is the cause of this one.`,
    { cause },
  );
}

/** Where a bundler has copied this library, a session of one copy cannot be read by another. */
function checkSession<Data extends object>(session: Session<Data>): Session<Data> {
  if (session instanceof Session) return session;
  throw misconfigured(
    "The store's load() gave something else than a Session of this copy of keepsake. Where bundles have copies of " +
      "their own, as in Next.js, make the store beside sessions(), and share only its database client or its repository.",
  );
}
