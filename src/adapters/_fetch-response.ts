import { SessionError } from "../core/errors.ts";
import type { SessionRequest } from "../core/exchange.ts";
import type { SessionMiddleware } from "../core/middleware.ts";
import type { Session } from "../core/session.ts";

/**
 * Saves a session with what a Fetch handler answered, and gives back what is to be sent. What carries no headers of ours,
 * such as an upgrade to a WebSocket, is passed on untouched.
 *
 * @throws `ERR_SESSION_COMMITTED` for a changed session and an answer without headers; and what `save` throws.
 */
export async function saveWith<Data extends object, Answer extends Response | undefined>(
  middleware: SessionMiddleware<Data>,
  request: SessionRequest,
  answered: Answer,
  session: Session<Data>,
): Promise<Answer | Response> {
  if (middleware.closeUnused(session)) return answered;
  if (answered === undefined || isOutOfReach(answered)) {
    const { modified } = session;
    // A session that ended must not live on in the store; of the rest a 500 keeps as much as the application wants.
    const instead = new Response(null, { status: 500 });
    await middleware.save(request, instead, session);
    if (modified) throw unsaved(instead.headers);
    return answered;
  }
  const response = withOpenHeaders(answered);
  await middleware.save(request, response, session);
  return response;
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

/** An upgrade that a runtime answers itself, and knows by that very response; or `Response.error()`. */
function isOutOfReach(response: Response): boolean {
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

function unsaved(headers: Headers): SessionError {
  const error = new SessionError(
    "ERR_SESSION_COMMITTED",
    "The session was changed, but the handler answered with an upgrade, with nothing or with Response.error(), and that " +
      "can carry no token. Only read the session there, and change it in a request that is answered.",
  );
  error.headers = Object.fromEntries(headers);
  const cookies = headers.getSetCookie();
  if (cookies.length > 0) error.headers["set-cookie"] = cookies;
  return error;
}
