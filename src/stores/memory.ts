import { toBase64url } from "#base64url";
import { applyChanges, type Contents } from "../core/changes.ts";
import { hashCredential, isCredential } from "../core/credential.ts";
import { SessionError } from "../core/errors.ts";
import { type OnEvent, warnOnce } from "../core/events.ts";
import type { SessionRequest, SessionResponse } from "../core/exchange.ts";
import { checkFunction, checkOptions, misconfigured } from "../core/options.ts";
import { restoreSession } from "../core/restore.ts";
import { internals, Session } from "../core/session.ts";
import {
  createSessionConfig,
  SESSION_OPTIONS,
  type SessionConfig,
  type SessionOptions,
} from "../core/session-config.ts";
import type { DefaultData } from "../core/session-data.ts";
import type { Pending } from "../core/session-state.ts";
import type { SessionStore } from "../core/store.ts";
import type { SessionTransport } from "../core/transport.ts";
import {
  CARRIER_OPTIONS,
  type CarrierOptions,
  createTransports,
  type Transports,
} from "../core/transports.ts";

export interface InMemorySessionStoreOptions extends SessionOptions, CarrierOptions {
  /** How many sessions are kept; beyond that the least recently used one goes. Default: 100,000. */
  readonly maxSessions?: number;
  /** Receives what an operator should know. Default: a warning on the console, once a process. */
  readonly onEvent?: OnEvent;
}

const OWNER = "InMemorySessionStore";
const CREDENTIAL_BYTES = 32;
const MOST_ATTEMPTS = 8;
/** `handle.credential`, in base64url: 16 and 32 bytes. */
const TOKEN = /^([\w-]{22})\.([\w-]{43})$/;

/** One stored session. Of the credential only a hash is kept. */
interface MemoryRecord {
  readonly credentialHash: Uint8Array;
  readonly data: string;
  readonly flash: string;
  readonly subject: string | undefined;
  readonly createdAt: number;
  readonly authenticatedAt: number | undefined;
  readonly lastWritten: number;
}

interface Found {
  readonly id: string;
  readonly record: MemoryRecord;
  readonly contents: Contents;
  readonly transport: SessionTransport;
}

/**
 * Keeps sessions in this process: for development, tests and single processes that may forget. They are gone when it
 * ends, and other processes do not see them. Concurrent requests lose no change, and an ended session stays ended.
 *
 * @throws `ERR_SESSION_CONFIG` for bad options.
 */
export class InMemorySessionStore<Data extends object = DefaultData> implements SessionStore<Data> {
  readonly vary: readonly string[];
  readonly #config: SessionConfig;
  readonly #transports: Transports;
  readonly #onEvent: OnEvent;
  readonly #maxSessions: number;
  /** By handle, the least recently used first. */
  readonly #records = new Map<string, MemoryRecord>();
  readonly #loaded = new WeakMap<Session<Data>, Found>();

  constructor(options: InMemorySessionStoreOptions = {}) {
    checkOptions(OWNER, options, [
      "maxSessions",
      "onEvent",
      ...CARRIER_OPTIONS,
      ...SESSION_OPTIONS,
    ]);
    const { maxSessions = 100_000, onEvent = warnOnce } = options;
    if (!Number.isSafeInteger(maxSessions) || maxSessions < 1) {
      throw misconfigured(
        `${OWNER}: maxSessions must be a whole number above 0, not ${maxSessions}.`,
      );
    }
    checkFunction(OWNER, "onEvent", onEvent);
    this.#config = createSessionConfig(OWNER, options);
    this.#transports = createTransports(OWNER, options, { onEvent, clock: this.#config.clock });
    this.#maxSessions = maxSessions;
    this.#onEvent = onEvent;
    this.vary = this.#transports.vary;
  }

  /** How many sessions are kept, expired ones that nobody has asked for included. */
  get size(): number {
    return this.#records.size;
  }

