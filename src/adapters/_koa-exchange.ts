import type { ExtendableContext } from "koa";
import type { SessionError } from "../core/errors.ts";
import type { SessionResponse } from "../core/exchange.ts";
import type { SessionMiddleware } from "../core/middleware.ts";
import type { Eventually } from "../core/promises.ts";
import type { Session } from "../core/session.ts";
import { nodeRequest, nodeResponse } from "./_node.ts";
import type { BeforeHeaders } from "./_node-hold.ts";
import { LateSave } from "./_node-late.ts";
import { isClientsFault, refusalText } from "./_refusal.ts";

/** One request's way through its session. */
export class KoaExchange<Data extends object> implements BeforeHeaders {
  readonly #middleware: SessionMiddleware<Data>;
  readonly #ctx: ExtendableContext;
  readonly #session: Session<Data>;
  #isUnused = false;
  /** The save that Koa's answer waits for, once it has begun. */
  #late: LateSave<Data> | undefined;

  constructor(middleware: SessionMiddleware<Data>, ctx: ExtendableContext, session: Session<Data>) {
    this.#middleware = middleware;
    this.#ctx = ctx;
    this.#session = session;
  }

  /** Saves before Koa writes the answer. Throws, or rejects, what kept the session from being saved. */
  saveFirst(): Eventually<void> {
    if (this.closeUnused()) return undefined;
    const { req, res } = this.#ctx;
    this.#late = new LateSave(this.#middleware, req, res);
    return this.#late.save(this.#session, nodeResponse(res));
  }

  closeUnused(): boolean {
    if (this.#late === undefined && !this.#isUnused) {
      this.#isUnused = this.#middleware.closeUnused(this.#session);
    }
    return this.#isUnused;
  }

  save(leaving: SessionResponse): Eventually<void> {
    if (this.#late !== undefined) return this.#late.uphold();
    return this.#middleware.save(nodeRequest(this.#ctx.req), leaving, this.#session);
  }

  fail(error: unknown): void {
    const ctx = this.#ctx;
    if (isClientsFault(error)) {
      refuse(ctx, error);
      ctx.res.end(refusalText(error));
    } else ctx.onerror(error instanceof Error ? error : new Error(String(error)));
  }
}

/** Answered here, because an application logs its errors, and any client can cause this one. */
export function refuse(ctx: ExtendableContext, error: SessionError): void {
  ctx.status = error.status;
  ctx.type = "text";
  ctx.body = refusalText(error);
}
