import type { IncomingMessage, ServerResponse } from "node:http";

/** What an application answered. */
export interface Answer {
  readonly status: number;
  readonly setCookies: readonly string[];
  readonly body: string;
}

/** An application that is asked without a network. */
export interface Host {
  /** Asks and gives the answer. */
  ask(path: Path, cookie?: string): Promise<Answer>;
  /** Asks and only waits for the end of the answer: what is measured. */
  send(path: Path, cookie?: string): Promise<unknown>;
  /** For a server on Node's own http. */
  readonly listener?: Listener;
  /** For a server that calls it with a Fetch Request. */
  readonly handler?: FetchHandler;
  close?(): Promise<void>;
}

export type Listener = (request: IncomingMessage, response: ServerResponse) => void;
export type FetchHandler = (request: Request) => Response | Promise<Response>;
export type Path = "/untouched" | "/begin" | "/read" | "/change";

/** What every request has, as behind a proxy that ends TLS. */
export const HEADERS = { host: "bench.example", "x-forwarded-proto": "https" } as const;

/** The text of an answer, from what an action gave. */
export function textOf(value: unknown): string {
  return value === undefined ? "none" : String(value);
}

/** Does something with a value: at once, or when a promise is kept, as a framework would. */
export function whenDone<T>(value: unknown, act: (value: unknown) => T): T | Promise<T> {
  return value instanceof Promise ? value.then(act) : act(value);
}
