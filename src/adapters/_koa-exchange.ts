import type { ExtendableContext } from "koa";
import type { SessionError } from "../core/errors.ts";
import type { Eventually } from "../core/promises.ts";
import type { Session } from "../core/session.ts";
import type { AdapterMiddleware } from "./_middleware.ts";
import { nodeResponse } from "./_node.ts";
import { NodeExchange } from "./_node-exchange.ts";
import { asError, isClientsFault, refusalText } from "./_refusal.ts";

/** One request's way through its session, which is saved before Koa writes the answer. */
export class KoaExchange<Data extends object> extends NodeExchange<Data> {
  readonly #ctx: ExtendableContext;

  constructor(middleware: AdapterMiddleware<Data>, ctx: ExtendableContext, session: Session<Data>) {
    super(middleware, ctx.req, ctx.res);
    this.#ctx = ctx;
    this.loaded = session;
  }

  /** Throws, or rejects, what kept the session from being saved. */
  saveUsed(): Eventually<void> {
    return this.closeUnused() ? undefined : this.saveFirst(nodeResponse(this.response));
  }

  fail(error: unknown): void {
    const ctx = this.#ctx;
    if (isClientsFault(error)) {
      refuse(ctx, error);
      ctx.res.end(refusalText(error));
    } else ctx.onerror(asError(error));
  }
}

/** Answered here, because an application logs its errors, and any client can cause this one. */
export function refuse(ctx: ExtendableContext, error: SessionError): void {
  ctx.status = error.status;
  ctx.type = "text";
  ctx.body = refusalText(error);
}
