import { fromBase64url, toBase64url } from "#base64url";
import type { Contents } from "../core/changes.ts";
import { largestKeys } from "../core/codec.ts";
import { SessionError } from "../core/errors.ts";
import { type OnEvent, warnOnce } from "../core/events.ts";
import type { SessionRequest, SessionResponse } from "../core/exchange.ts";
import { checkFunction, checkOptions, misconfigured } from "../core/options.ts";
import { restoreSession } from "../core/restore.ts";
import type { Sealer } from "../core/sealer.ts";
import { checkSecrets, type Secret } from "../core/secrets.ts";
import { internals, Session } from "../core/session.ts";
import {
  createSessionConfig,
  HANDLE_BYTES,
  SESSION_OPTIONS,
  type SessionConfig,
  type SessionOptions,
} from "../core/session-config.ts";
import type { DefaultData } from "../core/session-data.ts";
import type { SessionStore } from "../core/store.ts";
import type { SessionTransport } from "../core/transport.ts";
import {
  CARRIER_OPTIONS,
  type CarrierOptions,
  createTransports,
  type Transports,
} from "../core/transports.ts";
import { xchachaSealer } from "../core/xchacha-sealer.ts";
import {
  readPayload,
  readSeen,
  type SealedPayload,
  writePayload,
  writeSeen,
} from "../core/sealed-payload.ts";

export interface CookieSessionStoreOptions extends SessionOptions, CarrierOptions {
  /**
   * One secret of at least 32 random bytes as text, or several to rotate: the newest first. The newest seals, all open,
   * and what an older one sealed is sealed anew at its next save.
   */
  readonly secret?: Secret;
  /** Separates applications or tenants that share a secret: none opens the sessions of another. Default: `""`. */
  readonly audience?: string;
  /** Another way to seal, instead of `secret`. */
  readonly sealer?: Sealer;
  /** Receives what an operator should know. Default: a warning on the console, once a process. */
  readonly onEvent?: OnEvent;
}

export const COOKIE_STORE_OPTIONS: readonly string[] = [
  "secret",
  "audience",
  "sealer",
  "onEvent",
  ...CARRIER_OPTIONS,
  ...SESSION_OPTIONS,
];

const OWNER = "CookieSessionStore";
const SESSION = "session";
const SEEN = "seen";

/** Clocks of several servers differ; a token from further in the future than this was not issued by a sane one. */
const CLOCK_SKEW = 60_000;

/** A token that was opened, and what it takes to save its session again. */
interface Loaded {
  readonly id: string;
  readonly payload: SealedPayload;
  readonly contents: Contents;
  readonly transport: SessionTransport;
  /** When it ends, as far as has been written. */
  readonly end: number;
}

