/** What `redirect()`, `notFound()` and their like throw, as far as their `digest` tells it. */
interface Thrown {
  readonly status: number;
  readonly location?: string;
}

/** The answer that Next.js makes of what was thrown; `undefined` for an error. */
function readThrown(error: unknown): Thrown | undefined {
  if (typeof error !== "object" || error === null || !("digest" in error)) return undefined;
  const parts = String(error.digest).split(";");
  switch (parts[0]) {
    case "NEXT_REDIRECT":
      // NEXT_REDIRECT;push;LOCATION;STATUS; where the location may have a ";" too.
      return { status: Number(parts.at(-2)), location: parts.slice(2, -2).join(";") };
    case "NEXT_HTTP_ERROR_FALLBACK":
      return { status: Number(parts[1]) };
    default:
      return undefined;
  }
}

/** The status of the answer to what was thrown: 500 for an error. */
export function statusOfThrown(error: unknown): number {
  return readThrown(error)?.status ?? 500;
}

/** The response that Next.js answers with where a route handler throws this. Throws it on if it is an error. */
export function responseTo(error: unknown, request: Request): Response {
  const thrown = readThrown(error);
  if (thrown === undefined) throw error;
  const { status, location } = thrown;
  if (location === undefined) return new Response(null, { status });
  return new Response(null, { status: isForm(request) ? 303 : status, headers: { location } });
}

/** After a form the browser is to ask for the next page with GET. */
function isForm({ method, headers }: Request): boolean {
  const type = headers.get("content-type") ?? "";
  return (
    method === "POST" &&
    (headers.has("next-action") ||
      type.startsWith("multipart/form-data") ||
      type.startsWith("application/x-www-form-urlencoded"))
  );
}
