import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Duplex } from "node:stream";
import { AntiForgeryGuard, type Refusal } from "../anti-forgery/guard.ts";
import { checkFunction } from "../core/options.ts";
import { andThen, type Eventually, isThenable, orElse } from "../core/promises.ts";
import { Session } from "../core/session.ts";
import type { DefaultData } from "../core/session-data.ts";
import type { AntiForgeryPlace, Exemptions } from "./_anti-forgery.ts";
import type { AdapterMiddleware } from "./_middleware.ts";
import { nodeRequest } from "./_node.ts";
import { bodyOf, IncomingNode, refuseNode } from "./_node-anti-forgery.ts";
import { NodeExchange } from "./_node-exchange.ts";
import { answerPlainly, beginAgain, cutOff } from "./_node-failure.ts";
import { type HeadersBefore, headersOf } from "./_node-headers.ts";
import { holdResponse } from "./_node-hold.ts";
import { type UpgradeHandler, type UpgradeOptions, upgradeListener } from "./_node-upgrade.ts";
import { prepare, type SkipOption } from "./_prepare.ts";
import { checkFound, type PropertyOptions, readProperty, sessionProperty } from "./_property.ts";
import type { SessionsOptions, SessionsSource } from "./_sessions.ts";

export type { AntiForgeryPlace, Exemptions } from "./_anti-forgery.ts";
export type { UpgradeHandler, UpgradeOptions, WithEndingSession } from "./_node-upgrade.ts";
export type { WatchOptions } from "./_node-watch.ts";
export type { SkipOption } from "./_prepare.ts";
export type { PropertyOptions } from "./_property.ts";
export type { SessionsOptions, SessionsSource } from "./_sessions.ts";

/** A request of `node:http`, or of HTTP/2's compatibility API. */
export type AnyRequest = IncomingMessage | Http2ServerRequest;
/** A response of `node:http`, or of HTTP/2's compatibility API. */
export type AnyResponse = ServerResponse | Http2ServerResponse;

/** What the wrapper takes beside the options of every adapter. */
export interface NodeOptions<Property extends string = string>
  extends PropertyOptions<Property>,
    SkipOption<IncomingMessage> {
  /**
   * Answers in place of the handler, after an error that it threw, or that kept the session from being loaded or saved.
   * Where the answer had begun by then (`response.headersSent`), the connection is cut afterwards. Default: the status
   * that fits and one line of text, and on the console what is an error of the server.
   */
  readonly onError?: (
    error: unknown,
    request: IncomingMessage,
    response: ServerResponse,
  ) => unknown;
}

/** What the wrapper adds to a request: `req.session`. */
export type WithSession<Data extends object = DefaultData, Property extends string = "session"> = {
  /** The visitor's session: always there, and saved by itself before the response leaves. */
  readonly [Name in Property]: Session<Data>;
};

/** Puts a session under a handler, and gives back one as `createServer` takes it. */
export interface NodeSessions<
  Data extends object = DefaultData,
  Property extends string = "session",
