import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { SessionRequest, SessionResponse } from "../core/exchange.ts";

/** Where a request keeps what was made of it. */
const READ: unique symbol = Symbol("keepsake.request");

/** What a request of HTTP/1.1 and one of HTTP/2's compatibility API have in common. */
export interface NodeRequest {
  readonly headers: IncomingHttpHeaders;
  /** `null` once the request was destroyed. */
  readonly socket: object | null;
  readonly method?: string | undefined;
  /** Where a middleware has replaced the method: what it was. */
  readonly originalMethod?: string;
  readonly url?: string | undefined;
  readonly originalUrl?: string;
  [READ]?: ReadRequest;
}

/** What the core reads of a request, and what the method was when it was first read. */
export interface ReadRequest extends SessionRequest {
  readonly url: string;
  readonly method: string;
}

/** A Node request as the core reads it: for one request always the same object. */
export function nodeRequest(request: NodeRequest): ReadRequest {
  request[READ] ??= new NodeReadRequest(request);
  return request[READ];
}

/** Its own headers, too: there is one for every request. */
class NodeReadRequest implements ReadRequest {
  readonly method: string;
  readonly #request: NodeRequest;

  constructor(request: NodeRequest) {
    this.method = request.method ?? "GET";
    this.#request = request;
  }

  get headers(): this {
    return this;
  }

  get url(): string {
    const request = this.#request;
    const scheme = isEncrypted(request) ? "https" : "http";
    const path = request.originalUrl ?? request.url ?? "/";
    return `${scheme}://${hostOf(request) ?? "localhost"}${path}`;
  }

  get(name: string): string | null {
    const value = this.#request.headers[name.toLowerCase()];
    return Array.isArray(value) ? value.join(", ") : (value ?? null);
  }
}

export function isEncrypted({ socket }: NodeRequest): boolean {
  return socket !== null && "encrypted" in socket && socket.encrypted === true;
}

/** HTTP/2 has a pseudo-header instead. */
export function hostOf({ headers }: NodeRequest): string | undefined {
  const host = headers.host ?? headers[":authority"];
  return typeof host === "string" ? host : undefined;
}

export function isHttp2({ req }: ServerResponse): boolean {
  return req.httpVersionMajor >= 2;
}

type HeaderMethods = Pick<ServerResponse, "setHeader" | "removeHeader">;

/**
 * A Node response as the core changes it.
 *
 * @param methods Those that change its headers, where not everybody may use its own.
 */
export function nodeResponse(
  response: ServerResponse,
  methods: HeaderMethods = response,
): SessionResponse {
  return new NodeResponse(response, methods);
}

/** Its own headers, too. */
class NodeResponse implements SessionResponse {
  readonly #response: ServerResponse;
  readonly #methods: HeaderMethods;

  constructor(response: ServerResponse, methods: HeaderMethods) {
    this.#response = response;
    this.#methods = methods;
  }

  get headers(): this {
    return this;
  }

  get status(): number {
    return this.#response.statusCode;
  }

  get(name: string): string | null {
    return headerText(this.#response.getHeader(name));
  }

  set(name: string, value: string | string[]): void {
    this.#methods.setHeader.call(this.#response, name, value);
  }

  append(name: string, value: string): void {
    const before = this.#values(name);
    const list = name.toLowerCase() === "set-cookie";
    if (before.length === 0 && !list) this.set(name, value);
    else this.set(name, list ? [...before, value] : [...before, value].join(", "));
  }

  delete(name: string): void {
    this.#methods.removeHeader.call(this.#response, name);
  }

  getSetCookie(): string[] {
    return this.#values("set-cookie");
  }

  #values(name: string): string[] {
    return headerValues(this.#response.getHeader(name));
  }
}

/** The value of a header as Node and Fastify keep it. */
type HeaderValue = string | number | readonly string[] | undefined;

/** As `Headers` would give it. */
export function headerText(value: HeaderValue): string | null {
  if (value === undefined) return null;
  return (typeof value === "string" ? value : [value].flat().join(", ")) || null;
}

export function headerValues(value: HeaderValue): string[] {
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : [value].flat().map(String);
}
