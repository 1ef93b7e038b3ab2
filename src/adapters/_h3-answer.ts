import type { H3Event } from "h3";
import type { SessionResponse } from "../core/exchange.ts";
import { type Line, put } from "../core/lines.ts";

// Middleware of H3 sees what a handler returned or threw, and not the response that becomes of it, so these follow what
// H3 does (`toResponse`): prepared headers, `event.res.headers`, go over those of what was returned; over those of an
// error, or of a `Response` of 400 and more, `event.res.errHeaders` do.

/** How H3 tells what was returned, whichever copy of it made the value. */
const NOT_FOUND = Symbol.for("h3.notFound");
const HANDLED = Symbol.for("h3.handled");
const HTTP_RESPONSE = Symbol.for("h3.HTTPResponse");

/**
 * Throws what H3 will throw if it cannot make JSON of this: by then the session would be saved, and H3 forgets every
 * header that could tell the client.
 */
export function checkJson(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === Object.prototype || prototype === null || Array.isArray(value);
  if (isPlain || "toJSON" in value) JSON.stringify(value);
}

/** The answer that becomes of what a handler returned, as the core changes it. */
export function answerOf(event: H3Event, value: unknown): SessionResponse {
  const { res } = event;
  if (value === NOT_FOUND || value instanceof Error) return answerToError(event, value);
  if (value instanceof Response) {
    const { status, headers } = value;
    const over = status < 400 ? res.headers : errHeadersOf(event);
    return over === undefined
      ? new LayeredResponse(status, [headers])
      : new LayeredResponse(status, [over], headers);
  }
  const status = validStatus(res.status, 200);
  if (!isHttpResponse(value)) return new LayeredResponse(status, [res.headers]);
  return new LayeredResponse(validStatus(value.status, status), [res.headers], value.headers);
}

/** The answer that becomes of an error. Both kinds of headers, because an `onError` may return a value in its place. */
export function answerToError(event: H3Event, error: unknown): SessionResponse {
  const { headers } = event.res;
  const errHeaders = errHeadersOf(event);
  return new LayeredResponse(
    statusOfError(error),
    errHeaders === undefined ? [headers] : [errHeaders, headers],
  );
}

/** The release candidates before 2.0, one of which Nitro has, know no such headers. */
function errHeadersOf({ res }: H3Event): Headers | undefined {
  return res.errHeaders;
}

/**
 * Whether what was returned or thrown stands for an answer that headers no longer reach: one that was written to Node's
 * response by hand, or an upgrade to a WebSocket, of which the runtime takes only the hooks.
 */
export function isOutOfReach({ req, runtime }: H3Event, value: unknown): boolean {
  if (value === HANDLED || runtime?.node?.res?.headersSent) return true;
  return value instanceof Response && "crossws" in value && req.headers.has("upgrade");
}

/** Where an answer has left, the one to an error is written behind its end: an event that ends the process if nobody listens. */
export function outliveLateAnswer({ runtime }: H3Event): void {
  const response = runtime?.node?.res;
  if (response?.headersSent) response.on("error", () => undefined);
}

const FOR_CACHES = ["cache-control", "vary"];

/** Where an event keeps what sessions have put on its answer. */
const SAVED: unique symbol = Symbol("keepsake.saved");

interface SavedEvent extends H3Event {
  [SAVED]?: readonly Line[];
}

/** Puts it on an error, too, that takes the place of the answer after all: what was saved is saved. */
export function keepForErrors(event: SavedEvent, lines: readonly Line[]): void {
  const errHeaders = errHeadersOf(event);
  if (errHeaders === undefined) return;
  for (const line of lines) put({ headers: errHeaders }, line);
  event[SAVED] = [...(event[SAVED] ?? []), ...lines];
}

/** Takes back what was prepared for an answer that is not sent. */
export function dropAnswer(event: SavedEvent, before: readonly Line[]): void {
  const { res } = event;
  for (const name of [...res.headers.keys()]) res.headers.delete(name);
  for (const [name, value] of before) res.headers.append(name, value);
  Object.assign(res, { status: undefined, statusText: undefined });
  const errHeaders = errHeadersOf(event);
  if (errHeaders !== undefined) takeTokens(errHeaders, event[SAVED] ?? []);
}

function takeTokens(headers: Headers, lines: readonly Line[]): void {
  const values = new Set(lines.map(([, value]) => value));
  const others = headers.getSetCookie().filter((cookie) => !values.has(cookie));
  for (const [name] of lines) if (!FOR_CACHES.includes(name)) headers.delete(name);
  headers.delete("set-cookie");
  for (const cookie of others) headers.append("set-cookie", cookie);
}

interface HttpResponse {
  readonly status?: unknown;
  readonly headers: Headers;
}

function isHttpResponse(value: unknown): value is HttpResponse {
  return typeof value === "object" && value !== null && HTTP_RESPONSE in value;
}

function statusOfError(error: unknown): number {
  if (error === NOT_FOUND) return 404;
  if (typeof error === "number") return validStatus(error, 500);
  if (!(error instanceof Error)) return 500;
  const statuses = [error, error.cause].flatMap((each) => {
    if (typeof each !== "object" || each === null) return [];
    return ["status" in each && each.status, "statusCode" in each && each.statusCode];
  });
  return validStatus(statuses.find(Boolean), 500);
}

function validStatus(status: unknown, otherwise: number): number {
  const number = Number(status);
  return Number.isInteger(number) && number >= 100 && number <= 599 ? number : otherwise;
}

/** Headers that go over others: all of `over` are written to, and the first of them is what is read. Its own headers, too. */
class LayeredResponse implements SessionResponse {
  readonly status: number;
  readonly #over: readonly [Headers, ...Headers[]];
  readonly #under: Headers | undefined;

  constructor(status: number, over: readonly [Headers, ...Headers[]], under?: Headers) {
    this.status = status;
    this.#over = over;
    this.#under = under;
  }

  get headers(): this {
    return this;
  }

  get(name: string): string | null {
    return this.#over[0].get(name) ?? this.#under?.get(name) ?? null;
  }

  set(name: string, value: string): void {
    for (const headers of this.#over) headers.set(name, value);
  }

  append(name: string, value: string): void {
    if (name.toLowerCase() === "set-cookie") {
      for (const headers of this.#over) headers.append(name, value);
    } else this.set(name, [this.get(name), value].filter((each) => each !== null).join(", "));
  }

  delete(name: string): void {
    for (const headers of this.#over) headers.delete(name);
    this.#under?.delete(name);
  }

  getSetCookie(): string[] {
    return [...(this.#under?.getSetCookie() ?? []), ...this.#over[0].getSetCookie()];
  }
}
