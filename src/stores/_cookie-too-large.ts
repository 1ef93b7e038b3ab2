import type { Contents } from "../core/changes.ts";
import { type Codec, largestKeys } from "../core/codec.ts";
import { longestToken } from "../core/cookie-chunks.ts";
import { SessionError } from "../core/errors.ts";
import { misconfigured } from "../core/options.ts";
import type { Sealer } from "../core/sealer.ts";
import type { SessionTransport } from "../core/transport.ts";
import type { Transports } from "../core/transports.ts";

/** Throws `ERR_SESSION_CONFIG` where a token may go out in several cookies, and others that are to read it cannot. */
export function checkChunks(owner: string, { chunkable }: Sealer, { list }: Transports): void {
  if (chunkable !== false) return;
  const chunked = list.find(
    ({ name, vary, maxLength }) => vary.includes("Cookie") && maxLength > longestToken(name, 1),
  );
  if (chunked === undefined) return;
  throw misconfigured(
    `${owner}: ${chunked.name} may be cut into several cookies, and the other side that reads what this sealer seals ` +
      "cannot put them together. Leave out the cookie's option chunks.",
  );
}

/** The error for a token of this length, which the transport cannot carry. */
export function cookieTooLarge(
  length: number,
  { name, maxLength, vary }: SessionTransport,
  { data, flash }: Contents,
  codec: Codec,
  { chunkable }: Pick<Sealer, "chunkable"> = {},
): SessionError {
  const chunksHelp =
    chunkable !== false && vary.includes("Cookie") && length <= longestToken(name, 2);
  const ways = [
    "store less, such as ids, and things in a database",
    ...(chunksHelp ? ["allow the session two cookies: cookie: { chunks: 2 }"] : []),
    "keep sessions on the server",
  ];
  return new SessionError(
    "ERR_COOKIE_TOO_LARGE",
    `The sealed session is ${length} characters long, and ${name} can carry ${maxLength}. ` +
      `${largestKeys({ ...data, ...flash }, codec.print)} What to do: ${ways.join("; or ")}.`,
  );
}
