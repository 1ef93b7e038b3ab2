import type { IncomingMessage, ServerResponse } from "node:http";
import { forbidCaching } from "../core/caching.ts";
import type { SessionResponse } from "../core/exchange.ts";
import { type Line, NotingResponse, put } from "../core/lines.ts";
import type { SessionMiddleware } from "../core/middleware.ts";
import { type Eventually, isThenable } from "../core/promises.ts";
import type { Session } from "../core/session.ts";
import { nodeRequest, nodeResponse } from "./_node.ts";
import { addHeaders, statusOf } from "./_refusal.ts";

// For frameworks in which others still change the response between the save and the moment its headers leave.

/** The save of one request that takes place before the framework writes the answer, and what is left to do after it. */
export class LateSave<Data extends object> {
  readonly #middleware: SessionMiddleware<Data>;
  readonly #request: IncomingMessage;
  readonly #response: MarkedResponse;
  /** While it has to be waited for. */
  #saving: { readonly done: Promise<void>; readonly noting: NotingResponse } | undefined;
  #kept: Kept | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(
    middleware: SessionMiddleware<Data>,
    request: IncomingMessage,
    response: MarkedResponse,
  ) {
    this.#middleware = middleware;
    this.#request = request;
    this.#response = response;
  }

  /** What it failed with. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Saves, and remembers what that puts on the answer. Throws, or rejects, what kept the session from being saved. */
  save(session: Session<Data>, answer: SessionResponse): Eventually<void> {
    const noting = new NotingResponse(answer);
    let saving: Eventually<void>;
    try {
      saving = this.#middleware.save(nodeRequest(this.#request), noting, session);
    } catch (error) {
      this.fail(error);
      throw error;
    }
    if (isThenable(saving)) return this.#saveLater(saving, noting);
    this.#kept = keptOf(noting);
    return undefined;
  }

  async #saveLater(done: Promise<void>, noting: NotingResponse): Promise<void> {
    this.#saving = { done, noting };
    try {
      await done;
    } catch (error) {
      this.fail(error);
      throw error;
    }
    this.#saving = undefined;
    this.#kept = keptOf(noting);
  }

  /** Takes all that is answered from here on for the answer to an error. */
  fail(error: unknown): void {
    this.#saving = undefined;
    this.#failure = { error };
    this.#response[REFUSED] = true;
  }

  /**
   * Called when the headers leave: sees to it that what was saved is told, whatever has become of the answer since. A token
   * that got lost would log its visitor out, because the old one is dead. And that the answer to an error is no success, and
   * has what the error says it has to carry.
   */
  uphold(leaving: SessionResponse): Eventually<void> {
    if (this.#saving !== undefined) {
      // Somebody answers by hand meanwhile.
      this.#saving.noting.moveTo(leaving);
      return this.#saving.done;
    }
    if (this.#failure !== undefined) insist(this.#response, this.#failure.error);
    else if (this.#kept !== undefined) this.#tell(this.#kept);
    return undefined;
  }

  #tell({ vary, isPrivate, lines }: Kept): void {
    const response = this.#response;
    const leaving = nodeResponse(response);
    if (vary !== null && leaving.headers.get("vary") !== vary) put(leaving, ["vary", vary]);
    if (isPrivate) forbidCaching(leaving, this.#middleware.onEvent);
    if (lines.length === 0 || response[REFUSED] === true) return;
    for (const line of lines) put(leaving, line);
  }
}

/** Marks a response that a session could not be saved with: it carries no token of another one that was saved before, either. */
const REFUSED: unique symbol = Symbol("keepsake.refused");

interface MarkedResponse extends ServerResponse {
  [REFUSED]?: true;
}

/** What a save has put on an answer. */
interface Kept {
  readonly vary: string | null;
  readonly isPrivate: boolean;
  readonly lines: readonly Line[];
}

const NONE: readonly Line[] = [];

function keptOf({ headers, lines }: NotingResponse): Kept {
  const vary = headers.get("vary");
  const isPrivate = headers.get("cache-control") === "no-store";
  // What most have that only read.
  if (lines.every(([name]) => name === "vary")) return { vary, isPrivate, lines: NONE };
  const cookies = headers.getSetCookie();
  const kept = lines.filter(([name, value]) => {
    if (name === "set-cookie") return cookies.includes(value);
    return name !== "vary" && name !== "cache-control" && headers.get(name) === value;
  });
  return { vary, isPrivate, lines: kept };
}

function insist(response: ServerResponse, error: unknown): void {
  if (response.statusCode < 300) response.statusCode = statusOf(error);
  addHeaders(nodeResponse(response), error);
}
