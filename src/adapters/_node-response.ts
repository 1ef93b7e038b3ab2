import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";

/** The methods of a response as they are before they are replaced. */
export type Originals = Pick<
  ServerResponse,
  | "writeHead"
  | "write"
  | "end"
  | "flushHeaders"
  | "setHeader"
  | "removeHeader"
  | "addTrailers"
  | "destroy"
>;

export function originalsOf(response: ServerResponse): Originals {
  return {
    writeHead: response.writeHead,
    write: response.write,
    end: response.end,
    flushHeaders: response.flushHeaders,
    setHeader: response.setHeader,
    removeHeader: response.removeHeader,
    addTrailers: response.addTrailers,
    destroy: response.destroy,
  };
}

/** The headers of a response as they were at some time. */
export type HeadersBefore = readonly (readonly [name: string, value: string | string[] | number])[];

const NONE: HeadersBefore = [];

export function headersOf(response: ServerResponse): HeadersBefore {
  const names = response.getHeaderNames();
  if (names.length === 0) return NONE;
  return names.map((name) => [name, response.getHeader(name) ?? ""]);
}

/** Where a response keeps the streams that are piped into it. */
const SOURCES: unique symbol = Symbol("keepsake.sources");

interface Piped extends ServerResponse {
  [SOURCES]?: Set<Readable>;
}

/** Keeps the streams in mind that are piped into a response, for `releaseSources`. */
export function watchSources(response: ServerResponse): void {
  response.on("pipe", addSource);
}

function addSource(this: Piped, source: Readable): void {
  if (this[SOURCES] === undefined) {
    this[SOURCES] = new Set();
    this.on("unpipe", deleteSource);
  }
  this[SOURCES].add(source);
}

function deleteSource(this: Piped, source: Readable): void {
  this[SOURCES]?.delete(source);
}

/**
 * Takes the streams that are piped into a response off it, and ends those that nobody else reads: a file would stay open
 * for ever.
 *
 * @returns Whether there were any.
 */
export function releaseSources(response: Piped): boolean {
  const sources = [...(response[SOURCES] ?? [])];
  for (const source of sources) {
    source.unpipe(response);
    if (source.listenerCount("data") === 0) source.destroy();
  }
  return sources.length > 0;
}

/** Ends half an answer so that nobody takes it for a whole one. */
export function cutOff(response: ServerResponse): void {
  // Without an error HTTP/2 would close the stream as it does after the last byte. Nobody else is told of it.
  if (isHttp2(response)) response.destroy(new Error("The answer is cut off."));
  else response.destroy();
}

export function isHttp2({ req }: ServerResponse): boolean {
  return req.httpVersionMajor >= 2;
}

/** Calls the callback among the arguments of a write that is dropped, so that nobody waits for it. */
export function callDropped<Result>(args: readonly unknown[], result: Result): Result {
  const callback = callbackOf(args);
  if (callback !== undefined) process.nextTick(callback);
  return result;
}

export function callbackOf(args: readonly unknown[]): (() => void) | undefined {
  return args.find((each): each is () => void => typeof each === "function");
}

/** As Node's own `writeHead` takes them: an object, a list of pairs, or names and values in turn. */
export function setHeaders(response: ServerResponse, headers: unknown): void {
  if (typeof headers !== "object" || headers === null) return;
  if (!Array.isArray(headers)) {
    for (const name of Object.keys(headers)) {
      const value: unknown = Reflect.get(headers, name);
      if (value !== undefined) response.setHeader(name, value as string | string[]);
    }
    return;
  }
  const flat = headers.every(Array.isArray) ? headers.flat(1) : headers;
  for (let at = 0; at < flat.length; at += 2) response.removeHeader(String(flat[at]));
  for (let at = 0; at + 1 < flat.length; at += 2) {
    response.appendHeader(String(flat[at]), flat[at + 1]);
  }
}

/** Replaces a method, if the response has it, by what `around` makes of the one before. */
export function wrap(
  response: ServerResponse,
  name: string,
  around: (call: (args: readonly unknown[]) => unknown, args: readonly unknown[]) => unknown,
): void {
  const method: unknown = Reflect.get(response, name);
  if (typeof method !== "function") return;
  const call = (args: readonly unknown[]): unknown => Reflect.apply(method, response, args);
  Reflect.set(response, name, (...args: unknown[]) => around(call, args));
}
