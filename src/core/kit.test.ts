/** What the tests share: time and randomness that they decide, a visitor with a browser's cookie jar, and few checks. */
import assert from "node:assert/strict";
import {
  type MiddlewareOptions,
  type Random,
  type Session,
  SessionError,
  type SessionErrorCode,
  type SessionEvent,
  SessionMiddleware,
  type SessionRequest,
  type SessionStore,
} from "keepsake";

export const SECRET = "Zx81-q0VtR7nPd_4LmYbK2sWc9GhTf6EjUo3aNvXi5Q";
export const OLD_SECRET = "b7KqYw3Tn_xM0sRz-dLf5HpVc1JgUa8EoNi2Xt6Wm4Q";
export const OLDEST_SECRET = "P9vHd2Xk-uT6mBq_0RzYw4Lf8NsCj1GeWa5Jt7Ki3Mo";

export const NOON = Date.UTC(2030, 0, 1, 12);
export const LONG: boolean = Boolean(
  (globalThis as { process?: { env: Record<string, string | undefined> } }).process?.env
    .KEEPSAKE_LONG,
);

/** How many runs a property gets: `few`, or a hundred times as many in a long run. */
export const runs = (few = 100): { numRuns: number } => ({ numRuns: LONG ? few * 100 : few });

/** Any session, whatever its data: what most tests want to say. */
// biome-ignore lint/suspicious/noExplicitAny: tests put everything in
export type Any = any;
export type Loose = Session<Record<string, Any>>;

/** A clock that moves only when it is told to. */
export class Time {
  now: number = NOON;
  readonly clock = (): number => this.now;
  advance(seconds: number): void {
    this.now += seconds * 1000;
  }
}

/** Bytes that repeat from run to run (xorshift32), and a count of how often they were asked for. */
export function seeded(seed = 1): Random & { calls: number } {
  let state = seed >>> 0 || 1;
  const random = (length: number): Uint8Array => {
    random.calls += 1;
    return Uint8Array.from({ length }, () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state & 0xff;
    });
  };
  random.calls = 0;
  return random;
}

/** For `assert.throws` and `assert.rejects`: a `SessionError` with this code, whose message says all of `words`. */
export function refusal(code: SessionErrorCode, ...words: (string | RegExp)[]) {
  return (error: unknown): true => {
    assert.ok(error instanceof SessionError, `no SessionError but ${error}`);
    assert.equal(error.code, code, error.message);
    for (const word of words) {
      if (typeof word === "string") assert.ok(error.message.includes(word), error.message);
      else assert.match(error.message, word);
    }
    return true;
  };
}

export function requestOf(headers: Record<string, string> = {}, url?: string): SessionRequest {
  return { headers: new Headers(headers), ...(url === undefined ? {} : { url }) };
}

interface JarCookie {
  readonly name: string;
  readonly value: string;
  readonly domain: string;
  readonly hostOnly: boolean;
  readonly path: string;
  readonly secure: boolean;
  readonly endsAt: number;
}

/** The part of a browser's cookie store that sessions depend on (RFC 6265bis 5.6 to 5.8), for one site. */
export class Jar {
  readonly url: URL;
  readonly #now: () => number;
  #cookies: JarCookie[] = [];

  constructor(url = "https://app.example.com/", now: () => number = () => NOON) {
    this.url = new URL(url);
    this.#now = now;
  }