  load(request: SessionRequest): Session<Data> {
    const found = this.#transports.find(
      request,
      (transport, token) => this.#find(transport, token),
      () => this.#onEvent({ type: "duplicate-token" }),
    );
    if (found === undefined) return new Session<Data>(undefined, { config: this.#config });
    const { id, record, contents } = found;
    const session = restoreSession<Data>(this.#config, { id, ...record }, contents);
    this.#loaded.set(session, found);
    return session;
  }

  #find(transport: SessionTransport, token: string): Found | undefined {
    const [, id = "", credential = ""] = TOKEN.exec(token) ?? [];
    const record = this.#records.get(id);
    if (record === undefined) return undefined;
    if (!isCredential(credential, record.credentialHash)) return undefined;
    if (this.#isExpired(record)) {
      this.#records.delete(id);
      return undefined;
    }
    const contents = this.#contents(record);
    if (contents === undefined) {
      this.#onEvent({ type: "data-refused", id, reason: "the serializer cannot read it" });
      return undefined;
    }
    return { id, record, contents, transport };
  }

  save(request: SessionRequest, response: SessionResponse, session: Session<Data>): void {
    const loaded = this.#loaded.get(session);
    if (session.isNew && session.isEmpty) {
      if (loaded !== undefined) this.#end(request, response, loaded);
    } else if (loaded === undefined || session.isNew || needsNewToken(session)) {
      this.#replace(request, response, session, loaded);
    } else {
      this.#update(request, response, session, loaded);
    }
  }

  #end(request: SessionRequest, response: SessionResponse, { id, transport }: Found): void {
    // Where it had ended before, the token may be that of a newer session by now.
    if (this.#records.delete(id)) transport.clear(request, response);
  }

  /** Stores the session under a new token; the one before it is dead. */
  #replace(
    request: SessionRequest,
    response: SessionResponse,
    session: Session<Data>,
    loaded: Found | undefined,
  ): void {
    const before = loaded && this.#records.get(loaded.id);
    const continues = loaded !== undefined && session.pending !== "end";
    // Its token may be that of a newer session by now, and only a login may take the place of that.
    if (loaded !== undefined && before === undefined && !isLogin(session)) throw gone();
    const contents = continues ? this.#changed(before, session) : internals.contents(session);
    const credential = toBase64url(this.#config.random(CREDENTIAL_BYTES));
    const record = this.#record(session, contents, credential);
    if (loaded !== undefined) this.#records.delete(loaded.id);
    this.#makeRoom();
    const id = this.#freeHandle(session);
    this.#records.set(id, record);
    const transport = loaded?.transport ?? this.#transports.forStranger(request);
    const end = this.#config.timeline.absoluteEnd(record.authenticatedAt ?? record.createdAt);
    transport.write(request, response, `${id}.${credential}`, end);
  }

  #freeHandle(session: Session<Data>): string {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const { id } = internals.state(session);
      if (!this.#records.has(id)) return id;
      internals.replaceHandle(session);
    }
    throw new SessionError(
      "ERR_SESSION_STORE",
      `${OWNER}: ${MOST_ATTEMPTS} fresh handles in a row were taken. The source of random bytes does not give random ones.`,
    );
  }

  #record(session: Session<Data>, contents: Contents, credential: string): MemoryRecord {
    const { codec, clock } = this.#config;
    const { subject, createdAt, authenticatedAt } = internals.state(session);
    return {
      credentialHash: hashCredential(credential),
      data: codec.stringify(contents.data),
      flash: codec.stringify(contents.flash),
      subject,
      createdAt,
      authenticatedAt,
      lastWritten: clock(),
    };
  }

  /** Applies what the request did to what is stored now, which may be newer than what the request saw. */
  #update(
    request: SessionRequest,
    response: SessionResponse,
    session: Session<Data>,
    loaded: Found,
  ): void {
    const { clock, codec, timeline } = this.#config;
    const newest = this.#records.get(loaded.id);
    if (newest === undefined) {
      if (session.changes.some(({ type }) => type !== "flash-read")) throw gone();
      return;
    }
    const now = clock();
    let record = newest;
    if (session.modified) {
      const contents = this.#changed(newest, session);
      if (session.pending === "end" && isEmpty(contents)) {
        this.#end(request, response, loaded);
        return;
      }
      const texts = {
        data: codec.stringify(contents.data),
        flash: codec.stringify(contents.flash),
      };
      record = { ...newest, ...texts, lastWritten: now };
    } else if (timeline.touchDue(now, newest.lastWritten)) {
      record = { ...newest, lastWritten: now };
    }
    // The last one in the map is the most recently used.
    this.#records.delete(loaded.id);
    this.#records.set(loaded.id, record);
  }

  #changed(record: MemoryRecord | undefined, session: Session<Data>): Contents {
    const contents = record === undefined ? { data: {}, flash: {} } : this.#contents(record);
    if (contents === undefined) throw unreadable();
    applyChanges(contents, session.changes, this.#config.codec.copy);
    return contents;
  }

  /** `undefined` where the serializer cannot read what is stored. */
  #contents(record: MemoryRecord): Contents | undefined {
    const { codec } = this.#config;
    const data = codec.parse(record.data);
    const flash = codec.parse(record.flash);
    return data && flash && { data, flash };
  }

  #isExpired({ lastWritten, authenticatedAt, createdAt }: MemoryRecord): boolean {
    const { clock, timeline } = this.#config;
    return clock() >= timeline.writtenEnd(lastWritten, authenticatedAt ?? createdAt);
  }

  #makeRoom(): void {
    for (const [id, record] of this.#records) {
      if (this.#records.size < this.#maxSessions && !this.#isExpired(record)) return;
      this.#records.delete(id);
    }
  }
}

function needsNewToken({ pending }: { readonly pending: Pending }): boolean {
  return pending === "login" || pending === "regenerate";
}

function isLogin<Data extends object>(session: Session<Data>): boolean {
  return session.pending === "login" || (session.isNew && session.subject !== undefined);
}

function isEmpty({ data, flash }: Contents): boolean {
  return Object.keys(data).length === 0 && Object.keys(flash).length === 0;
}

function gone(): SessionError {
  return new SessionError(
    "ERR_SESSION_GONE",
    "The session ended while this request was changing it, so the changes were not kept. Let the visitor start again.",
  );
}

function unreadable(): SessionError {
  return new SessionError(
    "ERR_SESSION_STORE",
    `${OWNER}: the serializer cannot read what it wrote, so nothing was changed. Mend the serializer.`,
  );
}