/**
 * Keeps the whole session in the client, sealed in a token: no database, nothing to sweep, and at most 4 KB.
 *
 * **It has no memory.** A copy of a cookie works until its timeouts end, also after the visitor has logged out: logging
 * out deletes the cookie in the browser and nothing else. Where that is not acceptable, keep sessions on the server.
 * Of two requests that change one session at the same time, the later response wins.
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
  readonly #config: SessionConfig;
  readonly #sealer: Sealer;
  readonly #transports: Transports;
  readonly #onEvent: OnEvent;
  readonly #loaded = new WeakMap<Session<Data>, Loaded>();
  readonly #companions = new WeakMap<SessionTransport, SessionTransport>();

  constructor(options: CookieSessionStoreOptions) {
    checkOptions(OWNER, options, COOKIE_STORE_OPTIONS);
    const { onEvent = warnOnce } = options;
    checkFunction(OWNER, "onEvent", onEvent);
    this.#config = createSessionConfig(OWNER, options);
    this.#sealer = sealerOf(options, this.#config);
    this.#transports = createTransports(OWNER, options, { onEvent, clock: this.#config.clock });
    this.#onEvent = onEvent;
    const companions = this.#transports.list.map((transport) => this.#companion(transport));
    this.vary = [...new Set([...this.#transports.vary, ...companions.flatMap(({ vary }) => vary)])];
  }

  load(request: SessionRequest): Session<Data> {
    const opened = this.#transports
      .candidates(request)
      .flatMap(({ transport, token }) => this.#open(request, transport, token) ?? []);
    const loaded = this.#transports.choose(opened, () =>
      this.#onEvent({ type: "duplicate-token" }),
    );
    if (loaded === undefined) return new Session<Data>(undefined, { config: this.#config });
    const { id, payload, contents } = loaded;
    const session = restoreSession<Data>(this.#config, { id, ...payload }, contents);
    this.#loaded.set(session, loaded);
    return session;
  }

  #open(request: SessionRequest, transport: SessionTransport, token: string): Loaded | undefined {
    if (token.length > transport.maxLength) return undefined;
    const now = this.#config.clock();
    const opened = this.#sealer.open(token, { purpose: SESSION, name: transport.name, now });
    const payload = opened && readPayload(opened.bytes);
    if (payload === undefined || payload.issuedAt > now + CLOCK_SKEW) return undefined;
    const seenAt = this.#seenAt(request, this.#companion(transport), payload, now);
    const end = this.#end(payload, seenAt);
    if (now >= end) return undefined;
    const id = toBase64url(payload.handle);
    const { codec } = this.#config;
    const data = codec.parse(payload.data);
    const flash = payload.flash === undefined ? {} : codec.parse(payload.flash);
    if (data === undefined || flash === undefined) {
      this.#onEvent({ type: "data-refused", id, reason: "the serializer cannot read it" });
      return undefined;
    }
    return { id, payload, contents: { data, flash }, transport, end };
  }

  /** When the token's session was last noted as used; the note counts only beside a token of the same session. */
  #seenAt(
    request: SessionRequest,
    companion: SessionTransport,
    { handle }: SealedPayload,
    now: number,
  ): number | undefined {
    const times = companion.read(request).flatMap((token) => {
      const opened = this.#sealer.open(token, { purpose: SEEN, name: companion.name, now });
      const time = opened && readSeen(opened.bytes, handle);
      return time === undefined || time > now + CLOCK_SKEW ? [] : [time];
    });
    return times.length === 0 ? undefined : Math.max(...times);
  }

  #companion(transport: SessionTransport): SessionTransport {
    const companion = this.#companions.get(transport) ?? transport.companion(SEEN);
    this.#companions.set(transport, companion);
    return companion;
  }

  /** The end that was sealed, moved by later use, and never later than today's options allow. */
  #end({ issuedAt, expiresAt, ...payload }: SealedPayload, seenAt: number | undefined): number {
    const start = payload.authenticatedAt ?? payload.createdAt;
    const { timeline } = this.#config;
    const sealed = Math.min(expiresAt, timeline.writtenEnd(issuedAt, start));
    return seenAt === undefined ? sealed : Math.max(sealed, timeline.writtenEnd(seenAt, start));
  }

  save(request: SessionRequest, response: SessionResponse, session: Session<Data>): void {
    const loaded = this.#loaded.get(session);
    if (session.isEmpty && (session.isNew || session.pending === "end")) {
      if (loaded !== undefined) this.#forget(request, response, loaded);
    } else if (session.modified) {
      this.#write(request, response, session, loaded);
    } else if (loaded !== undefined) {
      this.#touch(request, response, loaded);
    }
  }

  #forget(request: SessionRequest, response: SessionResponse, loaded: Loaded): void {
    loaded.transport.clear(request, response);
    this.#forgetUse(request, response, loaded.transport);
  }

  #forgetUse(
    request: SessionRequest,
    response: SessionResponse,
    transport: SessionTransport,
  ): void {
    const companion = this.#companion(transport);
    if (companion.read(request).length > 0) companion.clear(request, response);
  }

  #write(
    request: SessionRequest,
    response: SessionResponse,
    session: Session<Data>,
    loaded: Loaded | undefined,
  ): void {
    const transport = loaded?.transport ?? this.#transports.forStranger(request);
    const { clock, codec, timeline } = this.#config;
    const now = clock();
    const { id, createdAt, authenticatedAt, subject } = internals.state(session);
    const { data, flash } = internals.contents(session);
    const start = authenticatedAt ?? createdAt;
    const handle = fromBase64url(id);
    if (handle?.length !== HANDLE_BYTES) {
      throw new SessionError(
        "ERR_SESSION_STORE",
        `${OWNER}: the session is not one that this store made.`,
      );
    }
    const bytes = writePayload({
      handle,
      issuedAt: now,
      createdAt,
      authenticatedAt,
      expiresAt: timeline.writtenEnd(now, start),
      subject,
      flash: Object.keys(flash).length === 0 ? undefined : codec.stringify(flash),
      data: codec.stringify(data),
    });
    const token = this.#sealer.seal(bytes, { purpose: SESSION, name: transport.name, now });
    if (token.length > transport.maxLength) {
      throw new SessionError(
        "ERR_COOKIE_TOO_LARGE",
        `The sealed session is ${token.length} characters long, and ${transport.name} can carry ${transport.maxLength}. ` +
          `${largestKeys({ ...data, ...flash }, codec.print)} Store less, or keep sessions on the server.`,
      );
    }
    transport.write(request, response, token, timeline.absoluteEnd(start));
    // A note of use is about one handle, and worth nothing beside a new one.
    if (id !== loaded?.id) this.#forgetUse(request, response, transport);
  }

  /** Never seals the data again: a slow reader would undo what a faster request has changed since. */
  #touch(request: SessionRequest, response: SessionResponse, loaded: Loaded): void {
    const { clock, timeline } = this.#config;
    const now = clock();
    const { handle, authenticatedAt, createdAt } = loaded.payload;
    const start = authenticatedAt ?? createdAt;
    if (!timeline.touchDue(now, start, loaded.end)) return;
    const companion = this.#companion(loaded.transport);
    const context = { purpose: SEEN, name: companion.name, now };
    const token = this.#sealer.seal(writeSeen(handle, now), context);
    companion.write(request, response, token, timeline.absoluteEnd(start));
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
  if (typeof sealer.seal !== "function" || typeof sealer.open !== "function") {
    throw misconfigured(
      `${OWNER}: sealer must have the functions seal and open, as xchachaSealer(secret) has.`,
    );
  }
  return sealer;
}
