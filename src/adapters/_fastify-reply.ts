import type { FastifyReply } from "fastify";
import type { SessionResponse } from "../core/exchange.ts";
import { headerText, headerValues } from "./_node.ts";

/** A reply as the core changes it, which keeps its headers apart from those of the response. */
export function replyResponse(reply: FastifyReply, payload?: unknown): SessionResponse {
  // A Response that is sent sets its status later.
  return new ReplyResponse(reply, isResponse(payload) ? payload.status : reply.statusCode);
}

/** Its own headers, too. */
class ReplyResponse implements SessionResponse {
  readonly status: number;
  readonly #reply: FastifyReply;

  constructor(reply: FastifyReply, status: number) {
    this.#reply = reply;
    this.status = status;
  }

  get headers(): this {
    return this;
  }

  get(name: string): string | null {
    return headerText(this.#reply.getHeader(name));
  }

  set(name: string, value: string | string[]): void {
    this.#reply.removeHeader(name).header(name, value);
  }

  append(name: string, value: string): void {
    const list = [...this.#values(name), value];
    this.set(name, name.toLowerCase() === "set-cookie" ? list : list.join(", "));
  }

  delete(name: string): void {
    this.#reply.removeHeader(name);
  }

  getSetCookie(): string[] {
    return this.#values("set-cookie");
  }

  #values(name: string): string[] {
    return headerValues(this.#reply.getHeader(name));
  }
}

/** Ends a stream that nobody will read: a file would stay open for ever. */
export function discard(payload: unknown): void {
  if (typeof payload !== "object" || payload === null) return;
  if (isResponse(payload)) void payload.body?.cancel();
  else if (payload instanceof ReadableStream) void payload.cancel();
  else if ("destroy" in payload && typeof payload.destroy === "function") payload.destroy();
}

/** As Fastify itself tells one: there may be several classes of that name. */
function isResponse(payload: unknown): payload is Response {
  return Object.prototype.toString.call(payload) === "[object Response]";
}
