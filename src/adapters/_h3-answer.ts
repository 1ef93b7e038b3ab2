import type { H3Event } from "h3";
import type { SessionResponse } from "../core/exchange.ts";

// Middleware of H3 sees what a handler returned or threw, and not the response that becomes of it, so these follow what
// H3 does (`toResponse`): prepared headers, `event.res.headers`, go over those of what was returned; over those of an
// error, or of a `Response` of 400 and more, `event.res.errHeaders` do.

/** How H3 tells what was returned, whichever copy of it made the value. */
const NOT_FOUND = Symbol.for("h3.notFound");
const HTTP_RESPONSE = Symbol.for("h3.HTTPResponse");

/** The answer that becomes of what a handler returned, as the core changes it. */
export function answerOf(event: H3Event, value: unknown): SessionResponse {
  const { res } = event;
  if (value === NOT_FOUND || value instanceof Error) return answerToError(event, value);
  if (value instanceof Response) {
    const { status, headers } = value;
    return layered(status, [status < 400 ? res.headers : res.errHeaders], headers);
  }
  const status = validStatus(res.status, 200);
  if (!isHttpResponse(value)) return layered(status, [res.headers]);
  return layered(validStatus(value.status, status), [res.headers], value.headers);
}

/** The answer that becomes of an error. Both kinds of headers, because an `onError` may return a value in its place. */
export function answerToError({ res }: H3Event, error: unknown): SessionResponse {
  return layered(statusOfError(error), [res.errHeaders, res.headers]);
}

/** Takes back what was prepared for an answer that is not sent. */
export function dropAnswer({ res }: H3Event, before: Headers): void {
  for (const name of [...res.headers.keys()]) res.headers.delete(name);
  for (const [name, value] of before) res.headers.append(name, value);
  Object.assign(res, { status: undefined, statusText: undefined });
}

interface HttpResponse {
  readonly status?: unknown;
  readonly headers: Headers;
}

function isHttpResponse(value: unknown): value is HttpResponse {
  return typeof value === "object" && value !== null && HTTP_RESPONSE in value;
}

function statusOfError(error: unknown): number {
  if (error === NOT_FOUND) return 404;
  if (typeof error === "number") return validStatus(error, 500);
  if (!(error instanceof Error)) return 500;
  const statuses = [error, error.cause].flatMap((each) => {
    if (typeof each !== "object" || each === null) return [];
    return ["status" in each && each.status, "statusCode" in each && each.statusCode];
  });
  return validStatus(statuses.find(Boolean), 500);
}

function validStatus(status: unknown, otherwise: number): number {
  const number = Number(status);
  return Number.isInteger(number) && number >= 100 && number <= 599 ? number : otherwise;
}

/** Headers that go over others: all of `over` are written to, and the first of them is what is read. */
function layered(
  status: number,
  over: readonly [Headers, ...Headers[]],
  under?: Headers,
): SessionResponse {
  const [first] = over;
  const get = (name: string): string | null => first.get(name) ?? under?.get(name) ?? null;
  const set = (name: string, value: string): void => {
    for (const headers of over) headers.set(name, value);
  };
  return {
    status,
    headers: {
      get,
      set,
      append(name, value) {
        if (name.toLowerCase() === "set-cookie") {
          for (const headers of over) headers.append(name, value);
        } else set(name, [get(name), value].filter((each) => each !== null).join(", "));
      },
      delete(name) {
        for (const headers of over) headers.delete(name);
        under?.delete(name);
      },
      getSetCookie: () => [...(under?.getSetCookie() ?? []), ...first.getSetCookie()],
    },
  };
}
