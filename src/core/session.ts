import type { Change } from "./changes.ts";
import { SessionError } from "./errors.ts";
import { assign, isValues, type Values } from "./json.ts";
import { liveData } from "./live-data.ts";
import { checkOpen, checkSubject, type Phase, refuseCallback, skipped } from "./session-checks.ts";
import { createSessionConfig, type SessionConfig } from "./session-config.ts";
import type { DefaultData, KeyOf } from "./session-data.ts";
import { SessionIdentity } from "./session-identity.ts";
import type { CommitAct, SessionInternals, TokenSource } from "./session-internals.ts";
import {
  copyStored,
  type LoginOptions,
  type Pending,
  type SessionState,
  type StoredSession,
  type StoredState,
} from "./session-state.ts";
import type { SessionStore } from "./store.ts";
import { TrackedContents } from "./tracked-contents.ts";

/** The way of the core to what a session hides from applications. Set below, where its private fields can be seen. */
export let internals: SessionInternals;

const defaults: { config?: SessionConfig } = {};

/**
 * What a visitor's requests have in common: a typed dictionary, with an identity and a life cycle.
 * It is saved by itself, once, before the response's headers leave, when and only when it changed.
 *
 * Methods that change it throw `ERR_SESSION_COMMITTED` after that, and `ERR_SESSION_DESTROYED` after `destroy()`.
 *
 * @example
 * ```ts
 * session.set("cart", ["tea"]);
 * session.data.cart; // ["tea"]
 * session.login("ada", { keep: ["cart"] });
 * ```
 */
export class Session<Data extends object = DefaultData> {
  #config: SessionConfig;
  #origin: StoredState | undefined;
  #madeContents: TrackedContents | undefined;
  #madeIdentity: SessionIdentity | undefined;
  #phase: Phase = "open";
  #accessed = false;
  #store: SessionStore<Data> | undefined;
  #commitActs: CommitAct[] | undefined;
  #tokenSource: TokenSource | undefined;
  #data: Partial<Data> | undefined;

  /**
   * @param data What the session holds. It is copied.
   * @param state What a store knows beside it. Without an `id` the session is new.
   * @throws `ERR_SESSION_VALUE` for data that cannot be stored.
   */
  constructor(data?: Partial<Data>, state?: SessionState) {
    defaults.config ??= createSessionConfig("Session");
    this.#config = state?.config ?? defaults.config;
    if (data !== undefined || state !== undefined) this.#copy(data, state);
    // What other libraries take as data, `session.user = …`, would be lost without a word.
    Object.preventExtensions(this);
  }

