import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { Session, SessionStore } from "keepsake";
import { answer, codeOf, type ProbeData, statusOf } from "../app.ts";

/** Answers through Node's own response, for the frameworks that are built around it. */
export async function answerNode(
  request: IncomingMessage & { readonly session: Session<ProbeData> },
  response: ServerResponse,
  store: SessionStore<ProbeData>,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://probe");
  const { status, headers, earlyHints, body } = await answer({
    method: request.method ?? "GET",
    path: url.pathname,
    query: url.searchParams,
    session: request.session,
    store,
    body: () => text(request),
  });
  if (earlyHints !== undefined) response.writeEarlyHints(earlyHints);
  for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value);
  response.statusCode = status;
  if (typeof body === "object") pipeline(Readable.from(body), response, () => undefined);
  else response.end(body);
}

/** The answer to an error, the same in every framework. */
export function answerNodeError(error: unknown, response: ServerResponse): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.statusCode = statusOf(error);
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.end(`error: ${codeOf(error)}`);
}
