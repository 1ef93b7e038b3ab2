import type { ServerResponse } from "node:http";

/** What tells that an answer has begun, or has ended. */
export const PROGRESS = ["headersSent", "writableEnded", "finished"] as const;

type WatchedName = (typeof PROGRESS)[number] | "statusCode" | "statusMessage";

/** What stands before properties, of one kind of session or of an answer that gives way. */
export interface Watching {
  /** What is read where the property itself has `value`. Default: that. */
  read?(name: WatchedName, value: unknown): unknown;
  /** Whether an assignment counts for nothing. Default: no. */
  isLocked?(): boolean;
}

/** Puts itself between properties, be they values or accessors, and those who read and assign them. */
export function watch(
  response: WatchedResponse,
  names: readonly WatchedName[],
  watching: Watching,
): void {
  response[WATCHED] ??= {};
  const watched = response[WATCHED];
  for (const name of names) {
    const found = findProperty(response, name);
    const descriptor = WATCHED_PROPERTIES[name];
    // What stands there already may be our own, of another kind of session.
    const below = found?.get === descriptor.get ? watched[name] : undefined;
    watched[name] = new Watched(response, name, below ?? found, watching);
    Object.defineProperty(response, name, descriptor);
  }
}

/** Where a response keeps what stands before its properties. */
const WATCHED: unique symbol = Symbol("keepsake.watched");

interface WatchedResponse extends ServerResponse {
  [WATCHED]?: { [name in WatchedName]?: Watched };
}

class Watched {
  readonly #response: ServerResponse;
  readonly #name: WatchedName;
  readonly #below: Watched | PropertyDescriptor | undefined;
  readonly #watching: Watching;
  #value: unknown;

  constructor(
    response: ServerResponse,
    name: WatchedName,
    below: Watched | PropertyDescriptor | undefined,
    watching: Watching,
  ) {
    this.#response = response;
    this.#name = name;
    this.#below = below;
    this.#watching = watching;
    this.#value = below instanceof Watched ? undefined : below?.value;
  }

  read(): unknown {
    const value = this.#readBelow();
    return this.#watching.read === undefined ? value : this.#watching.read(this.#name, value);
  }

  #readBelow(): unknown {
    if (this.#below instanceof Watched) return this.#below.read();
    return this.#below?.get === undefined ? this.#value : this.#below.get.call(this.#response);
  }

  assign(next: unknown): void {
    if (this.#watching.isLocked?.() === true) return;
    this.#value = next;
    if (this.#below instanceof Watched) this.#below.assign(next);
    else this.#below?.set?.call(this.#response, next);
  }
}

// The same accessors for all responses: V8 keeps those of single ones, and all that they know, until a full collection, and
// once it has seen some hundreds of them the responses that have none as well.
const WATCHED_PROPERTIES: Readonly<Record<WatchedName, PropertyDescriptor>> = {
  headersSent: watchedProperty("headersSent"),
  writableEnded: watchedProperty("writableEnded"),
  finished: watchedProperty("finished"),
  statusCode: watchedProperty("statusCode"),
  statusMessage: watchedProperty("statusMessage"),
};

function watchedProperty(name: WatchedName): PropertyDescriptor {
  return {
    configurable: true,
    enumerable: true,
    get(this: WatchedResponse): unknown {
      return this[WATCHED]?.[name]?.read();
    },
    set(this: WatchedResponse, next: unknown) {
      this[WATCHED]?.[name]?.assign(next);
    },
  };
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
