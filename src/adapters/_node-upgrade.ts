import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { SessionError } from "../core/errors.ts";
import type { SessionMiddleware } from "../core/middleware.ts";
import { checkFunction, checkOptions, misconfigured } from "../core/options.ts";
import { isCrossOrigin, ownOrigins, readOrigins } from "../core/origins.ts";
import { andThen, type Eventually, orElse } from "../core/promises.ts";
import type { Session } from "../core/session.ts";
import type { DefaultData } from "../core/session-data.ts";
import { hostOf, isEncrypted, nodeRequest } from "./_node.ts";
import { report, textOf } from "./_node-failure.ts";
import { readWatchOptions, SessionWatch, WATCH_OPTIONS, type WatchOptions } from "./_node-watch.ts";
import { type ShowSession, sessionProperty } from "./_property.ts";
import { PLAIN_TEXT, statusOf } from "./_refusal.ts";

/** How `withSession.upgrade` admits sockets, and how it finds out that a session has ended. */
export interface UpgradeOptions extends WatchOptions {
  /**
   * Origins whose pages may open a socket beside those of the server itself, each exact, as a browser writes it:
   * `"https://app.example"`. Default: none. What the server itself is called it takes from the `Host` header, so behind a
   * proxy that changes that, name the origin here.
   */
  readonly trustedOrigins?: readonly string[];
  /**
   * Is told of what kept a session from being loaded, and of what the handler threw; the client has its answer by then.
   * Default: what is an error of the server is written to the console.
   */
  readonly onError?: (error: unknown, request: IncomingMessage) => void;
}

/** What an upgrade adds to a request: `request.session` and `request.sessionEnded`. */
export type WithEndingSession<
  Data extends object = DefaultData,
  Property extends string = "session",
> = {
  /** The visitor's session. It can be read; every change throws `ERR_SESSION_COMMITTED`. */
  readonly [Name in Property]: Session<Data>;
} & {
  /**
   * Aborted when the session has ended: by a logout, a revocation, another login or a timeout. Its `reason` is a
   * `SessionError`: `ERR_SESSION_GONE`, or `ERR_SESSION_STORE` where the store could not tell for too long. A stranger's
   * is never aborted.
   */
  readonly [Name in `${Property}Ended`]: AbortSignal;
};

/** A listener for `upgrade` that is given the session with the request. It has to accept or to end the socket. */
export type UpgradeHandler<
  Data extends object = DefaultData,
  Property extends string = "session",
> = (
  request: IncomingMessage & WithEndingSession<Data, Property>,
  socket: Duplex,
  head: Buffer,
) => unknown;

/** What an upgrade needs of the adapter. */
interface UpgradeParts<Data extends object, Property extends string> {
  readonly middleware: SessionMiddleware<Data>;
  readonly handler: UpgradeHandler<Data, Property>;
  readonly property: string;
  readonly skip: ((request: IncomingMessage) => boolean) | undefined;
}

const OWNER = "upgrade";
const LONGEST_ORIGIN = 256;
const READ_ONLY =
  "An upgrade has no response to save the session with, so there it can only be read. " +
  "Change the session in an ordinary request.";

/** A listener for a server's event `upgrade`. Throws `ERR_SESSION_CONFIG` for bad options. */
export function upgradeListener<Data extends object, Property extends string>(
  parts: UpgradeParts<Data, Property>,
  options: UpgradeOptions = {},
): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  const { middleware, handler, property } = parts;
  if (typeof handler !== "function") {
    throw misconfigured(`${OWNER}: give the listener that is to have the session.`);
  }
  checkOptions(OWNER, options, ["trustedOrigins", "onError", ...WATCH_OPTIONS]);
  const { onError = report } = options;
  checkFunction(OWNER, "onError", onError);
  const gate: Gate<Data, Property> = {
    ...parts,
    onError,
    trusted: readOrigins(OWNER, "trustedOrigins", options.trustedOrigins),
    watch: new SessionWatch(readWatchOptions(OWNER, options), middleware.onEvent),
    show: sessionProperty(property, "request"),
    headers: middleware.vary.filter((name) => !AMBIENT.includes(name.toLowerCase())),
  };
  return (request, socket, head) => new Upgrade(gate, request, socket, head).begin();
}

/** What all upgrades of one listener share. */
interface Gate<Data extends object, Property extends string> extends UpgradeParts<Data, Property> {
  readonly onError: NonNullable<UpgradeOptions["onError"]>;
  readonly trusted: ReadonlySet<string>;
  readonly watch: SessionWatch;
  readonly show: ShowSession;
  /** The headers a session may come from that no browser sends by itself. */
  readonly headers: readonly string[];
}

