import { SessionError } from "../core/errors.ts";
import type { SessionRequest, SessionResponse } from "../core/exchange.ts";
import { SessionMiddleware } from "../core/middleware.ts";
import { andThen, type Eventually, orElse } from "../core/promises.ts";
import { internals, type Session } from "../core/session.ts";

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
    const ends = internals.isAccessed(session) && session.pending === "end";
    const lines: Line[] = [];
    return orElse(
      () =>
        andThen(super.save(request, ends ? noting(response, lines) : response, session), () => {
          if (ends) endings.set(request, [...(endings.get(request) ?? []), ...lines]);
        }),
      (error) => {
        if (error instanceof SessionError) carry(error, endings.get(request) ?? []);
        throw error;
      },
    );
  }
}

/** The same response, which notes down what is put on it. */
export function noting(response: SessionResponse, lines: Line[]): SessionResponse {
  const { headers } = response;
  const before = headers.getSetCookie();
  const note = (name: string, value: string): void => {
    // A transport may take all cookies off and put those of others on again.
    if (!before.includes(value)) lines.push([name.toLowerCase(), value]);
  };
  return {
    get status() {
      return response.status ?? 200;
    },
    headers: {
      get: (name) => headers.get(name),
      getSetCookie: () => headers.getSetCookie(),
      delete: (name) => headers.delete(name),
      set(name, value) {
        note(name, value);
        headers.set(name, value);
      },
      append(name, value) {
        note(name, value);
        headers.append(name, value);
      },
    },
  };
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
