import { warnOnce } from "../core/events.ts";
import type { SessionRequest, SessionResponse } from "../core/exchange.ts";
import { isHandle } from "../core/handle.ts";
import { checkFunction, checkOptions, misconfigured } from "../core/options.ts";
import { andThen, type Eventually } from "../core/promises.ts";
import { beginSession, restoreSession } from "../core/restore.ts";
import type { EndedAt } from "../core/revocation.ts";
import { cannot, type RevocationAnswers } from "../core/revocation-answers.ts";
import type { Sealer } from "../core/sealer.ts";
import { combineSealers } from "../core/sealer-list.ts";
import { checkSecrets } from "../core/secrets.ts";
import type { Session } from "../core/session.ts";
import { checkExcept, isSubject } from "../core/session-checks.ts";
import { createSessionConfig, type SessionConfig } from "../core/session-config.ts";
import type { DefaultData } from "../core/session-data.ts";
import { gone, isLogin, isOver } from "../core/session-intent.ts";
import type { SessionStore } from "../core/store.ts";
import { REMEMBERED } from "../core/timeouts.ts";
import type { SessionTransport } from "../core/transport.ts";
import { createTransports } from "../core/transports.ts";
import { xchachaSealer } from "../core/xchacha-sealer.ts";
import { createAnswers, revokeNewest, saveUnlessEnded } from "./_cookie-ending.ts";
import {
  CLOCK_SKEW,
  type CookieContext,
  type Loaded,
  loadedOf,
  openSession,
  revocableOf,
  SEEN,
} from "./_cookie-opening.ts";
import { COOKIE_STORE_OPTIONS, type CookieSessionStoreOptions } from "./_cookie-options.ts";
import { forgetSession, noteUse, sealSession, sendSession } from "./_cookie-sealing.ts";
import { checkChunks } from "./_cookie-too-large.ts";

export type { CookieSessionStoreOptions };

const OWNER = "CookieSessionStore";

/** Beyond that the oldest are forgotten: they are needed while a request is served. */
const MOST_HEIRS = 1000;

/**
 * Keeps the whole session in the client, sealed in a token: no database, nothing to sweep, and at most 4 KB.
 *
 * **It has no memory** unless it is given a `revocation`. Without one a copy of a cookie works until its timeouts end,
 * also after the visitor has logged out: logging out deletes the cookie in the browser and nothing else. Of two requests
 * that change one session at the same time, the later response wins.
 *
 * Without a `revocation`, and with one that answers at once, `load` gives no promise.
 *
 * @throws `ERR_SESSION_SECRET` for a missing or weak secret, `ERR_SESSION_CONFIG` for other bad options.
 *
 * @example
 * ```ts
 * app.use(sessions(new CookieSessionStore({ secret, idleTimeout: 3600 })));
 * ```
 */
export class CookieSessionStore<Data extends object = DefaultData> implements SessionStore<Data> {
  readonly vary: readonly string[];
  readonly cookieNames: readonly string[];
  readonly #context: CookieContext;
  readonly #answers: RevocationAnswers | undefined;
  /** Sessions of requests that presented a token of a session that has ended lately. */
  readonly #late = new WeakSet<Session<Data>>();
  readonly #companions = new WeakMap<SessionTransport, SessionTransport>();
  /** Handles that sessions are just getting, with those they were loaded under. */
  readonly #heirs = new Map<string, string>();

