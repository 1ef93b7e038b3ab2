import type { Contents } from "../core/changes.ts";
import { type Codec, largestKeys } from "../core/codec.ts";
import { longestToken } from "../core/cookie-chunks.ts";
import { SessionError } from "../core/errors.ts";
import type { SessionTransport } from "../core/transport.ts";

/** The error for a token of this length, which the transport cannot carry. */
export function cookieTooLarge(
  length: number,
  { name, maxLength, vary }: SessionTransport,
  { data, flash }: Contents,
  codec: Codec,
): SessionError {
  const chunksHelp = vary.includes("Cookie") && length <= longestToken(name, 2);
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