> {
  <Request extends AnyRequest = IncomingMessage, Response extends AnyResponse = ServerResponse>(
    handler: (request: Request & WithSession<Data, Property>, response: Response) => unknown,
  ): (request: Request, response: Response) => void;

  /**
   * Puts a session under a listener for the event `upgrade`, as WebSockets begin with it: `request.session`, which can be
   * read and not changed, and `request.sessionEnded`, a signal that is aborted when the session ends while the socket is
   * open. A socket that is still open at the next check after that is destroyed.
   *
   * Before the handler runs, an upgrade that a page of another origin asked for is refused with 403, one whose session
   * cannot be loaded with 503, or 400 where it names two.
   *
   * @throws `ERR_SESSION_CONFIG` for bad options.
   *
   * @example
   * ```ts
   * const webSockets = new WebSocketServer({ noServer: true });
   * server.on("upgrade", withSession.upgrade((request, socket, head) => {
   *   webSockets.handleUpgrade(request, socket, head, (client) => {
   *     request.sessionEnded.addEventListener("abort", () => client.close(1008, "session ended"));
   *   });
   * }));
   * ```
   */
  upgrade(
    handler: UpgradeHandler<Data, Property>,
    options?: UpgradeOptions,
  ): (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/**
 * Sessions for the servers of `node:http`, `node:https` and `node:http2`, as `req.session`, without a framework. Of the
 * latter it is the compatibility API; what is sent by `res.stream`, past it, is not held back until the session is saved, and
 * carries no cookie. Where TypeScript takes that for HTTP/1.1, as with `createSecureServer`, say so:
 * `withSession<Http2ServerRequest, Http2ServerResponse>(…)`.
 *
 * @param source A secret (or a list, the newest first) for a session in a sealed cookie, a store, or options.
 * @throws `ERR_SESSION_SECRET`, `ERR_SESSION_CONFIG` for bad options.
 *
 * @example
 * ```ts
 * const withSession = sessions(secretsFromEnv("APP_SECRET"));
 * createServer(withSession((req, res) => res.end(`Hello ${req.session.subject}`))).listen(3000);
 * ```
 */
export function sessions<Data extends object = DefaultData, Property extends string = "session">(
  source: SessionsSource<Data, NodeOptions<Property>>,
  options: SessionsOptions<Data> & NodeOptions<Property> = {},
): NodeSessions<Data, Property> {
  const { middleware, property, given } = prepare(source, options, ["onError"]);
  const { onError, skip } = given;
  checkFunction("sessions", "onError", onError);
  const show = sessionProperty(property, "req");

  const proceed = (visit: Visit<Data>, handler: Handler, session: Session<Data>): void => {
    visit.loaded = session;
    holdResponse(visit.response, visit, visit.before);
    show(visit.request, session);
    visit.run(handler);
  };
  const proceedLater = (
    visit: Visit<Data>,
    handler: Handler,
    loading: Promise<Session<Data>>,
  ): void => {
    loading.then((session) => proceed(visit, handler, session)).catch((e) => visit.failEarly(e));
  };
  const begin = (visit: Visit<Data>, handler: Handler): void => {
    const { request } = visit;
    const found: unknown = Reflect.get(request, property);
    const isSkipped = skip?.(request) ?? false;
    if (isSkipped || middleware.isThereOrThrow(found, "req", property)) {
      if (!(found instanceof Session)) show(request, middleware.skipped());
      visit.run(handler);
      return;
    }
    const loaded = middleware.load(nodeRequest(request));
    if (isThenable(loaded)) proceedLater(visit, handler, loaded);
    else proceed(visit, handler, loaded);
  };
  const withSession = <Request extends AnyRequest, Response extends AnyResponse>(
    handler: (request: Request & WithSession<Data, Property>, response: Response) => unknown,
  ) => {
    return (request: Request, response: Response): void => {
      // HTTP/2's compatibility API has the same methods and properties.
      const visit = new Visit(
        middleware,
        request as IncomingMessage,
        response as ServerResponse,
        onError,
      );
      try {
        begin(visit, handler);
      } catch (error) {
        visit.failEarly(error);
      }
    };
  };
  return Object.assign(withSession, {
    upgrade: (handler: UpgradeHandler<Data, Property>, upgradeOptions?: UpgradeOptions) =>
      upgradeListener({ middleware, handler, property, skip }, upgradeOptions),
  });
}

/**
 * The session of a request, for code that cannot be sure that it has one, such as a function that several handlers share.
 *
 * @param property Where it is found. Default: `"session"`.
 * @throws `ERR_SESSION_MISSING` where its handler is not wrapped, and the message names the line that is missing.
 *
 * @example
 * ```ts
 * function userOf(req: IncomingMessage): string | undefined {
 *   return sessionOf(req).subject;
 * }
 * ```
 */
export function sessionOf<Data extends object = DefaultData>(
  request: AnyRequest,
  property = "session",
): Session<Data> {
  return checkFound(Reflect.get(request, property), {
    owner: "req",
    property,
    remedy: (sessions) =>
      `Put const withSession = ${sessions} first, and withSession((req, res) => …) around this handler.`,
  });
}

/** What the protection takes beside the options of every adapter. */
export interface NodeAntiForgeryOptions extends AntiForgeryPlace {
  /**
   * Gives the parsed body of a request, as an object or `URLSearchParams`: Node parses none. It is asked only where the
   * token can be nowhere else. Default: `req.body`, so that tokens are read from the header alone.
   */
  readonly readBody?: (request: IncomingMessage) => unknown;
  /** Answers a request that is refused; status and headers are set. Default: one line of text. */
  readonly onRefused?: (
    request: IncomingMessage,
    response: ServerResponse,
    refusal: Refusal,
  ) => unknown;
}

/** Puts the protection under a handler that `sessions` is put under. */
export type NodeProtection = <
  Request extends AnyRequest = IncomingMessage & WithSession,
  Response extends AnyResponse = ServerResponse,
>(
  handler: (request: Request, response: Response) => unknown,
) => (request: Request, response: Response) => unknown;

/**
 * Refuses requests that another page made the browser send.
 *
 * @throws `ERR_SESSION_CONFIG` for bad options.
 *
 * @example
 * ```ts
 * const protect = antiForgery();
 * createServer(withSession(protect((req, res) => res.end(formField(req.session))))).listen(3000);
 * ```
 */
export function antiForgery(options: NodeAntiForgeryOptions = {}): NodeProtection & Exemptions {
  const guard = new AntiForgeryGuard(options, ["property", "readBody", "onRefused"]);
  const { onRefused, readBody = bodyOf } = options;
  checkFunction("antiForgery", "readBody", readBody);
  checkFunction("antiForgery", "onRefused", onRefused);
  const property = readProperty(options.property);
  const answer = async (
    handler: Handler,
    request: IncomingMessage,
    response: ServerResponse,
    judging: Eventually<Refusal | undefined>,
  ): Promise<unknown> => {
    const refusal = await judging;
    if (refusal === undefined) return handler(request as never, response as never);
    return refuseNode(request, response, refusal, onRefused);
  };
  const protect: NodeProtection = (handler) => (request, response) => {
    const [incoming, plain] = [request as IncomingMessage, response as unknown as ServerResponse];
    const session = sessionOf(request, property);
    const refusal = guard.check(new IncomingNode(request), session, incoming, readBody);
    if (refusal === undefined) return handler(request, response);
    return answer(handler, incoming, plain, refusal);
  };
  return Object.assign(protect, { exemptions: guard.exemptions });
}

/** Any: which kinds of request and response it takes is the caller's to say. */
type Handler = (request: never, response: never) => unknown;

/** What a handler is given, and what answers where it fails or the session cannot be saved. */
class Visit<Data extends object> extends NodeExchange<Data> {
  readonly before: HeadersBefore;
  readonly #onError: NodeOptions["onError"];

  constructor(
    middleware: AdapterMiddleware<Data>,
    request: IncomingMessage,
    response: ServerResponse,
    onError: NodeOptions["onError"],
  ) {
    super(middleware, request, response);
    this.before = headersOf(response);
    this.#onError = onError;
  }

  run(handler: Handler): void {
    const done = handler(this.request as never, this.response as never);
    // As a promise: what else has a `then` may need both functions, and call them more than once.
    if (isThenable(done)) Promise.resolve(done).catch((error) => this.failEarly(error));
  }

  failEarly(error: unknown): void {
    beginAgain(this.response, this.before, error);
    this.fail(error);
  }

  /** Lets the application answer, and sees to it that half an answer is not taken for a whole one. */
  fail(error: unknown): void {
    const { response } = this;
    if (this.#onError === undefined) answerPlainly(response, error);
    else this.#ask(this.#onError, error, response.headersSent);
  }

  #ask(onError: NonNullable<NodeOptions["onError"]>, error: unknown, hadBegun: boolean): void {
    const { request, response } = this;
    const cut = (): void => {
      if (hadBegun && !response.writableEnded) cutOff(response);
    };
    orElse(
      () => andThen(onError(error, request, response), cut),
      (worse) => answerPlainly(response, worse),
    );
  }
}
