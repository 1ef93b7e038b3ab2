import { STATUS_CODES } from "node:http";
import type { DoneFuncWithErrOrRes, FastifyReply, FastifyRequest } from "fastify";
import { SessionError } from "../core/errors.ts";
import type { OnEvent } from "../core/events.ts";
import type { SessionResponse } from "../core/exchange.ts";
import type { SessionMiddleware } from "../core/middleware.ts";
import { type Eventually, isThenable } from "../core/promises.ts";
import type { Session } from "../core/session.ts";
import { type Line, noting } from "./_endings.ts";
import { discard, replyResponse } from "./_fastify-reply.ts";
import { nodeRequest } from "./_node.ts";
import { textOf } from "./_node-failure.ts";
import { answer, isAnswering } from "./_node-give-way.ts";
import { type BeforeHeaders, holdResponse } from "./_node-hold.ts";
import { insist, upheld } from "./_node-late.ts";
import { isClientsFault, refusalText, statusOf } from "./_refusal.ts";

const PLAIN = "text/plain; charset=utf-8";

/** One request's way through its session. */
export class FastifyExchange<Data extends object> implements BeforeHeaders {
  readonly #middleware: SessionMiddleware<Data>;
  readonly #onEvent: OnEvent;
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;
  /** The headers that an answer in place of the handler's begins with. */
  #before: ReturnType<FastifyReply["getHeaders"]>;
  #session: Session<Data> | undefined;
  /** What kept the session from being loaded. */
  #failure: { readonly error: unknown } | undefined;
  /** Whether there is nothing to save, and never will be. */
  #isUnused = false;
  /** What is left to do when the framework answers, once there was a save. */
  #atSend: ((payload: unknown) => Eventually<unknown>) | undefined;
  /** What is left to do when the headers leave, once there was a save. */
  #atLast: (() => Eventually<void>) | undefined;

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
  }

  /** Throws what kept it from being loaded. */
  get session(): Session<Data> {
    if (this.#session !== undefined) return this.#session;
    if (this.#failure !== undefined) throw this.#failure.error;
    throw new SessionError("ERR_SESSION_MISSING", "The session is still being loaded.");
  }

  skip(): void {
    this.#session = this.#middleware.skipped();
    this.#isUnused = true;
  }

  load(next: (error?: Error) => void): void {
    holdResponse(this.#reply.raw, this);
    let loaded: Eventually<Session<Data>>;
    try {
      loaded = this.#middleware.load(nodeRequest(this.#request.raw));
    } catch (error) {
      this.#failToLoad(error, next);
      return;
    }
    if (isThenable(loaded)) this.#loadLater(loaded, next);
    else {
      this.#session = loaded;
      next();
    }
  }

  #loadLater(loading: Promise<Session<Data>>, next: (error?: Error) => void): void {
    loading.then(
      (session) => {
        this.#session = session;
        next();
      },
      (error) => this.#failToLoad(error, next),
    );
  }

  #failToLoad(error: unknown, next: (error?: Error) => void): void {
    this.#failure = { error };
    this.#insistOn(error);
    if (!isClientsFault(error)) this.#passOn(error, next);
    else answer(this, () => this.#reply.type(PLAIN).code(error.status).send(refusalText(error)));
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
    let sent: Eventually<unknown>;
    try {
      sent = this.#atSend === undefined ? this.#saveFirst(payload) : this.#atSend(payload);
    } catch (error) {
      this.#passOn(error, next);
      return undefined;
    }
    // Fastify catches what comes of a promise, and not what comes of a callback that is called later.
    if (isThenable(sent)) {
      return Promise.resolve(sent).catch((error) => {
        this.#passOn(error, next);
        return never();
      });
    }
    next(null, sent);
    return undefined;
  }

  /** What the error handler sends is told by this from what the handler may still send. */
  #passOn(error: unknown, next: (error: Error) => void): void {
    answer(this, () => next(asError(error)));
  }

  closeUnused(): boolean {
    if (this.#isUnused || this.#atLast !== undefined) return this.#isUnused;
    // Who answers while it is still being loaded has not used it.
    if (this.#session === undefined) return true;
    this.#isUnused = this.#middleware.closeUnused(this.#session);
    return this.#isUnused;
  }

  save(leaving: SessionResponse): Eventually<void> {
    if (this.#atLast !== undefined) return this.#atLast();
    return this.#save(leaving, this.session);
  }

  /** Fastify takes no answer any more for a reply that was hijacked, so the error handler cannot be asked. */
  fail(error: unknown): void {
    const { raw, log } = this.#reply;
    if (!isClientsFault(error)) log.error({ err: error }, "the session could not be saved");
    raw.statusCode = statusOf(error);
    raw.setHeader("content-type", PLAIN);
    raw.end(textOf(error));
  }

  #save(response: SessionResponse, session: Session<Data>): Eventually<void> {
    return this.#middleware.save(nodeRequest(this.#request.raw), response, session);
  }

  #saveFirst(payload: unknown): Eventually<unknown> {
    const { raw } = this.#reply;
    // What began to answer by hand is saved.
    if (raw.headersSent || this.closeUnused()) return payload;
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
      saving = this.#save(noting(response, lines), this.session);
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
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
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
