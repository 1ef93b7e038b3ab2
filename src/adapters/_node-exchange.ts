import type { IncomingMessage, ServerResponse } from "node:http";
import type { SessionResponse } from "../core/exchange.ts";
import type { Eventually } from "../core/promises.ts";
import type { Session } from "../core/session.ts";
import type { AdapterMiddleware } from "./_middleware.ts";
import { nodeRequest } from "./_node.ts";
import type { BeforeHeaders } from "./_node-hold.ts";
import { LateSave } from "./_node-late.ts";

/**
 * One request's way through its session, which is saved when the answer begins; or before, where a framework can still be
 * told of a failure then.
 */
export abstract class NodeExchange<Data extends object> implements BeforeHeaders {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** `undefined` while it is being loaded. */
  loaded: Session<Data> | undefined;
  protected readonly middleware: AdapterMiddleware<Data>;
  /** The save that a framework's answer waits for, once it has begun; or what kept the session from being loaded. */
  protected late: LateSave<Data> | undefined;
  /** Whether there is nothing to save, and never will be. */
  protected isUnused = false;
  /** Whether it has been saved as the answer began. */
  #hasBegun = false;

  constructor(
    middleware: AdapterMiddleware<Data>,
    request: IncomingMessage,
    response: ServerResponse,
  ) {
    this.middleware = middleware;
    this.request = request;
    this.response = response;
  }

  /** Answers a request whose session could not be saved when its answer began. */
  abstract fail(error: unknown): void;

  closeUnused(): boolean {
    if (this.isUnused || this.late !== undefined) return this.isUnused;
    // Who answers while it is still being loaded has not used it.
    if (this.loaded === undefined) return true;
    this.isUnused = this.middleware.closeUnused(this.loaded);
    return this.isUnused;
  }

  save(leaving: SessionResponse): Eventually<void> {
    if (this.late !== undefined) return this.late.uphold(leaving);
    this.#hasBegun = true;
    const { loaded } = this;
    return loaded && this.middleware.save(nodeRequest(this.request), leaving, loaded);
  }

  saveUnanswered(): void {
    if (this.loaded === undefined || this.late !== undefined || this.#hasBegun) return;
    this.#hasBegun = true;
    // Nobody is left to be told but the operator, by an event.
    this.middleware.saveUnanswered(nodeRequest(this.request), this.loaded).catch(() => undefined);
  }

  /** Saves before a framework writes the answer. Throws, or rejects, what kept the session from being saved. */
  protected saveFirst(answer: SessionResponse): Eventually<void> {
    this.late = new LateSave(this.middleware, this.request, this.response);
    return this.loaded && this.late.save(this.loaded, answer);
  }
}
