import { SessionError } from "./errors.ts";
import type { SessionRequest, SessionResponse } from "./exchange.ts";
import { checkSeconds } from "./options.ts";
import { andThen, type Eventually, orElse } from "./promises.ts";
import type { SessionRepository } from "./repository.ts";
import { beginSession, restoreSession } from "./restore.ts";
import {
  listSessions,
  revokeAllSessions,
  revokeSession,
  type SessionSummary,
} from "./server/administration.ts";
import type { ServerContext } from "./server/context.ts";
import { endRecord } from "./server/ending.ts";
import { isStillAlive } from "./server/liveness.ts";
import { type Loaded, loadedOf, type PresentedToken } from "./server/loaded.ts";
import { type LoadResult, loadSession } from "./server/loading.ts";
import { createServerContext, type ServerSessionStoreOptions } from "./server/options.ts";
import { createSession, type Exchange, updateSession } from "./server/saving.ts";
import { Sweeper } from "./server/sweeper.ts";
import { internals, type Session } from "./session.ts";
import { checkExcept } from "./session-checks.ts";
import type { DefaultData } from "./session-data.ts";
import { gone, isLibrarysOwn, isLogin, takenAlong } from "./session-intent.ts";
import type { SessionStore } from "./store.ts";
import { startOf } from "./timeouts.ts";

/**
 * Keeps sessions on the server: the client holds a handle and a credential, a repository holds the record. Whatever the
 * database, concurrent requests lose no change, an ended session stays ended, a login makes every earlier token
 * worthless, and a repository that fails is never taken for an empty one.
 *
 * @param repository Where the records are.
 * @throws `ERR_SESSION_CONFIG`, `ERR_SESSION_SECRET` for bad options.
 *
 * @example
 * ```ts
 * const store = new ServerSessionStore(new MyRepository(), { renewAfter: 3600 });
 * app.use(sessions(store));
 * await store.revokeAll("ada");
 * ```
 */
export class ServerSessionStore<Data extends object = DefaultData> implements SessionStore<Data> {
  readonly vary: readonly string[];
  readonly cookieNames: readonly string[];
  readonly #context: ServerContext;
  readonly #sweeper: Sweeper;
  /** Sessions of requests that presented what was a token until lately. */
  readonly #late = new WeakSet<Session<Data>>();

  constructor(repository: SessionRepository, options: ServerSessionStoreOptions = {}) {
    const owner = new.target.name || "ServerSessionStore";
    this.#context = createServerContext(owner, repository, options);
    const { sweepInterval = 300 } = options;
    if (sweepInterval !== false) checkSeconds(owner, "sweepInterval", sweepInterval);
    this.#sweeper = new Sweeper(this.#context, sweepInterval);
    this.vary = this.#context.transports.vary;
    this.cookieNames = this.#context.transports.cookieNames;
  }

