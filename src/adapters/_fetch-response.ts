import type { SessionRequest } from "../core/exchange.ts";
import { andThen, type Eventually } from "../core/promises.ts";
import type { Session } from "../core/session.ts";
import type { AdapterMiddleware } from "./_middleware.ts";
import { statusOf } from "./_refusal.ts";

/**
 * Saves a session that was used with what a Fetch handler answered, and gives back what is to be sent. What carries no headers of ours,
 * such as an upgrade to a WebSocket or what was answered by hand, is passed on untouched.
 *
 * @throws `ERR_SESSION_COMMITTED` for a changed session and an answer without headers; and what `save` throws.
 */
export function saveWith<Data extends object, Answer extends Response | undefined>(
  middleware: AdapterMiddleware<Data>,
  request: SessionRequest,
  answered: Answer,
  session: Session<Data>,
): Eventually<Answer | Response> {
  if (answered === undefined || isOutOfReach(answered)) {
    return middleware.saveUnanswered(request, session).then(() => answered);
  }
  const response = withOpenHeaders(answered);
  return andThen(middleware.save(request, response, session), () => response);
}

/** What a save can still read of a request, after the handler: Deno closes a request with its upgrade. */
export function readableLater(request: Request): SessionRequest {
  return request.headers.has("upgrade") ? { headers: new Headers(request.headers) } : request;
}

/**
 * The response itself, or where its headers cannot be changed (`Response.redirect()`, a response passed on from
 * `fetch`) one with the same status, headers and body that they can be changed on.
 */
export function withOpenHeaders(response: Response): Response {
  if (hasOpenHeaders(response) || isOutOfReach(response)) return response;
  // A status that allows no body refuses even an empty one.
  const body = [204, 205, 304].includes(response.status) ? null : response.body;
  return new Response(body, response);
}

/** The answer to what kept a session from being loaded or saved: where the application says no status, that of the error. */
export function noSuccess(answered: Response, error: unknown): Response {
  if (answered.status >= 300 || isOutOfReach(answered)) return withOpenHeaders(answered);
  const { body, headers } = answered;
  return new Response(body, { status: statusOf(error), headers });
}

/**
 * An upgrade that a runtime answers itself, and knows by that very response; `Response.error()`; or what stands for an
 * answer that `@hono/node-server` finds written to Node's response, one object for all requests.
 */
function isOutOfReach(response: Response): boolean {
  if (response.body === null && response.headers.has("x-hono-already-sent")) return true;
  return [0, 101].includes(response.status) && !hasOpenHeaders(response);
}

function hasOpenHeaders({ headers }: Response): boolean {
  try {
    // Deleting what is not there changes nothing, and throws where nothing may be changed.
    headers.delete("x-keepsake-probe");
    return true;
  } catch {
    return false;
  }
}
