import type { ServerResponse } from "node:http";
import { isHttp2, lock, wrap } from "./_node-response.ts";

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

/** Those who wait for `drain`, because a write that is held back has told them to. */
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
      // Compression keeps the event to itself until its own stream has begun, and with it whoever listens.
      if (event === "drain" && !this.#isOver && !response.rawListeners(event).includes(listener)) {
        this.#unreached.push(listener);
      }
      return response;
    }) as ServerResponse["on"];
  }

  /** From here on the event is Node's own. @param due Whether those who wait are to go on at once. */
  end(due: boolean): void {
    this.#isOver = true;
    if (!due) return;
    this.#response.emit("drain");
    for (const listener of this.#unreached) Reflect.apply(listener, this.#response, []);
  }
}

/** Trailers wait for the save as all else does: those of an answer that is dropped must not follow the other one. */
export class HeldTrailers {
  #calls: (() => unknown)[] | undefined = [];

  constructor(response: ServerResponse) {
    // The latter is HTTP/2's.
    for (const name of ["addTrailers", "setTrailer"]) {
      wrap(response, name, (call, args) => {
        if (this.#calls === undefined) return call(args);
        this.#calls.push(() => call(args));
        return undefined;
      });
    }
  }

  release(): void {
    const calls = this.#calls ?? [];
    this.#calls = undefined;
    for (const call of calls) call();
  }

  discard(): void {
    this.#calls = undefined;
  }
}
