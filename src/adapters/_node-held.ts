import type { ServerResponse } from "node:http";
import { ownProperty } from "./_node-properties.ts";
import { isHttp2 } from "./_node-response.ts";

// What makes a response that is held back look like one that is not.

/** What an answer is like that is held back. */
export interface Begun {
  readonly isHeld: boolean;
  /** Whether the application has ended it. */
  readonly hasEnded: boolean;
}

/** Where a response keeps how it is to look. */
const LOOK: unique symbol = Symbol("keepsake.look");

interface LookedAt extends ServerResponse {
  [LOOK]?: Look;
}

/** A response, seen from what is put on it. */
interface Looking {
  readonly [LOOK]: Look;
}

/** Makes a response look begun, and its head sent, while the answer is held back. */
export function lookBegun(response: LookedAt, begun: Begun): void {
  const { [LOOK]: look } = response;
  // A second kind of session may be saved while the first is.
  if (look === undefined) response[LOOK] = new Look(response, begun);
  else look.add(begun);
}

const CHANGES_HEAD = ["setHeader", "setHeaders", "appendHeader", "removeHeader", "writeEarlyHints"];
const SEEMS_BEGUN = ["headersSent", "writableEnded", "finished"] as const;
type PropertyName = (typeof SEEMS_BEGUN)[number];

/** What stands before the methods and the properties of one response. */
class Look {
  readonly #response: ServerResponse;
  readonly #begun: Begun[];
  readonly #methods: Record<string, unknown> = {};
  /** Own properties that were there before. */
  readonly #before: { [name in PropertyName]?: PropertyDescriptor | undefined } = {};

  constructor(response: ServerResponse, begun: Begun) {
    this.#response = response;
    this.#begun = [begun];
    for (const name of CHANGES_HEAD) {
      const method: unknown = Reflect.get(response, name);
      // HTTP/2 takes hints at any time.
      if (typeof method !== "function" || (name === "writeEarlyHints" && isHttp2(response)))
        continue;
      this.#methods[name] = method;
      Reflect.set(response, name, METHODS[name]);
    }
    for (const name of SEEMS_BEGUN) {
      const before = ownProperty(response, name);
      if (before !== undefined && before.get === undefined) continue;
      this.#before[name] = before;
      Object.defineProperty(response, name, DESCRIPTORS[name]);
    }
  }

  add(begun: Begun): void {
    this.#begun.push(begun);
  }

  get #isHeld(): boolean {
    return this.#begun.some(({ isHeld }) => isHeld);
  }

  change(name: string, args: readonly unknown[]): unknown {
    if (this.#isHeld) throw headSent(this.#response);
    return Reflect.apply(this.#methods[name] as () => unknown, this.#response, args);
  }

  read(name: PropertyName): unknown {
    const asks = name === "headersSent" ? isHeld : hasEnded;
    if (this.#begun.some(asks)) return true;
    const { [name]: before } = this.#before;
    if (before?.get !== undefined) return before.get.call(this.#response);
    return Reflect.get(Object.getPrototypeOf(this.#response), name, this.#response);
  }

  /** Where another answer has given way before, what stands there takes it. */
  assign(name: PropertyName, next: unknown): void {
    this.#before[name]?.set?.call(this.#response, next);
  }
}

function isHeld(begun: Begun): boolean {
  return begun.isHeld;
}

function hasEnded(begun: Begun): boolean {
  return begun.isHeld && begun.hasEnded;
}

// The same for all responses: what is made for a single one costs more than its save.

const METHODS = Object.fromEntries(
  CHANGES_HEAD.map((name) => [
    name,
    function (this: Looking, ...args: unknown[]): unknown {
      return this[LOOK].change(name, args);
    },
  ]),
);

const DESCRIPTORS = {
  headersSent: descriptorOf("headersSent"),
  writableEnded: descriptorOf("writableEnded"),
  finished: descriptorOf("finished"),
};

function descriptorOf(name: PropertyName): PropertyDescriptor {
  return {
    configurable: true,
    enumerable: true,
    get(this: Looking): unknown {
      return this[LOOK].read(name);
    },
    set(this: Looking, next: unknown) {
      this[LOOK].assign(name, next);
    },
  };
}

/**
 * What Node keeps of a response as plain properties. To put accessors in their place would make every later use of the
 * response slow, so they are set, and set back.
 */
export class PlainState {
  readonly #response: ServerResponse;
  readonly status: number;
  readonly #message: string;
  readonly #hasFinished: boolean;

  constructor(response: ServerResponse) {
    this.#response = response;
    this.status = response.statusCode;
    // HTTP/2 has no such words, and warns.
    this.#message = isHttp2(response) ? "" : response.statusMessage;
    const finished = Object.getOwnPropertyDescriptor(response, "finished");
    this.#hasFinished = finished !== undefined && finished.get === undefined;
  }

  /** The application has ended its answer. */
  end(): void {
    if (this.#hasFinished) Reflect.set(this.#response, "finished", true);
  }

  /** From here on they are Node's own. What the application assigned meanwhile counts for nothing. */
  restore(): void {
    const response = this.#response;
    if (this.#hasFinished) Reflect.set(response, "finished", false);
    if (response.statusCode !== this.status) response.statusCode = this.status;
    if (!isHttp2(response) && response.statusMessage !== this.#message) {
      response.statusMessage = this.#message;
    }
  }
}

/** What Node throws where the head of a response is changed too late. */
export function headSent(response: ServerResponse): Error {
  const [code, message] = isHttp2(response)
    ? ["ERR_HTTP2_HEADERS_SENT", "Response has already been initiated."]
    : ["ERR_HTTP_HEADERS_SENT", "Cannot set headers after they are sent to the client"];
  return Object.assign(new Error(message), { code });
}

type Listener = (...args: unknown[]) => void;

/**
 * Those who wait for `drain`, because a write that is held back has told them to, on a response whose `on` somebody has
 * replaced: compression keeps the event to itself until its own stream has begun, and with it whoever listens.
 */
export class Drains {
  readonly #response: ServerResponse;
  /** Those whom the event does not reach. */
  readonly #unreached: Listener[] = [];
  #isOver = false;

  constructor(response: ServerResponse) {
    this.#response = response;
    const { on } = response;
    response.on = ((event: string, listener: Listener): ServerResponse => {
      on.call(response, event, listener);
      if (event === "drain" && !this.#isOver && !response.rawListeners(event).includes(listener)) {
        this.#unreached.push(listener);
      }
      return response;
    }) as ServerResponse["on"];
  }

  /** From here on the event is Node's own. */
  end(): void {
    this.#isOver = true;
  }

  /** Has those go on whom the event does not reach. */
  call(): void {
    for (const listener of this.#unreached) Reflect.apply(listener, this.#response, []);
  }
}
