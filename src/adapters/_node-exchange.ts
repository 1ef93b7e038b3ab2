import type { SessionResponse } from "../core/exchange.ts";
import type { SessionMiddleware } from "../core/middleware.ts";
import type { Eventually } from "../core/promises.ts";
import type { Session } from "../core/session.ts";
import { type NodeRequest, nodeRequest } from "./_node.ts";
import type { BeforeHeaders } from "./_node-hold.ts";

/** What answers a request whose session could not be saved. */
type Visit = Pick<BeforeHeaders, "fail">;

/** One request's way through its session, where that is saved when the answer begins. */
export class NodeExchange<Data extends object> implements BeforeHeaders {
  readonly #middleware: SessionMiddleware<Data>;
  readonly #request: NodeRequest;
  readonly #session: Session<Data>;
  readonly #visit: Visit;

  constructor(
    middleware: SessionMiddleware<Data>,
    request: NodeRequest,
    session: Session<Data>,
    visit: Visit,
  ) {
    this.#middleware = middleware;
    this.#request = request;
    this.#session = session;
    this.#visit = visit;
  }

  closeUnused(): boolean {
    return this.#middleware.closeUnused(this.#session);
  }

  save(leaving: SessionResponse): Eventually<void> {
    return this.#middleware.save(nodeRequest(this.#request), leaving, this.#session);
  }

  fail(error: unknown): void {
    this.#visit.fail(error);
  }
}
