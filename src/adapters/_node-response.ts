import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";

/** The methods of a response as they are before they are replaced. */
export type Originals = Pick<
  ServerResponse,
  "writeHead" | "write" | "end" | "flushHeaders" | "setHeader" | "removeHeader" | "on" | "destroy"
>;

export function originalsOf(response: ServerResponse): Originals {
  const { writeHead, write, end, flushHeaders, setHeader, removeHeader, on, destroy } = response;
  return { writeHead, write, end, flushHeaders, setHeader, removeHeader, on, destroy };
}

/** The streams that are piped into a response. */
export class PipedSources {
  readonly #sources = new Set<Readable>();
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
    response.on("pipe", (source: Readable) => this.#sources.add(source));
    response.on("unpipe", (source: Readable) => this.#sources.delete(source));
  }

  /**
   * Takes them off the response, and ends those that nobody else reads: a file would stay open for ever.
   *
   * @returns Whether there were any.
   */
  release(): boolean {
    const sources = [...this.#sources];
    for (const source of sources) {
      source.unpipe(this.#response);
      if (source.listenerCount("data") === 0) source.destroy();
    }
    return sources.length > 0;
  }
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
    for (const [name, value] of Object.entries(headers)) {
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

/** Makes a property true as long as `early` is, and what it is by itself otherwise. */
export function appear(
  response: ServerResponse,
  name: "headersSent" | "writableEnded" | "finished",
  early: () => boolean,
): void {
  watch(response, name, { read: (value) => early() || value });
}

/** Makes an assignment to a property count for nothing as long as `isLocked` is true. */
export function lock(
  response: ServerResponse,
  name: "statusCode" | "statusMessage",
  isLocked: () => boolean,
): void {
  watch(response, name, { isLocked });
}

/** Puts itself between a property, be it a value or an accessor, and those who read and assign it. */
function watch(
  response: ServerResponse,
  name: string,
  {
    read = (value) => value,
    isLocked = () => false,
  }: { readonly read?: (value: unknown) => unknown; readonly isLocked?: () => boolean },
): void {
  const inherited = findProperty(response, name);
  let value: unknown = inherited?.value;
  Object.defineProperty(response, name, {
    configurable: true,
    enumerable: true,
    get: () => read(inherited?.get === undefined ? value : inherited.get.call(response)),
    set(next: unknown) {
      if (isLocked()) return;
      value = next;
      inherited?.set?.call(response, next);
    },
  });
}

function findProperty(response: ServerResponse, name: string): PropertyDescriptor | undefined {
  for (
    let object: object | null = response;
    object !== null;
    object = Object.getPrototypeOf(object)
  ) {
    const own = Object.getOwnPropertyDescriptor(object, name);
    if (own !== undefined) return own;
  }
  return undefined;
}
