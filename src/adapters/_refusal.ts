import { SessionError } from "../core/errors.ts";
import type { SessionResponse } from "../core/exchange.ts";
import { put } from "../core/lines.ts";

/** Whether an error is nothing but a bad request. */
export function isClientsFault(error: unknown): error is SessionError {
  return error instanceof SessionError && error.status === 400;
}

/** The status that fits an error, where the application says no other. */
export function statusOf(error: unknown): SessionError["status"] {
  return error instanceof SessionError ? error.status : 500;
}

/** What a client is told: the status, and nothing about how the server is built. */
export function refusalText({ status }: SessionError): string {
  switch (status) {
    case 400:
      return "Bad Request";
    case 409:
      return "Conflict";
    case 503:
      return "Service Unavailable";
    default:
      return "Internal Server Error";
  }
}

/** Fetch's own type for text is written otherwise than what frameworks on Node send. */
export const PLAIN_TEXT = "text/plain; charset=utf-8";

/** The same as a Fetch response. */
export function refusalResponse(error: SessionError): Response {
  const headers = { "content-type": PLAIN_TEXT };
  return new Response(refusalText(error), { status: error.status, headers });
}

/** What was thrown, for a framework that takes nothing but errors. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** Puts on an answer to an error what it has to carry, which the answer may have already. */
export function addHeaders(response: SessionResponse, error: unknown): void {
  if (!(error instanceof SessionError)) return;
  for (const [name, values] of Object.entries(error.headers)) {
    for (const value of [values].flat()) put(response, [name, value]);
  }
}
