import { SessionError } from "../core/errors.ts";
import { addVary, type SessionRequest, type SessionResponse } from "../core/exchange.ts";
import { SessionMiddleware } from "../core/middleware.ts";
import { andThen, type Eventually, isThenable } from "../core/promises.ts";
import type { Session } from "../core/session.ts";

/** A header that was put on an answer. */
export type Line = readonly [name: string, value: string];

/** What the ends of sessions have put on the answers to these requests. */
const endings = new WeakMap<SessionRequest, readonly Line[]>();

/**
 * Where an application has two kinds of session, one may have ended and been saved before the other cannot be saved. Then
 * the answer is dropped, and what takes the token of the first away with it: so the error is given it to carry.
 */
export class CarryingMiddleware<Data extends object> extends SessionMiddleware<Data> {
  override save(
    request: SessionRequest,
    response: SessionResponse,
    session: Session<Data>,
  ): Eventually<void> {
    // Asking what is pending counts as using the session.
    if (this.closeUnused(session)) return undefined;
    try {
      const saved =
        session.pending === "end"
          ? this.#saveEnd(request, response, session)
          : super.save(request, response, session);
      return isThenable(saved) ? saved.catch((error) => fail(request, error)) : saved;
    } catch (error) {
      return fail(request, error);
    }
  }

  #saveEnd(
    request: SessionRequest,
    response: SessionResponse,
    session: Session<Data>,
  ): Eventually<void> {
    const lines: Line[] = [];
    return andThen(super.save(request, noting(response, lines), session), () => {
      endings.set(request, [...(endings.get(request) ?? []), ...lines]);
    });
  }
}

/** The same response, which notes down what is put on it. */
export function noting(response: SessionResponse, lines: Line[]): SessionResponse {
  return new NotingResponse(response, lines);
}

/** Its own headers, too. */
class NotingResponse implements SessionResponse {
  readonly #response: SessionResponse;
  readonly #lines: Line[];
  readonly #before: readonly string[];

  constructor(response: SessionResponse, lines: Line[]) {
    this.#response = response;
    this.#lines = lines;
    this.#before = response.headers.getSetCookie();
  }

  get headers(): this {
    return this;
  }

  get status(): number {
    return this.#response.status ?? 200;
  }

  get(name: string): string | null {
    return this.#response.headers.get(name);
  }

  getSetCookie(): string[] {
    return this.#response.headers.getSetCookie();
  }

  delete(name: string): void {
    this.#response.headers.delete(name);
  }

  set(name: string, value: string): void {
    this.#note(name, value);
    this.#response.headers.set(name, value);
  }

  append(name: string, value: string): void {
    this.#note(name, value);
    this.#response.headers.append(name, value);
  }

  #note(name: string, value: string): void {
    // A transport may take all cookies off and put those of others on again.
    if (!this.#before.includes(value)) this.#lines.push([name.toLowerCase(), value]);
  }
}

function fail(request: SessionRequest, error: unknown): never {
  if (error instanceof SessionError) carry(error, endings.get(request) ?? []);
  throw error;
}

function carry(error: SessionError, lines: readonly Line[]): void {
  const headers = { ...error.headers };
  for (const [name, value] of lines) {
    const there = [headers[name] ?? []].flat();
    if (name === "set-cookie") headers[name] = [...there, value];
    else headers[name] = [...new Set([...there, value])].join(", ");
  }
  error.headers = headers;
}

/** Puts a line on a response that may have it already. */
export function put(response: SessionResponse, [name, value]: Line): void {
  const { headers } = response;
  if (name === "vary") addVary(response, value.split(/\s*,\s*/));
  else if (name !== "set-cookie") headers.set(name, value);
  else if (!headers.getSetCookie().includes(value)) headers.append(name, value);
}