  load(request: SessionRequest): Eventually<Session<Data>> {
    const { transports, tokens } = this.#context;
    let list: PresentedToken[] = [];
    for (const { token, transport } of transports.candidates(request)) {
      const presented = tokens.read(token, transport.name);
      if (presented === undefined) continue;
      // A list that grows has room for many at once, and nearly every request has one.
      if (list.length === 0) list = [{ presented, transport }];
      else list.push({ presented, transport });
    }
    if (list.length === 0) return this.#stranger();
    try {
      return andThen(loadSession(this.#context, list), (result) => this.#begin(result));
    } catch (error) {
      // As where the repository answers later: who waits for it has one way to fail to look after.
      return Promise.reject(error);
    }
  }

  #begin(loaded: LoadResult): Session<Data> {
    if (typeof loaded === "object") {
      return restoreSession<Data>(this.#context.config, loaded, loaded.contents);
    }
    const stranger = this.#stranger();
    if (loaded === "late") this.#late.add(stranger);
    return stranger;
  }

  #stranger(): Session<Data> {
    return beginSession(this.#context.config);
  }

  save(
    request: SessionRequest,
    response: SessionResponse,
    session: Session<Data>,
  ): Eventually<void> {
    const loaded = loadedOf(this.#context, session);
    const isDue =
      loaded === undefined
        ? !session.isEmpty
        : session.isNew || session.modified || this.#isSomethingDue(loaded);
    if (!isDue) return undefined;
    try {
      const operation = loaded?.operation ?? this.#context.guard.begin();
      const saved = this.#write({ request, response, operation }, session, loaded);
      return andThen(saved, () => this.#sweeper.sweepIfDue());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #write(exchange: Exchange, session: Session<Data>, loaded: Loaded | undefined): Eventually<void> {
    if (loaded === undefined) return this.#create(exchange, session);
    loaded.operation = exchange.operation;
    return session.isNew
      ? this.#end(exchange, session, loaded)
      : this.#update(exchange, session, loaded);
  }

  /** Whether time alone makes a write necessary: a use to note, a token to renew or to hand out. */
  #isSomethingDue({ opened: { record, credentials, standing } }: Loaded): boolean {
    const { config, renewAfter } = this.#context;
    const { current, successor } = credentials;
    const now = config.clock();
    const isRenewalDue =
      successor !== undefined || (current !== undefined && now - current.since >= renewAfter);
    return (
      standing === "successor" ||
      (standing === "current" && isRenewalDue) ||
      config.timeline.touchDue(now, startOf(record), record.expiresAt)
    );
  }

  #create(exchange: Exchange, session: Session<Data>): Eventually<void> {
    if (this.#late.has(session) && !isLogin(session)) throw gone();
    const transport = this.#context.transports.forStranger(exchange.request);
    return createSession(this.#context, exchange, session, transport);
  }

  /** The request ended the session, and may have begun another. */
  #end(exchange: Exchange, session: Session<Data>, loaded: Loaded): Eventually<void> {
    const { operation, request, response } = exchange;
    const { transport, opened } = loaded;
    const ended = loaded.hasEnded || endRecord(this.#context, operation, opened.record, "logout");
    return andThen(ended, (hasEnded) => {
      loaded.hasEnded = hasEnded;
      if (session.isEmpty) {
        if (hasEnded) transport.clear(request, response);
        return undefined;
      }
      // Its token may be that of a newer session by now, and only a login may take the place of that.
      if (!hasEnded && !isLogin(session)) throw gone();
      return createSession(this.#context, exchange, session, transport);
    });
  }

  #update(exchange: Exchange, session: Session<Data>, loaded: Loaded): Eventually<void> {
    const updated = orElse(
      () => updateSession(this.#context, exchange, session, loaded),
      (error) => this.#forgive(error, session, loaded),
    );
    return andThen(updated, (fate) => {
      if (fate === "updated" || isLibrarysOwn(session)) return undefined;
      if (!isLogin(session)) throw gone();
      internals.replaceHandle(session);
      const isSameStranger = fate === "replaced" && loaded.subject === undefined;
      const contents = takenAlong(session, isSameStranger, this.#context.config.codec);
      return createSession(this.#context, exchange, session, loaded.transport, contents);
    });
  }

  /** A session that ends a little early, or a notice that shows twice, is better than no answer. */
  #forgive(error: unknown, session: Session<Data>, { id }: Loaded): "updated" {
    if (!isLibrarysOwn(session) || !(error instanceof SessionError)) throw error;
    this.#context.onEvent({ type: "touch-failed", id, error });
    return "updated";
  }

  /**
   * Whether a session that `load` gave is still the same login: not logged out, not revoked, not regenerated, not timed
   * out. A renewed token is no end. Asking is no use of the session.
   *
   * @throws `ERR_SESSION_STORE`.
   */
  async isAlive(session: Session<Data>): Promise<boolean> {
    const loaded = loadedOf(this.#context, session);
    return loaded !== undefined && isStillAlive(this.#context, loaded);
  }

  /**
   * The sessions of a subject, the most recently used first.
   *
   * @throws `ERR_SESSION_CONFIG` where the repository cannot find sessions by subject, `ERR_SESSION_STORE`.
   */
  list(subject: string): Promise<SessionSummary[]> {
    return listSessions(this.#context, this.#context.guard.begin(), subject);
  }

  /**
   * Ends a session from outside; requests in flight do not bring it back (ASVS 7.4.2).
   *
   * @param id Its handle, from `list` or `session.id`.
   * @param options `subject`: only if it is this user's, for a handle that a client sent. `undefined` is nobody, whose it
   * never is.
   * @returns Whether it was alive, and this user's.
   * @throws `ERR_SESSION_STORE`.
   */
  async revoke(
    id: string,
    options: { readonly subject?: string | undefined } = {},
  ): Promise<boolean> {
    const { subject } = options;
    // `session.subject` of a stranger must not end everybody's sessions.
    if ("subject" in options && typeof subject !== "string") return false;
    return revokeSession(this.#context, this.#context.guard.begin(), id, subject);
  }

  /**
   * Ends all sessions of a subject: after a change of password, or "sign out everywhere" (ASVS 7.4.3).
   *
   * @param options `except`: the handle of one to keep, such as `session.id`.
   * @returns How many it ended.
   * @throws `ERR_SESSION_CONFIG` where the repository cannot find sessions by subject, `ERR_SESSION_VALUE` for an `except`
   * that is no text, `ERR_SESSION_STORE`.
   */
  async revokeAll(subject: string, { except }: { readonly except?: string } = {}): Promise<number> {
    checkExcept(except);
    return revokeAllSessions(this.#context, () => this.#context.guard.begin(), subject, except);
  }

  /**
   * Removes all expired records now. Saves do it too, now and then; where the database does it, there is nothing to do.
   *
   * @returns How many it removed.
   * @throws `ERR_SESSION_STORE`.
   */
  sweep(): Promise<number> {
    return this.#sweeper.sweep();
  }
}