  #copy(data: Partial<Data> = {}, state: SessionState = {}): void {
    const { codec } = this.#config;
    const [values, flash] = [codec.copyAll(data), codec.copyAll(state.flash ?? {})];
    this.#madeContents = new TrackedContents(codec, values, flash);
    this.#madeIdentity = new SessionIdentity(this.#config, { ...state }, state.id !== undefined);
  }

  // Made when they are first needed: the session of a stranger, or of a request that only reads, may never need them.
  get #contents(): TrackedContents {
    this.#madeContents ??= new TrackedContents(this.#config.codec, {}, {});
    return this.#madeContents;
  }

  get #identity(): SessionIdentity {
    const isLoaded = this.#origin !== undefined;
    this.#madeIdentity ??= new SessionIdentity(this.#config, this.#origin ?? {}, isLoaded);
    return this.#madeIdentity;
  }

  /** The value of a key, `fallback` (default: `undefined`) if there is none. Changes in place to an object are noticed. */
  get<K extends KeyOf<Data>>(key: K): Data[K] | undefined;
  get<K extends KeyOf<Data>>(
    key: K,
    fallback: Exclude<Data[K], undefined>,
  ): Exclude<Data[K], undefined>;
  get<K extends KeyOf<Data>, F>(key: K, fallback: F): Exclude<Data[K], undefined> | F;
  get(key: string, fallback?: unknown): unknown {
    const contents = this.#read();
    return contents.has(key) ? contents.get(key) : fallback;
  }

  /** The value of a key. Throws `ERR_SESSION_KEY` if there is none. */
  getOrThrow<K extends KeyOf<Data>>(key: K): Exclude<Data[K], undefined> {
    if (this.has(key)) return this.get(key) as Exclude<Data[K], undefined>;
    throw new SessionError(
      "ERR_SESSION_KEY",
      `The session has no key ${JSON.stringify(key)}. Set it first, or use get(key, fallback).`,
    );
  }

  /** Whether there is such a key. Asking does not read a flash value. */
  has(key: KeyOf<Data>): boolean {
    return this.#read().has(key);
  }

  /** The keys, flash values that have arrived included. */
  keys(): KeyOf<Data>[] {
    return this.#read().keys() as KeyOf<Data>[];
  }

  /** Keys and values. */
  entries(): [KeyOf<Data>, Data[KeyOf<Data>]][] {
    return this.keys().map((key) => [key, this.get(key) as Data[KeyOf<Data>]]);
  }

  /** How many keys there are. */
  get size(): number {
    return this.#read().keys().length;
  }

  /** A copy of all data, which can be changed without changing the session. */
  toObject(): Partial<Data> {
    const contents = this.#read();
    const values: Values = {};
    for (const key of contents.keys()) assign(values, key, contents.get(key));
    return this.#config.codec.copyAll(values) as Partial<Data>;
  }

  /** Whether the data equals that of another session or a plain object. The order of keys does not count. */
  equals(other: Session<Data> | Partial<Data>): boolean {
    const theirs = other instanceof Session ? other.toObject() : other;
    return this.#config.codec.equal(this.toObject(), theirs);
  }

  /** The data as an object: reading, assigning, `in` and `delete` work as on any other, and are the same as the methods. */
  get data(): Partial<Data> {
    this.#access();
    this.#data ??= liveData({
      contents: () => this.#read(),
      set: (key, value) => this.#change().set(key, value),
      delete: (key) => this.#change().delete(key),
    });
    return this.#data;
  }

  /** Sets a key, also to the value it has: what is assigned is saved. Throws `ERR_SESSION_VALUE` for what cannot be stored. */
  set<K extends KeyOf<Data>>(key: K, value: Data[K]): void {
    this.#change().set(key, value);
  }

  /** Sets several keys. If one of the values cannot be stored, none is set. */
  update(values: Partial<Data>): void {
    const contents = this.#change();
    if (!isValues(values)) {
      throw new SessionError("ERR_SESSION_VALUE", "update takes an object of keys and values.");
    }
    const entries = Object.entries(values);
    for (const [key, value] of entries) this.#config.codec.check(key, value);
    for (const [key, value] of entries) contents.set(key, value);
  }

  /** Removes a key. Returns whether it was there. */
  delete(key: KeyOf<Data>): boolean {
    return this.#change().delete(key);
  }

  /** Removes all keys. The session itself goes on: to end it, use `logout()` or `destroy()`. */
  clear(): void {
    this.#change().clear();
  }

  /**
   * Sets a key to a function of its value. With a server-side store the function may run again, on a newer value
   * that a concurrent request left: so no count is lost. It must depend on its argument alone.
   *
   * @example
   * ```ts
   * session.modify("count", (count) => (Number(count) || 0) + 1);
   * ```
   */
  modify<K extends KeyOf<Data>>(
    key: K,
    next: (current: Data[NoInfer<K>] | undefined) => Data[NoInfer<K>],
  ): void {
    this.#change().modify(key, next as (current: unknown) => unknown);
  }

  /** Sets a value that is visible from the next request on, and gone after the first that reads it. */
  flash<K extends KeyOf<Data>>(key: K, value: Data[K]): void {
    this.#change().flash(key, value);
  }

  /** The handle: a public name for the session, safe in logs and pages, useless as a token. */
  get id(): string {
    this.#access();
    return this.#identity.id;
  }

  /** Whether nothing is stored of this session yet. */
  get isNew(): boolean {
    this.#access();
    return this.#identity.isNew;
  }

  /** Whether the save has anything to do. */
  get modified(): boolean {
    this.#access();
    if (this.#madeIdentity !== undefined && this.#madeIdentity.pending !== "none") return true;
    return this.#madeContents?.isChanged ?? false;
  }

  /** Whether there is nothing to store: no data, no flash value, no subject. A new session that is empty is not saved. */
  get isEmpty(): boolean {
    this.#access();
    return this.#holdsNothing();
  }

  #holdsNothing(): boolean {
    return this.#identity.subject === undefined && this.#contents.isEmpty;
  }

  /** The user that `login` named. */
  get subject(): string | undefined {
    this.#access();
    return this.#identity.subject;
  }

  /** When the session began; a login does not change it. */
  get createdAt(): Date {
    this.#access();
    return new Date(this.#identity.createdAt);
  }

  /** When `login` was called. */
  get authenticatedAt(): Date | undefined {
    this.#access();
    const { authenticatedAt } = this.#identity;
    return authenticatedAt === undefined ? undefined : new Date(authenticatedAt);
  }

  /**
   * Whether `login` was called within so many seconds: to ask for the password again before what matters (ASVS 7.5.1).
   * The session stays as it is.
   */
  authenticatedWithin(seconds: number): boolean {
    const at = this.authenticatedAt?.getTime();
    return at !== undefined && this.#config.clock() - at <= seconds * 1000;
  }

  /** When the session ends if it is not used again; never later than it really ends. */
  get expiresAt(): Date {
    this.#access();
    return new Date(this.#identity.expiresAt);
  }

  /**
   * Makes the session belong to a user, under a new token: the old one is dead at once, so a token that an attacker
   * planted is worth nothing (session fixation). Restarts the absolute timeout. Of a stranger's data it keeps what
   * `keep` names, as it is stored by then, of the same user's all, of another user's none.
   *
   * @param subject The user's id, 1 to 1,024 characters, none of them NUL.
   * @throws `ERR_SESSION_VALUE` if the subject is none.
   */
  login(subject: string, { keep = [] }: LoginOptions<Data> = {}): void {
    const contents = this.#change();
    checkSubject(subject);
    const identity = this.#identity;
    if (identity.subject === undefined) contents.keepOnly(keep);
    else if (identity.subject !== subject) contents.clear(identity.isLoaded);
    identity.login(subject);
  }

  /** A new token at once, the old one dead, everything else as it was. For a change of rights that is no login. */
  regenerate(...none: never[]): void {
    refuseCallback("regenerate", none);
    this.#change();
    this.#identity.replaceToken("regenerate");
  }

  /** Ends the session and goes on as an empty stranger: what is set afterwards starts a new session. */
  logout(...none: never[]): void {
    refuseCallback("logout", none);
    this.#change();
    this.#end();
  }

  /** Ends the session; changing it later in the request throws `ERR_SESSION_DESTROYED`. */
  destroy(...none: never[]): void {
    refuseCallback("destroy", none);
    this.#change();
    this.#end();
    this.#phase = "destroyed";
  }

  #end(): void {
    this.#contents.reset();
    this.#identity.end();
  }

  /** The anti-forgery secret to store with the session, if that is going to be stored. */
  #secret(): string | undefined {
    return this.#identity.isNew && this.#holdsNothing() ? undefined : this.#identity.secret;
  }

  /** What this request did to the contents, in order, for a store to save. */
  get changes(): readonly Change[] {
    this.#access();
    return this.#contents.changes;
  }

  /**
   * What the save must do to the session that was loaded: nothing, give it a new token, or end it. A session that held
   * nothing but a flash value ends when that has been read.
   */
  get pending(): Pending {
    this.#access();
    return this.#due();
  }

  #due(): Pending {
    return this.#identity.pending === "none" && this.#isSpent() ? "end" : this.#identity.pending;
  }

  #isSpent(): boolean {
    return this.#identity.isLoaded && this.#holdsNothing() && this.#contents.isOnlyRead;
  }

  /**
   * Everything about the session as plain data, unread flash values included, for a store that keeps whole sessions.
   *
   * @throws `ERR_SESSION_VALUE` and `ERR_SESSION_TOO_LARGE` for data that cannot be stored.
   */
  toStored(): StoredSession<Data> {
    this.#access();
    const { id, subject, createdAt, authenticatedAt } = this.#identity;
    const state = { id, subject, createdAt, authenticatedAt, antiForgerySecret: this.#secret() };
    return copyStored(this.#config.codec, state, this.#contents.contents);
  }

  #read(): TrackedContents {
    this.#access();
    return this.#contents;
  }

  #change(): TrackedContents {
    this.#access();
    checkOpen(this.#phase);
    return this.#contents;
  }

  #access(): void {
    if (this.#phase === "skipped") throw skipped();
    this.#accessed = true;
  }

  static {
    // What `console.log` shows: names and keys, no values. To look at a session is not to use it.
    Object.defineProperty(Session.prototype, Symbol.for("nodejs.util.inspect.custom"), {
      value(this: Session): string {
        if (this.#phase === "skipped") return "Session { skipped }";
        const keys = this.#contents.keys().join(", ");
        return `Session { id: ${this.#identity.knownId ?? "(none yet)"}, pending: ${this.#due()}, keys: [${keys}] }`;
      },
    });
    internals = {
      isAccessed: (session) => session.#accessed,
      use: (session) => session.#access(),
      restore: (session, config, origin, { data, flash }) => {
        session.#config = config;
        session.#origin = origin;
        session.#madeContents = new TrackedContents(config.codec, data, flash);
      },
      begin: (session, config) => {
        session.#config = config;
      },
      origin: (session) => session.#origin,
      isLoaded: (session) => session.#identity.isLoaded,
      contents: (session) => session.#contents.contents,
      state: (session) => session.#identity.state,
      antiForgerySecret: (session) =>
        session.#phase === "skipped" || session.#isSpent() ? undefined : session.#secret(),
      storedAntiForgerySecret: (session) => session.#identity.storedSecret,
      tokenSource: (session) => session.#tokenSource,
      setTokenSource: (session, source) => {
        session.#tokenSource = source;
      },
      cookieNames: (session) => session.#store?.cookieNames,
      noteStore: (session, store) => {
        session.#store = store;
      },
      isFrom: (session, store) => session.#store === store,
      onCommit: (session, act) => {
        if (session.#phase === "skipped") throw skipped();
        if (session.#phase !== "destroyed") checkOpen(session.#phase);
        session.#commitActs = [...(session.#commitActs ?? []), act];
      },
      isOpen: (session) => session.#phase === "open" || session.#phase === "destroyed",
      takeCommitActs: (session) => session.#commitActs?.splice(0),
      check: (session) => session.#madeContents?.checkInPlace(),
      close: (session) => {
        session.#phase = "committed";
      },
      freeze: (session, readOnly) => {
        session.#phase = { readOnly };
      },
      skip: (session) => {
        session.#phase = "skipped";
      },
      discard: (session) => {
        session.#contents.reset();
        session.#identity.discard();
      },
      convert: (session, data) => session.#contents.convert(data),
      replaceHandle: (session) => session.#identity.replaceHandle(),
    };
  }
}