  constructor(options: CookieSessionStoreOptions) {
    checkOptions(OWNER, options, COOKIE_STORE_OPTIONS);
    const { onEvent = warnOnce } = options;
    checkFunction(OWNER, "onEvent", onEvent);
    const plain = createSessionConfig(OWNER, options);
    const config = { ...plain, newHandle: (before?: string) => this.#newHandle(plain, before) };
    const transports = createTransports(OWNER, options, { onEvent, clock: config.clock });
    this.#context = {
      owner: OWNER,
      config,
      sealer: sealerOf(options, config),
      transports,
      onEvent,
      companionOf: (transport) => this.#companionOf(transport),
    };
    checkChunks(OWNER, this.#context.sealer, transports);
    this.#answers = createAnswers(OWNER, options, config);
    this.cookieNames = transports.cookieNames;
    const companions = transports.list.map((transport) => this.#companionOf(transport));
    this.vary = [...new Set([...transports.vary, ...companions.flatMap(({ vary }) => vary)])];
  }

  #companionOf(transport: SessionTransport): SessionTransport {
    const known = this.#companions.get(transport);
    if (known !== undefined) return known;
    const companion = transport.companion(SEEN);
    this.#companions.set(transport, companion);
    return companion;
  }

  load(request: SessionRequest): Eventually<Session<Data>> {
    const loaded = openSession(this.#context, request);
    if (loaded === undefined) return this.#stranger();
    if (this.#answers === undefined) return this.#restored(loaded);
    const answer = this.#answers.ask(revocableOf(this.#context.config, loaded));
    return andThen(answer, (endedAt) => this.#unlessEnded(loaded, endedAt));
  }

  #unlessEnded(loaded: Loaded, endedAt: EndedAt): Session<Data> {
    const { config, onEvent } = this.#context;
    if (endedAt === undefined) return this.#restored(loaded);
    onEvent({ type: "token-refused", id: loaded.id, reason: "retired" });
    const stranger = this.#stranger();
    if (Math.abs(config.clock() - endedAt) < REMEMBERED) this.#late.add(stranger);
    return stranger;
  }

  #restored(loaded: Loaded): Session<Data> {
    return restoreSession(this.#context.config, loaded, loaded.contents);
  }

  #stranger(): Session<Data> {
    return beginSession(this.#context.config);
  }

  #newHandle({ newHandle }: SessionConfig, before: string | undefined): string {
    const id = newHandle();
    if (before === undefined || this.#answers === undefined) return id;
    this.#heirs.set(id, before);
    const [oldest] = this.#heirs.keys();
    if (this.#heirs.size > MOST_HEIRS && oldest !== undefined) this.#heirs.delete(oldest);
    return id;
  }

  save(
    request: SessionRequest,
    response: SessionResponse,
    session: Session<Data>,
  ): Eventually<void> {
    const context = this.#context;
    const exchange = { request, response };
    const loaded = loadedOf(context, session);
    if (!session.modified) {
      if (loaded !== undefined && !this.#isKnownToHaveEnded(loaded)) {
        noteUse(context, exchange, loaded);
      }
    } else if (this.#answers !== undefined && loaded !== undefined) {
      return saveUnlessEnded(context, this.#answers, exchange, session, loaded);
    } else if (isOver(session)) {
      if (loaded !== undefined) forgetSession(context, exchange, loaded);
    } else {
      if (this.#late.has(session) && !isLogin(session)) throw gone();
      const transport = loaded?.transport ?? context.transports.forStranger(request);
      const sealed = sealSession(context, session, transport, loaded);
      sendSession(context, exchange, sealed, loaded);
    }
  }

  #isKnownToHaveEnded(loaded: Loaded): boolean {
    return this.#answers?.known(revocableOf(this.#context.config, loaded)) !== undefined;
  }

  /**
   * Whether a session that `load` gave can still be alive: its timeouts are not over, as far as its token showed then,
   * and the revocation, if there is one, does not know better.
   *
   * @throws `ERR_SESSION_STORE`.
   */
  isAlive(session: Session<Data>): Eventually<boolean> {
    const loaded = loadedOf(this.#context, session);
    const { config } = this.#context;
    if (loaded === undefined || config.clock() >= loaded.end) return false;
    if (this.#answers === undefined) return true;
    const answer = this.#answers.ask(revocableOf(config, loaded));
    return andThen(answer, (endedAt) => endedAt === undefined);
  }

  /**
   * Ends a session from outside (ASVS 7.4.2): at once where stores share the revocation, elsewhere within its `cacheFor`.
   * Where `regenerate()` has given it other handles since, it ends under those, if the revocation can tell them.
   *
   * Nobody knows whose it is, or whether it is there: do not pass on what a client has sent.
   *
   * @param id Its handle, as `session.id` was. What cannot be one is ignored.
   * @throws `ERR_SESSION_CONFIG` without a revocation that can keep it in mind, `ERR_SESSION_STORE`; `ERR_SESSION_GONE`
   * where it got more than 16 other handles.
   */
  async revoke(id: string): Promise<void> {
    if (!this.#answers?.canRevoke) throw cannot(OWNER, "revoke");
    if (!isHandle(id)) return;
    await revokeNewest(this.#answers, id, this.#untilAllEnd());
  }

  /**
   * Ends all sessions of a subject that began until now (ASVS 7.4.3): after a change of password, or "sign out
   * everywhere". At once where stores share the revocation, elsewhere within its `cacheFor`.
   *
   * @param options `except`: the handle of one to keep, such as `session.id`.
   * @throws `ERR_SESSION_CONFIG` without a revocation that can keep it in mind, `ERR_SESSION_VALUE` for an `except` that is
   * no text, `ERR_SESSION_STORE`.
   */
  async revokeAll(subject: string, { except }: { readonly except?: string } = {}): Promise<void> {
    checkExcept(except);
    if (!this.#answers?.canRevokeAll) throw cannot(OWNER, "revokeAll");
    if (!isSubject(subject)) return;
    // A session that is getting another handle is under the old one until its save.
    const before = except === undefined ? undefined : this.#heirs.get(except);
    const spared = [except, before].filter((id) => id !== undefined);
    await this.#answers.revokeAll(subject, this.#untilAllEnd(), spared);
  }

  /** When no session that there is now can be alive on any server. */
  #untilAllEnd(): number {
    const { clock, timeline } = this.#context.config;
    return timeline.absoluteEnd(clock()) + CLOCK_SKEW;
  }
}

function sealerOf(options: CookieSessionStoreOptions, { random }: SessionConfig): Sealer {
  const { secret, sealer, audience } = options;
  if (sealer === undefined) {
    return xchachaSealer(checkSecrets(OWNER, secret), {
      random,
      ...(audience === undefined ? {} : { audience }),
    });
  }
  if (secret !== undefined || audience !== undefined) {
    throw misconfigured(
      `${OWNER}: sealer and ${secret === undefined ? "audience" : "secret"} are two ways of saying one thing. A sealer has its own keys.`,
    );
  }
  return combineSealers(OWNER, sealer);
}
