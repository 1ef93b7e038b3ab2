import type { ServerResponse } from "node:http";
import { forbidCaching } from "../core/caching.ts";
import { SessionError } from "../core/errors.ts";
import type { OnEvent } from "../core/events.ts";
import { addVary, type SessionResponse } from "../core/exchange.ts";
import type { Line } from "./_endings.ts";
import { nodeResponse } from "./_node.ts";
import { statusOf } from "./_refusal.ts";

// For frameworks in which others still change the response between the save and the moment its headers leave.

/** The responses that a session could not be saved with: they carry no token of another one that was saved before, either. */
const refused = new WeakSet<ServerResponse>();

/**
 * Remembers what a save put on its response: a token that got lost would log its visitor out, because the old one is dead.
 *
 * @param lines What the save has put there.
 * @returns What sees to it that it still holds when the headers leave, also those of an error that came later.
 */
export function upheld(
  saved: SessionResponse,
  lines: readonly Line[],
  response: ServerResponse,
  onEvent: OnEvent,
): () => void {
  const vary = saved.headers.get("vary");
  const isPrivate = saved.headers.get("cache-control") === "no-store";
  const cookies = saved.headers.getSetCookie();
  const kept = lines.filter(([name, value]) => {
    if (name === "set-cookie") return cookies.includes(value);
    return name !== "vary" && name !== "cache-control" && saved.headers.get(name) === value;
  });
  return () => {
    const leaving = nodeResponse(response);
    if (vary !== null) put(leaving, ["vary", vary]);
    if (isPrivate) forbidCaching(leaving, onEvent);
    if (refused.has(response)) return;
    for (const line of kept) put(leaving, line);
  };
}

/**
 * Takes all that is answered from here on for the answer to an error.
 *
 * @returns What sees to it, when the headers leave, that it is no success, and has what the error says it has to carry.
 */
export function insist(response: ServerResponse, error: unknown): () => void {
  refused.add(response);
  return () => {
    if (response.statusCode < 300) response.statusCode = statusOf(error);
    if (!(error instanceof SessionError)) return;
    const leaving = nodeResponse(response);
    for (const [name, values] of Object.entries(error.headers)) {
      for (const value of [values].flat()) put(leaving, [name, value]);
    }
  };
}

/** Puts a line on a response that may have it already. */
function put(response: SessionResponse, [name, value]: Line): void {
  const { headers } = response;
  if (name === "vary") addVary(response, value.split(/\s*,\s*/));
  else if (name !== "set-cookie") headers.set(name, value);
  else if (!headers.getSetCookie().includes(value)) headers.append(name, value);
}