/** One upgrade, let through to the handler or refused. */
class Upgrade<Data extends object, Property extends string> {
  readonly #gate: Gate<Data, Property>;
  readonly #request: IncomingMessage;
  readonly #socket: Duplex;
  readonly #head: Buffer;
  readonly #isForeign: boolean;

  constructor(gate: Gate<Data, Property>, request: IncomingMessage, socket: Duplex, head: Buffer) {
    this.#gate = gate;
    this.#request = request;
    this.#socket = socket;
    this.#head = head;
    this.#isForeign = comesFromElsewhere(request, gate.trusted);
  }

  begin(): void {
    const socket = this.#socket;
    // Node has taken its own listener off, and a client that goes must not end the process.
    socket.on("error", ignore);
    if (this.#isForeign && !carriesOnly(this.#request, this.#gate.headers)) {
      this.#refuseForeign();
      return;
    }
    const written = bytesOf(socket);
    orElse(
      () => this.#load(),
      (error) => {
        // Whoever has gone is owed no answer, and the store tells of its own failures.
        if (isGone(socket)) socket.destroy();
        else this.#fail(error, written);
      },
    );
  }

  #load(): Eventually<void> {
    const { middleware, skip } = this.#gate;
    if (skip?.(this.#request)) return this.#accept(middleware.skipped(), true);
    const loaded = middleware.loadReadOnly(nodeRequest(this.#request), READ_ONLY);
    return andThen(loaded, (session) => this.#accept(session, false));
  }

  #accept(session: Session<Data>, isSkipped: boolean): void {
    const socket = this.#socket;
    if (isGone(socket)) {
      socket.destroy();
      return;
    }
    const isStranger = isSkipped || session.isNew;
    if (this.#isForeign && isStranger) {
      this.#refuseForeign();
      return;
    }
    const ended = isStranger ? new AbortController().signal : this.#watch(session);
    const written = bytesOf(socket);
    orElse(
      () => this.#handle(session, ended),
      (error) => this.#fail(error, written),
    );
  }

  #watch(session: Session<Data>): AbortSignal {
    const { middleware, watch } = this.#gate;
    const request = nodeRequest(this.#request);
    return watch.add(this.#socket, () => middleware.isAlive(request, session));
  }

  #handle(session: Session<Data>, ended: AbortSignal): unknown {
    const { handler, property, show } = this.#gate;
    const request = this.#request;
    show(request, session);
    Object.defineProperty(request, `${property}Ended`, { configurable: true, value: ended });
    const shown = request as IncomingMessage & WithEndingSession<Data, Property>;
    return handler(shown, this.#socket, this.#head);
  }

  /** @param written How much had been sent before: over anything more no answer can be put. */
  #fail(error: unknown, written: number): void {
    const { onError } = this.#gate;
    const socket = this.#socket;
    if (bytesOf(socket) > written) socket.destroy();
    else if (!socket.destroyed) refuse(socket, statusOf(error), textOf(error), error);
    onError(error, this.#request);
  }

  #refuseForeign(): void {
    const origin = this.#request.headers.origin?.slice(0, LONGEST_ORIGIN);
    this.#gate.middleware.onEvent({ type: "upgrade-refused", origin });
    refuse(this.#socket, 403, "Forbidden");
  }
}

/** Headers that a browser sends by itself, whoever's page asked for it. */
const AMBIENT = ["cookie", "authorization"];

/** Whether the session can only come from a header that no page of a browser can send. */
function carriesOnly({ headers }: IncomingMessage, names: readonly string[]): boolean {
  if (headers.cookie !== undefined) return false;
  return names.some((name) => headers[name.toLowerCase()] !== undefined);
}

function comesFromElsewhere(request: IncomingMessage, trusted: ReadonlySet<string>): boolean {
  const { headers } = nodeRequest(request);
  const own = ownOrigins(hostOf(request), isEncrypted(request), headers.get("x-forwarded-proto"));
  return isCrossOrigin({ headers, own }, trusted);
}

/** Answers by hand, because an upgrade has no response. */
function refuse(socket: Duplex, status: number, text: string, error?: unknown): void {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "Connection: close",
    "Cache-Control: no-store",
    `Content-Type: ${PLAIN_TEXT}`,
    `Content-Length: ${text.length}`,
  ];
  const retryAfter = error instanceof SessionError ? error.headers["retry-after"] : undefined;
  if (retryAfter !== undefined) lines.push(`Retry-After: ${retryAfter}`);
  socket.once("finish", () => socket.destroy());
  socket.end(`${lines.join("\r\n")}\r\n\r\n${text}`);
}

/** Whether the client has left, or has said that it sends nothing more, which no WebSocket does before it is accepted. */
function isGone(socket: Duplex): boolean {
  return socket.destroyed || socket.readableEnded;
}

function bytesOf(socket: Duplex): number {
  return "bytesWritten" in socket ? Number(socket.bytesWritten) : 0;
}

function ignore(): void {}
