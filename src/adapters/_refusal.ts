import { SessionError, type SessionErrorCode, STATUS_OF_CODE } from "../core/errors.ts";
import { addVary, type SessionResponse } from "../core/exchange.ts";

/** Whether an error is nothing but a bad request. */
export function isClientsFault(error: unknown): error is SessionError {
  return error instanceof SessionError && error.status === 400;
}

/** The status that fits an error, where the application says no other. */
export function statusOf(error: unknown): (typeof STATUS_OF_CODE)[SessionErrorCode] {
  return error instanceof SessionError ? STATUS_OF_CODE[error.code] : 500;
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

/** The same as a Fetch response. */
export function refusalResponse(error: SessionError): Response {
  // Fetch's own type for text is written otherwise than what Node's adapters send.
  const headers = { "content-type": "text/plain; charset=utf-8" };
  return new Response(refusalText(error), { status: error.status, headers });
}

/** Puts on an answer to an error what it has to carry. */
export function addHeaders(response: SessionResponse, { headers }: SessionError): void {
  for (const [name, values] of Object.entries(headers)) {
    for (const value of [values].flat()) {
      if (name === "vary") addVary(response, value.split(/\s*,\s*/));
      else if (name === "set-cookie") response.headers.append(name, value);
      else response.headers.set(name, value);
    }
  }
}
