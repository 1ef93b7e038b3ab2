import type { ServerResponse } from "node:http";

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

interface Watching {
  readonly read?: (value: unknown) => unknown;
  readonly isLocked?: () => boolean;
}

/** Puts itself between a property, be it a value or an accessor, and those who read and assign it. */
function watch(response: WatchedResponse, name: WatchedName, watching: Watching): void {
  const { [WATCHED]: watched = {} } = response;
  const found = findProperty(response, name);
  const descriptor = WATCHED_PROPERTIES[name];
  // What stands there already may be our own, of another kind of session.
  const below = found?.get === descriptor.get ? watched[name] : undefined;
  watched[name] = new Watched(response, below ?? found, watching);
  response[WATCHED] = watched;
  Object.defineProperty(response, name, descriptor);
}

/**
 * An own property of a response as it is now, whatever is put over it later. Of our own accessors only what they stand for
 * now will do: they read whatever stands over all others.
 */
export function ownProperty(
  response: WatchedResponse,
  name: WatchedName,
): PropertyDescriptor | undefined {
  const found = Object.getOwnPropertyDescriptor(response, name);
  const { [name]: watched } = response[WATCHED] ?? {};
  if (watched === undefined || found?.get !== WATCHED_PROPERTIES[name].get) return found;
  return { ...found, get: () => watched.read(), set: (next) => watched.assign(next) };
}

/** Where a response keeps what stands before its properties. */
const WATCHED: unique symbol = Symbol("keepsake.watched");

type WatchedName = "headersSent" | "writableEnded" | "finished" | "statusCode" | "statusMessage";

interface WatchedResponse extends ServerResponse {
  [WATCHED]?: { [name in WatchedName]?: Watched };
}

class Watched {
  readonly #response: ServerResponse;
  readonly #below: Watched | PropertyDescriptor | undefined;
  readonly #watching: Watching;
  #value: unknown;

  constructor(
    response: ServerResponse,
    below: Watched | PropertyDescriptor | undefined,
    watching: Watching,
  ) {
    this.#response = response;
    this.#below = below;
    this.#watching = watching;
    this.#value = below instanceof Watched ? undefined : below?.value;
  }

  read(): unknown {
    const value = this.#readBelow();
    return this.#watching.read === undefined ? value : this.#watching.read(value);
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
