import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";

/** The methods of a response as they are before they are replaced. */
export type Originals = Pick<
  ServerResponse,
  "writeHead" | "write" | "end" | "flushHeaders" | "setHeader" | "appendHeader" | "on" | "destroy"
>;

export function originalsOf(response: ServerResponse): Originals {
  const { writeHead, write, end, flushHeaders, setHeader, appendHeader, on, destroy } = response;
  return { writeHead, write, end, flushHeaders, setHeader, appendHeader, on, destroy };
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

  /** Takes them off the response, and ends those that nobody else reads: a file would stay open for ever. */
  release(): void {
    for (const source of this.#sources) {
      source.unpipe(this.#response);
      if (source.listenerCount("data") === 0) source.destroy();
    }
  }
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

type Property = "headersSent" | "writableEnded" | "finished" | "statusCode";

/** Makes a property true as long as `early` is, and what it is by itself otherwise. */
export function appear(
  response: ServerResponse,
  name: Exclude<Property, "statusCode">,
  early: () => boolean,
): void {
  watch(response, name, { read: (value) => early() || value });
}

/** Puts itself between a property, be it a value or an accessor, and those who read and assign it. */
export function watch(
  response: ServerResponse,
  name: Property,
  {
    read = (value) => value,
    assigned,
  }: { readonly read?: (value: unknown) => unknown; readonly assigned?: () => void },
): void {
  const inherited = findProperty(response, name);
  let value: unknown = inherited?.value;
  Object.defineProperty(response, name, {
    configurable: true,
    enumerable: true,
    get: () => read(inherited?.get === undefined ? value : inherited.get.call(response)),
    set(next: unknown) {
      assigned?.();
      value = next;
      inherited?.set?.call(response, next);
    },
  });
}

function findProperty(response: ServerResponse, name: Property): PropertyDescriptor | undefined {
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
