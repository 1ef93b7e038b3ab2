import { STATUS_CODES } from "node:http";
import type { DoneFuncWithErrOrRes, FastifyReply, FastifyRequest } from "fastify";
import { SessionError } from "../core/errors.ts";
import type { OnEvent } from "../core/events.ts";
import type { SessionResponse } from "../core/exchange.ts";
import type { SessionMiddleware } from "../core/middleware.ts";
import { type Eventually, isThenable } from "../core/promises.ts";
import type { Session } from "../core/session.ts";
import { type Line, noting } from "./_endings.ts";
import { nodeRequest } from "./_node.ts";
import { textOf } from "./_node-failure.ts";
import { answer, isAnswering } from "./_node-give-way.ts";
import { holdResponse } from "./_node-hold.ts";
import { insist, upheld } from "./_node-late.ts";
import { isClientsFault, refusalText, statusOf } from "./_refusal.ts";

const PLAIN = "text/plain; charset=utf-8";

/** One request's way through its session. */
export class FastifyExchange<Data extends object> {
  readonly #middleware: SessionMiddleware<Data>;
  readonly #onEvent: OnEvent;
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;
  /** The headers that an answer in place of the handler's begins with. */
  #before: ReturnType<FastifyReply["getHeaders"]>;
  #session: () => Session<Data>;
  /** What is left to do when the framework answers. */
  #atSend: (payload: unknown) => Eventually<unknown> = (payload) => payload;
  /** What is left to do when the headers leave. */
  #atLast: (leaving: SessionResponse) => Eventually<void> = () => undefined;