  /** Whether the browser obeyed the line. */
  store(line: string): boolean {
    const [pair = "", ...rest] = line.split(";").map((part) => part.trim());
    const equals = pair.indexOf("=");
    const name = pair.slice(0, Math.max(equals, 0));
    const value = pair.slice(equals + 1);
    const attributes = new Map<string, string>();
    for (const part of rest) {
      const [key = "", text = ""] = part.split(/=(.*)/s);
      attributes.set(key.toLowerCase(), text);
    }
    if (name.length + value.length > 4096) return false;
    const secure = attributes.has("secure");
    const domain = (attributes.get("domain") ?? "").toLowerCase();
    const host = this.url.hostname;
    if (domain !== "" && domain !== host && !host.endsWith(`.${domain}`)) return false;
    if (secure && this.url.protocol !== "https:") return false;
    const sameSite = attributes.get("samesite")?.toLowerCase();
    if ((sameSite === "none" || attributes.has("partitioned")) && !secure) return false;
    const lower = name.toLowerCase();
    const path = attributes.get("path") || "/";
    if (/^__(secure|host|http)-/.test(lower) && !secure) return false;
    if (/^__(host-)?http-/.test(lower) && !attributes.has("httponly")) return false;
    if (lower.startsWith("__host-") && (domain !== "" || attributes.get("path") !== "/")) {
      return false;
    }
    const maxAge = attributes.get("max-age");
    const expires = attributes.get("expires");
    const endsAt =
      maxAge !== undefined
        ? this.#now() + Number(maxAge) * 1000
        : expires !== undefined
          ? Date.parse(expires)
          : Number.POSITIVE_INFINITY;
    const cookie = { name, value, domain: domain || host, hostOnly: domain === "", path, secure };
    const same = (other: JarCookie) =>
      other.name === name &&
      other.domain === cookie.domain &&
      other.hostOnly === cookie.hostOnly &&
      other.path === path;
    this.#cookies = this.#cookies.filter((other) => !same(other));
    if (endsAt > this.#now()) this.#cookies.push({ ...cookie, endsAt });
    return true;
  }

  receive(response: { headers: Headers }): void {
    for (const line of response.headers.getSetCookie()) this.store(line);
  }

  get names(): string[] {
    return this.#live().map(({ name }) => name);
  }

  value(name: string): string | undefined {
    return this.#live().find((cookie) => cookie.name === name)?.value;
  }

  /** The `Cookie` header for a request to the jar's URL. */
  get header(): string | null {
    const pairs = this.#live()
      .filter(({ path }) => this.url.pathname.startsWith(path))
      .map(({ name, value }) => `${name}=${value}`);
    return pairs.length === 0 ? null : pairs.join("; ");
  }

  #live(): JarCookie[] {
    return this.#cookies.filter(({ endsAt }) => endsAt > this.#now());
  }
}

export interface Visit {
  readonly session: Loose;
  readonly headers: Headers;
  readonly setCookie: readonly string[];
}

export interface VisitOptions extends MiddlewareOptions<Any> {
  readonly cookie?: string | null;
  readonly headers?: Record<string, string>;
  readonly responseHeaders?: Record<string, string>;
  readonly status?: number;
  readonly url?: string;
}

/** One request through the middleware: load, the handler, save. */
export async function visit(
  store: SessionStore<Any>,
  handler: (session: Loose) => unknown,
  options: VisitOptions = {},
): Promise<Visit> {
  const { cookie, headers = {}, responseHeaders = {}, status = 200, url, ...rest } = options;
  // A save that fails is thrown as well, so that no test misses it.
  const middleware = new SessionMiddleware<Any>(store, { onEvent: () => {}, ...rest });
  const request = requestOf(cookie ? { ...headers, cookie } : headers, url);
  const response = { headers: new Headers(responseHeaders), status };
  const session = await middleware.load(request);
  await handler(session);
  await middleware.save(request, response, session);
  return { session, headers: response.headers, setCookie: response.headers.getSetCookie() };
}

/** A browser: what it is sent it keeps, and what it keeps it sends. */
export class Visitor {
  readonly store: SessionStore<Any>;
  readonly jar: Jar;

  constructor(store: SessionStore<Any>, jar = new Jar()) {
    this.store = store;
    this.jar = jar;
  }

  async visit(handler: (session: Loose) => unknown, options: VisitOptions = {}): Promise<Visit> {
    const done = await visit(this.store, handler, { cookie: this.jar.header, ...options });
    this.jar.receive(done);
    return done;
  }

  /** What `read` makes of the session that the next request finds. */
  async see<Result>(read: (session: Loose) => Result): Promise<Result> {
    let result: Result | undefined;
    await this.visit((session) => {
      result = read(session);
    });
    return result as Result;
  }
}

/** Collects events. */
export function recorder(): { events: SessionEvent[]; onEvent: (event: SessionEvent) => void } {
  const events: SessionEvent[] = [];
  return { events, onEvent: (event) => void events.push(event) };
}

/**
 * What `act` gives, and how many milliseconds in all it has set timers for meanwhile: how long it is ready to wait,
 * however long the machine takes.
 */
export async function withWaits<Result>(
  act: () => Promise<Result>,
): Promise<{ result: Result; waits: number }> {
  const { setTimeout: original } = globalThis;
  let waits = 0;
  const counting = (done: () => void, milliseconds = 0) => {
    waits += milliseconds;
    return original(done, milliseconds);
  };
  Reflect.set(globalThis, "setTimeout", counting);
  try {
    const result = await act();
    return { result, waits };
  } finally {
    Reflect.set(globalThis, "setTimeout", original);
  }
}
