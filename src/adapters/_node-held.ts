import type { ServerResponse } from "node:http";
import { lock } from "./_node-properties.ts";
import { isHttp2, wrap } from "./_node-response.ts";

// What makes a response that is held back look like one that is not.

const CHANGES_HEAD = ["setHeader", "setHeaders", "appendHeader", "removeHeader"];

/** Makes the head of a response what it is after it was sent, while `isLocked` is true. */
export function lockHead(response: ServerResponse, isLocked: () => boolean): void {
  // HTTP/2 takes hints at any time.
  const names = isHttp2(response) ? CHANGES_HEAD : [...CHANGES_HEAD, "writeEarlyHints"];
  for (const name of names) {
    wrap(response, name, (call, args) => {
      if (isLocked()) throw headSent(response);
      return call(args);
    });
  }
  lock(response, "statusCode", isLocked);
  lock(response, "statusMessage", isLocked);
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
