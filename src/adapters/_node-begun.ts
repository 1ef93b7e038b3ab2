import type { ServerResponse } from "node:http";
import { isHttp2 } from "./_node.ts";
import { PROGRESS, type Watching, watch } from "./_node-properties.ts";

/** What an answer is like that is held back. */
export interface Begun extends Watching {
  readonly isHeld: boolean;
}

/** Makes a response look begun, and its head sent, while the answer is held back. */
export function lookBegun(response: LockedResponse, begun: Begun): void {
  const names = PROGRESS.filter((name) => !isPlain(response, name));
  watch(response, names, begun);
  // A second kind of session may be saved while the first is.
  if (response[HEAD] === undefined) response[HEAD] = new LockedHead(response, begun);
  else response[HEAD].add(begun);
}

/** Then there is a `PlainState`, which sees to it. */
function isPlain(response: ServerResponse, name: string): boolean {
  const own = Object.getOwnPropertyDescriptor(response, name);
  return own !== undefined && own.get === undefined;
}

/** Where a response keeps the methods that change its head. */
const HEAD: unique symbol = Symbol("keepsake.head");

interface LockedResponse extends ServerResponse {
  [HEAD]?: LockedHead;
}

const CHANGES_HEAD = ["setHeader", "setHeaders", "appendHeader", "removeHeader", "writeEarlyHints"];

/** What stands before the methods that change the head of one response. */
class LockedHead {
  readonly #response: ServerResponse;
  readonly #begun: Begun[];
  readonly #methods: Record<string, unknown> = {};

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
  }

  add(begun: Begun): void {
    this.#begun.push(begun);
  }

  change(name: string, args: readonly unknown[]): unknown {
    if (this.#begun.some(({ isHeld }) => isHeld)) throw headSent(this.#response);
    return Reflect.apply(this.#methods[name] as () => unknown, this.#response, args);
  }
}

// The same for all responses: what is made for a single one costs more than its save.
const METHODS = Object.fromEntries(
  CHANGES_HEAD.map((name) => [
    name,
    function (this: { readonly [HEAD]: LockedHead }, ...args: unknown[]): unknown {
      return this[HEAD].change(name, args);
    },
  ]),
);

/** What Node throws where the head of a response is changed too late. */
export function headSent(response: ServerResponse): Error {
  const [code, message] = isHttp2(response)
    ? ["ERR_HTTP2_HEADERS_SENT", "Response has already been initiated."]
    : ["ERR_HTTP_HEADERS_SENT", "Cannot set headers after they are sent to the client"];
  return Object.assign(new Error(message), { code });
}
