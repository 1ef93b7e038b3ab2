import { SessionError } from "../core/errors.ts";
import { misconfigured } from "../core/options.ts";
import type { NextCookie, NextCookies } from "./_next-request.ts";

/** What Next.js sees to by itself where it answers one visitor. */
const LEFT_TO_NEXT = ["set-cookie", "cache-control", "vary"];

/** Throws `ERR_SESSION_CONFIG` for what cannot travel in cookies: Next.js hands over no response to put it on. */
export function checkHeaders(headers: Headers): void {
  for (const name of headers.keys()) {
    if (LEFT_TO_NEXT.includes(name)) continue;
    throw misconfigured(
      `withSession: Next.js sends no header ${name} from a server action. Carry the token in a cookie, ` +
        "or use route() in a route handler.",
    );
  }
}

/** Sets cookies as they are on the lines of a response. Throws `ERR_SESSION_CONFIG` for a token that would not arrive. */
export function sendCookies(lines: readonly string[], cookies: NextCookies): void {
  for (const cookie of lines.map(parse)) {
    if (encodeURIComponent(cookie.value) !== cookie.value) {
      throw misconfigured(
        `withSession: Next.js would encode the value of ${cookie.name}, so that it could not be read again. ` +
          "Use a sealer whose tokens are URL-safe, as the default one's are, or route() in a route handler.",
      );
    }
    cookies.set(cookie);
  }
}

/** Throws where a page is rendered: there Next.js gives one function for both, and that refuses. */
export function checkWritable(cookies: NextCookies): void {
  if (!Object.is(cookies.set, cookies.delete)) return;
  throw new SessionError(
    "ERR_SESSION_COMMITTED",
    "A server component cannot change the session, because Next.js sets no cookies while it renders. " +
      "Read it with readSession(), and call withSession() in a server action.",
  );
}

/** A line that a transport wrote (RFC 6265bis 4.1.1). */
function parse(line: string): NextCookie {
  const [pair = "", ...rest] = line.split(/; */);
  const attributes = new Map(
    rest.map((each) => {
      const [key = "", value = ""] = each.split("=", 2);
      return [key.toLowerCase(), value];
    }),
  );
  const [path, domain] = [attributes.get("path"), attributes.get("domain")];
  const [maxAge, expires] = [attributes.get("max-age"), attributes.get("expires")];
  const sameSite = SAME_SITE.find((each) => each === attributes.get("samesite")?.toLowerCase());
  return {
    name: pair.split("=", 1)[0] ?? "",
    value: pair.slice(pair.indexOf("=") + 1),
    secure: attributes.has("secure"),
    httpOnly: attributes.has("httponly"),
    partitioned: attributes.has("partitioned"),
    ...(path === undefined ? {} : { path }),
    ...(domain === undefined ? {} : { domain }),
    ...(maxAge === undefined ? {} : { maxAge: Number(maxAge) }),
    ...(expires === undefined ? {} : { expires: new Date(expires) }),
    ...(sameSite === undefined ? {} : { sameSite }),
  };
}

const SAME_SITE = ["lax", "strict", "none"] as const;