  constructor(
    middleware: SessionMiddleware<Data>,
    onEvent: OnEvent,
    request: FastifyRequest,
    reply: FastifyReply,
  ) {
    this.#middleware = middleware;
    this.#onEvent = onEvent;
    this.#request = request;
    this.#reply = reply;
    this.#before = reply.getHeaders();
    this.#session = () => {
      throw new SessionError("ERR_SESSION_MISSING", "The session is still being loaded.");
    };
  }

  /** Throws what kept it from being loaded. */
  get session(): Session<Data> {
    return this.#session();
  }

  skip(): void {
    const session = this.#middleware.skipped();
    this.#session = () => session;
  }

  load(next: (error?: Error) => void): void {
    const { raw } = this.#reply;
    holdResponse(raw, {
      save: (leaving) => this.#atLast(leaving),
      fail: (error) => this.#answerByHand(error),
    });
    const proceed = (session: Session<Data>): void => {
      this.#session = () => session;
      this.#atSend = (payload) => this.#saveFirst(payload, session);
      this.#atLast = (leaving) => this.#save(leaving, session);
      next();
    };
    const fail = (error: unknown): void => {
      this.#session = () => {
        throw error;
      };
      this.#insistOn(error);
      if (!isClientsFault(error)) this.#passOn(error, next);
      else answer(this, () => this.#reply.type(PLAIN).code(error.status).send(refusalText(error)));
    };
    let loaded: Eventually<Session<Data>>;
    try {
      loaded = this.#middleware.load(nodeRequest(this.#request.raw));
    } catch (error) {
      fail(error);
      return;
    }
    if (isThenable(loaded)) loaded.then(proceed, fail);
    else proceed(loaded);
  }

  /** An error's answer, too, has what the hooks of other plugins have set on every answer. */
  keepHeaders(): void {
    this.#before = this.#reply.getHeaders();
  }

  /**
   * Called before the framework writes an answer. Gives it the payload to send, or what kept the session from being saved,
   * for the error handler to answer.
   */
  send(payload: unknown, next: DoneFuncWithErrOrRes): Promise<unknown> | undefined {
    const fail = (error: unknown): Promise<never> => {
      this.#passOn(error, next);
      return never();
    };
    let sent: Eventually<unknown>;
    try {
      sent = this.#atSend(payload);
    } catch (error) {
      this.#passOn(error, next);
      return undefined;
    }
    // Fastify catches what comes of a promise, and not what comes of a callback that is called later.
    if (isThenable(sent)) return Promise.resolve(sent).catch(fail);
    next(null, sent);
    return undefined;
  }

  /** What the error handler sends is told by this from what the handler may still send. */
  #passOn(error: unknown, next: (error: Error) => void): void {
    answer(this, () => next(asError(error)));
  }

  #save(response: SessionResponse, session: Session<Data>): Eventually<void> {
    return this.#middleware.save(nodeRequest(this.#request.raw), response, session);
  }

  #saveFirst(payload: unknown, session: Session<Data>): Eventually<unknown> {
    const { raw } = this.#reply;
    // What began to answer by hand is saved.
    if (raw.headersSent) return payload;
    const response = replyResponse(this.#reply, payload);
    const lines: Line[] = [];
    const saved = (): unknown => {
      this.#atSend = (later) => later;
      this.#atLast = upheld(response, lines, raw, this.#onEvent);
      return payload;
    };
    const fail = (error: unknown): unknown => {
      this.#insistOn(error);
      return this.#refuse(payload, error);
    };
    let saving: Eventually<void>;
    try {
      saving = this.#save(noting(response, lines), session);
    } catch (error) {
      return fail(error);
    }
    if (!isThenable(saving)) return saved();
    this.#atLast = () => saving;
    const sending = saving.then(saved, fail);
    // A handler may send twice, as by `reply.send()` and by what it returns: the second must not overtake the first.
    this.#atSend = (later) => sending.then(() => later, nothingOf(later));
    return sending;
  }

  /** From here on whatever is answered is the answer to an error. */
  #insistOn(error: unknown): void {
    const reply = this.#reply;
    this.#atSend = (payload) => {
      if (reply.statusCode < 300) reply.code(statusOf(error));
      if (isAnswering(this)) return withoutMessage(payload, error);
      discard(payload);
      return "";
    };
    this.#atLast = insist(reply.raw, error);
  }

  /** Nothing is left of an answer that is not sent. */
  #refuse(payload: unknown, error: unknown): string {
    const reply = this.#reply;
    discard(payload);
    for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name);
    for (const [name, value] of Object.entries(this.#before)) reply.header(name, value);
    reply.code(statusOf(error));
    // Answered here, because an application logs its errors, and any client can cause this one.
    if (!isClientsFault(error)) throw asError(error);
    reply.type(PLAIN);
    return refusalText(error);
  }

  /** Fastify takes no answer any more for a reply that was hijacked, so the error handler cannot be asked. */
  #answerByHand(error: unknown): void {
    const { raw, log } = this.#reply;
    if (!isClientsFault(error)) log.error({ err: error }, "the session could not be saved");
    raw.statusCode = statusOf(error);
    raw.setHeader("content-type", PLAIN);
    raw.end(textOf(error));
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** As Fastify itself tells one: there may be several classes of that name. */
function isResponse(payload: unknown): payload is Response {
  return Object.prototype.toString.call(payload) === "[object Response]";
}

/**
 * Fastify's own error handler sends the message of whatever error it is given. What ours say is for those who run the
 * server; they find it in the log, and an error handler of the application is given the error itself.
 */
function withoutMessage(payload: unknown, error: unknown): unknown {
  if (!(error instanceof SessionError)) return payload;
  const { status, code, message } = error;
  const told = { statusCode: status, code, error: STATUS_CODES[status] };
  if (payload !== JSON.stringify({ ...told, message })) return payload;
  return JSON.stringify({ ...told, message: refusalText(error) });
}

/** Makes of a second answer to a request that a session could not be saved for nothing at all. */
function nothingOf(payload: unknown): () => Promise<never> {
  return () => {
    discard(payload);
    return never();
  };
}

/** Of its own each time, because whoever waits for it is kept as long as it is. */
function never(): Promise<never> {
  return new Promise(() => undefined);
}

/** Ends a stream that nobody will read: a file would stay open for ever. */
function discard(payload: unknown): void {
  if (typeof payload !== "object" || payload === null) return;
  if (isResponse(payload)) void payload.body?.cancel();
  else if (payload instanceof ReadableStream) void payload.cancel();
  else if ("destroy" in payload && typeof payload.destroy === "function") payload.destroy();
}

/** A reply as the core changes it, which keeps its headers apart from those of the response. */
export function replyResponse(reply: FastifyReply, payload?: unknown): SessionResponse {
  const values = (name: string): string[] => {
    const value = reply.getHeader(name);
    return value === undefined ? [] : [value].flat().map(String);
  };
  const replace = (name: string, value: string | string[]): void => {
    reply.removeHeader(name).header(name, value);
  };
  return {
    // A Response that is sent sets its status later.
    status: isResponse(payload) ? payload.status : reply.statusCode,
    headers: {
      get: (name) => values(name).join(", ") || null,
      set: replace,
      append(name, value) {
        const list = [...values(name), value];
        replace(name, name.toLowerCase() === "set-cookie" ? list : list.join(", "));
      },
      delete: (name) => void reply.removeHeader(name),
      getSetCookie: () => values("set-cookie"),
    },
  };
}
