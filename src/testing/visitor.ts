import type { Clock } from "../core/clock.ts";
import { CookieJar } from "./cookie-jar.ts";

/** What a visitor sends. */
export interface VisitOptions {
  readonly method?: string;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

/** A client that keeps its session as a browser does, or in headers as other clients do. It follows no redirects. */
export class Visitor {
  readonly jar: CookieJar;
  readonly #url: string;
  readonly #header: string | undefined;
  readonly #tokens = new Map<string, string>();

  /** @param header The header that carries the token; without one it is a cookie. */
  constructor(url: string, clock: Clock, header?: string) {
    this.#url = url;
    this.#header = header?.toLowerCase();
    this.jar = new CookieJar(clock);
  }

  async request(path: string, options: VisitOptions = {}): Promise<Response> {
    const { json, signal } = options;
    const headers = new Headers(options.headers);
    const cookie = this.jar.header(path.split("?")[0]);
    if (cookie !== undefined && !headers.has("cookie")) headers.set("cookie", cookie);
    for (const [name, token] of this.#tokens) {
      if (!headers.has(name)) headers.set(name, token);
    }
    const response = await fetch(`${this.#url}${path}`, {
      method: options.method ?? "GET",
      headers,
      redirect: "manual",
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(signal === undefined ? {} : { signal }),
    });
    this.#keep(response);
    return response;
  }

  #keep(response: Response): void {
    this.jar.store(response);
    if (this.#header === undefined) return;
    for (const [name, value] of response.headers) {
      if (!name.startsWith(this.#header)) continue;
      if (value === "") this.#tokens.delete(name);
      else this.#tokens.set(name, value);
    }
  }

  get(path: string): Promise<Response> {
    return this.request(path);
  }

  post(path: string, json?: unknown): Promise<Response> {
    return this.request(path, { method: "POST", json });
  }

  /** The answer of `GET path`, which must be JSON. */
  async read<Answer>(path: string): Promise<Answer> {
    return (await this.get(path)).json() as Promise<Answer>;
  }

  /** The token that the visitor holds under this name: of a cookie, or of the header. */
  token(name: string): string | undefined {
    return this.#header === undefined ? this.jar.get(name) : this.#tokens.get(name.toLowerCase());
  }

  /** Makes the visitor hold a token, as one who copied it does. */
  hold(name: string, token: string): void {
    if (this.#header === undefined) this.jar.set(name, token);
    else this.#tokens.set(name.toLowerCase(), token);
  }
}
