import { SessionError } from "../core/errors.ts";

/** Whether an error is nothing but a bad request. */
export function isClientsFault(error: unknown): error is SessionError {
  return error instanceof SessionError && error.status === 400;
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
