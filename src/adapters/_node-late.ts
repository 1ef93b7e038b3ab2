import type { ServerResponse } from "node:http";
import { forbidCaching } from "../core/caching.ts";
import { SessionError } from "../core/errors.ts";
import type { OnEvent } from "../core/events.ts";
import { addVary, type SessionResponse } from "../core/exchange.ts";
import { nodeResponse } from "./_node.ts";
import { statusOf } from "./_node-failure.ts";

// For frameworks in which others still change the response between the save and the moment its headers leave.

/** Remembers what a save told caches. @returns What sees to it that it still holds when the headers leave. */
export function upheld(
  saved: SessionResponse,
  response: ServerResponse,
  onEvent: OnEvent,
): () => void {
  const vary = saved.headers.get("vary");
  const isPrivate = saved.headers.get("cache-control") === "no-store";
  return () => {
    const leaving = nodeResponse(response);
    if (vary !== null) addVary(leaving, vary.split(/\s*,\s*/));
    if (isPrivate) forbidCaching(leaving, onEvent);
  };
}

/** Sees to it that the answer to a failure is no success, and has what the error says it has to carry. */
export function insist(response: ServerResponse, error: unknown): void {
  if (response.statusCode < 300) response.statusCode = statusOf(error);
  if (!(error instanceof SessionError)) return;
  const leaving = nodeResponse(response);
  for (const [name, values] of Object.entries(error.headers)) {
    for (const value of [values].flat()) {
      if (name === "vary") addVary(leaving, value.split(/\s*,\s*/));
      else if (name !== "set-cookie") leaving.headers.set(name, value);
      else if (!leaving.headers.getSetCookie().includes(value)) leaving.headers.append(name, value);
    }
  }
}
