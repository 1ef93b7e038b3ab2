import { STATUS_CODES } from "node:http";
import type { DoneFuncWithErrOrRes, FastifyReply, FastifyRequest } from "fastify";
import { SessionError } from "../core/errors.ts";
import { type Eventually, isThenable } from "../core/promises.ts";
import type { Session } from "../core/session.ts";
import { discard, replyResponse } from "./_fastify-reply.ts";
import type { AdapterMiddleware } from "./_middleware.ts";
import { nodeRequest } from "./_node.ts";
import { NodeExchange } from "./_node-exchange.ts";
import { answerInOneLine } from "./_node-failure.ts";
import { answer, isAnswering } from "./_node-give-way.ts";
import { holdResponse } from "./_node-hold.ts";
import { LateSave } from "./_node-late.ts";
import { asError, isClientsFault, PLAIN_TEXT, refusalText, statusOf } from "./_refusal.ts";

/** One request's way through its session, which is saved before Fastify writes the answer. */
export class FastifyExchange<Data extends object> extends NodeExchange<Data> {
  readonly #reply: FastifyReply;
  /** The headers that an answer in place of the handler's begins with. */
  #before: ReturnType<FastifyReply["getHeaders"]>;
  #sending: Promise<unknown> | undefined;

  constructor(middleware: AdapterMiddleware<Data>, request: FastifyRequest, reply: FastifyReply) {
    super(middleware, request.raw, reply.raw);
    this.#reply = reply;
    this.#before = reply.getHeaders();
  }

  /** Throws what kept it from being loaded. */
  get session(): Session<Data> {
    if (this.loaded !== undefined) return this.loaded;
    if (this.late?.failure !== undefined) throw this.late.failure.error;
    throw new SessionError("ERR_SESSION_MISSING", "The session is still being loaded.");
  }

  skip(): void {
    this.loaded = this.middleware.skipped();
    this.isUnused = true;
  }

  load(next: (error?: Error) => void): void {
    holdResponse(this.response, this);
    let loaded: Eventually<Session<Data>>;
    try {
      loaded = this.middleware.load(nodeRequest(this.request));
    } catch (error) {
      this.#failToLoad(error, next);
      return;
    }
    if (isThenable(loaded)) this.#loadLater(loaded, next);
    else {
      this.loaded = loaded;
      next();
    }
  }

  #loadLater(loading: Promise<Session<Data>>, next: (error?: Error) => void): void {
    loading.then(
      (session) => {
        this.loaded = session;
        next();
      },
      (error) => this.#failToLoad(error, next),
    );
  }

  #failToLoad(error: unknown, next: (error?: Error) => void): void {
    this.late = new LateSave(this.middleware, this.request, this.response);
    this.late.fail(error);
    if (!isClientsFault(error)) this.#passOn(error, next);
    else
      answer(this, () => this.#reply.type(PLAIN_TEXT).code(error.status).send(refusalText(error)));
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
      sent = this.#toSend(payload);
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

  /** Fastify takes no answer any more for a reply that was hijacked, so the error handler cannot be asked. */
  fail(error: unknown): void {
    const { raw, log } = this.#reply;
    if (!isClientsFault(error)) log.error({ err: error }, "the session could not be saved");
    answerInOneLine(raw, error);
  }

  #toSend(payload: unknown): Eventually<unknown> {
    if (this.late === undefined) return this.#saveUsed(payload);
    const { failure } = this.late;
    if (failure !== undefined) return this.#instead(payload, failure.error);
    // A handler may send twice, as by `reply.send()` and by what it returns: the second must not overtake the first.
    return this.#sending?.then(() => payload, nothingOf(payload)) ?? payload;
  }

  #saveUsed(payload: unknown): Eventually<unknown> {
    const reply = this.#reply;
    // What began to answer by hand is saved.
    if (this.response.headersSent || this.closeUnused()) return payload;
    let saving: Eventually<void>;
    try {
      saving = this.saveFirst(replyResponse(reply, payload));
    } catch (error) {
      return this.#refuse(payload, error);
    }
    return isThenable(saving) ? this.#sendLater(saving, payload) : payload;
  }

  #sendLater(saving: Promise<void>, payload: unknown): Promise<unknown> {
    this.#sending = saving.then(
      () => payload,
      (error) => this.#refuse(payload, error),
    );
    return this.#sending;
  }

  /** What is sent where the session could not be loaded or saved: nothing but the answer to that. */
  #instead(payload: unknown, error: unknown): unknown {
    const reply = this.#reply;
    if (reply.statusCode < 300) reply.code(statusOf(error));
    if (isAnswering(this)) return withoutMessage(payload, error);
    discard(payload);
    return "";
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
    reply.type(PLAIN_TEXT);
    return refusalText(error);
  }
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
