import type { IncomingMessage, ServerResponse } from "node:http";
import { forbidCaching } from "../core/caching.ts";
import { SessionError } from "../core/errors.ts";
import type { OnEvent } from "../core/events.ts";
import { addVary, type SessionResponse } from "../core/exchange.ts";
import type { SessionMiddleware } from "../core/middleware.ts";
import { type Eventually, isThenable } from "../core/promises.ts";
import type { Session } from "../core/session.ts";
import { type Line, noting } from "./_endings.ts";
import { nodeRequest, nodeResponse } from "./_node.ts";
import type { BeforeHeaders } from "./_node-hold.ts";
import { statusOf } from "./_refusal.ts";

// For frameworks in which others still change the response between the save and the moment its headers leave.

/** A request, its response and its session, and what answers where that cannot be saved. */
export interface Exchanged<Data extends object> {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly session: Session<Data>;
  fail(error: unknown): void;
}

/** One request's way through its session, where that is saved before the framework writes the answer. */
export class LateExchange<Data extends object> implements BeforeHeaders {
  readonly #middleware: SessionMiddleware<Data>;
  readonly #onEvent: OnEvent;
  readonly #exchanged: Exchanged<Data>;
  #isUnused = false;
  /** What is left to do when the headers leave, once there was a save. */
  #atLast: (() => Eventually<void>) | undefined;

  constructor(middleware: SessionMiddleware<Data>, onEvent: OnEvent, exchanged: Exchanged<Data>) {
    this.#middleware = middleware;
    this.#onEvent = onEvent;
    this.#exchanged = exchanged;
  }

  closeUnused(): boolean {
    if (this.#atLast === undefined && !this.#isUnused) {
      this.#isUnused = this.#middleware.closeUnused(this.#exchanged.session);
    }
    return this.#isUnused;
  }

  save(leaving: SessionResponse): Eventually<void> {
    return this.#atLast === undefined ? this.#save(leaving) : this.#atLast();
  }

  fail(error: unknown): void {
    this.#exchanged.fail(error);
  }

  #save(leaving: SessionResponse): Eventually<void> {
    const { req, session } = this.#exchanged;
    return this.#middleware.save(nodeRequest(req), leaving, session);
  }

  /** Saves before the headers leave. Throws, or rejects, what kept the session from being saved. */
  saveFirst(): Eventually<void> {
    if (this.closeUnused()) return undefined;
    const { res } = this.#exchanged;
    const lines: Line[] = [];
    const response = nodeResponse(res);
    const uphold = (): void => {
      this.#atLast = upheld(response, lines, res, this.#onEvent);
    };
    const fail = (error: unknown): never => {
      this.#atLast = insist(res, error);
      throw error;
    };
    let saving: Eventually<void>;
    try {
      saving = this.save(noting(response, lines));
    } catch (error) {
      return fail(error);
    }
    if (!isThenable(saving)) return uphold();
    this.#atLast = () => saving;
    return saving.then(uphold, fail);
  }
}

/** The responses that a session could not be saved with: they carry no token of another one that was saved before, either. */
const refused = new WeakSet<ServerResponse>();

/**
 * Remembers what a save put on its response: a token that got lost would log its visitor out, because the old one is dead.
 *
 * @param lines What the save has put there.
 * @returns What sees to it that it still holds when the headers leave, also those of an error that came later.
 */
export function upheld(
  saved: SessionResponse,
  lines: readonly Line[],
  response: ServerResponse,
  onEvent: OnEvent,
): () => void {
  const vary = saved.headers.get("vary");
  const isPrivate = saved.headers.get("cache-control") === "no-store";
  const cookies = saved.headers.getSetCookie();
  const kept = lines.filter(([name, value]) => {
    if (name === "set-cookie") return cookies.includes(value);
    return name !== "vary" && name !== "cache-control" && saved.headers.get(name) === value;
  });
  return () => {
    const leaving = nodeResponse(response);
    if (vary !== null && leaving.headers.get("vary") !== vary) put(leaving, ["vary", vary]);
    if (isPrivate) forbidCaching(leaving, onEvent);
    if (refused.has(response)) return;
    for (const line of kept) put(leaving, line);
  };
}

/**
 * Takes all that is answered from here on for the answer to an error.
 *
 * @returns What sees to it, when the headers leave, that it is no success, and has what the error says it has to carry.
 */
export function insist(response: ServerResponse, error: unknown): () => void {
  refused.add(response);
  return () => {
    if (response.statusCode < 300) response.statusCode = statusOf(error);
    if (!(error instanceof SessionError)) return;
    const leaving = nodeResponse(response);
    for (const [name, values] of Object.entries(error.headers)) {
      for (const value of [values].flat()) put(leaving, [name, value]);
    }
  };
}

/** Puts a line on a response that may have it already. */
function put(response: SessionResponse, [name, value]: Line): void {
  const { headers } = response;
  if (name === "vary") addVary(response, value.split(/\s*,\s*/));
  else if (name !== "set-cookie") headers.set(name, value);
  else if (!headers.getSetCookie().includes(value)) headers.append(name, value);
}
