import type { Session, SessionStore } from "keepsake";
import { answer, codeOf, type ProbeData, statusOf } from "../app.ts";

/** Answers with a Fetch response, for the frameworks that are built around those. @param sendHints Where there is 103. */
export async function answerFetch(
  request: Request,
  session: Session<ProbeData>,
  store: SessionStore<ProbeData>,
  sendHints?: (hints: Record<string, string>) => unknown,
): Promise<Response> {
  const url = new URL(request.url);
  const { status, headers, earlyHints, body } = await answer({
    method: request.method,
    path: url.pathname,
    query: url.searchParams,
    session,
    store,
    body: () => request.text(),
  });
  if (earlyHints !== undefined) await sendHints?.(earlyHints);
  const encoded = typeof body === "object" ? streamOf(body) : (body ?? null);
  const lines = Object.entries(headers ?? {}).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, value]),
  );
  return new Response(encoded, { status, headers: lines });
}

function streamOf(chunks: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

/** The answer to an error, the same in every framework. */
export function answerFetchError(error: unknown): Response {
  return new Response(`error: ${codeOf(error)}`, {
    status: statusOf(error),
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}
