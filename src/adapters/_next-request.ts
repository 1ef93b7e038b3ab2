import type { SessionRequest } from "../core/exchange.ts";

/** Headers as Next.js gives them: those of the request, which cannot be changed. */
export type NextHeaders = Pick<Headers, "get">;

/** The cookies of a request as Next.js gives them: what the client sent, changed by what the request did since. */
export interface NextCookies {
  getAll(): readonly { readonly name: string; readonly value: string }[];
  set(cookie: NextCookie): unknown;
  delete(name: string): unknown;
}

/** A cookie as Next.js takes it. */
export interface NextCookie {
  readonly name: string;
  readonly value: string;
  readonly path?: string;
  readonly domain?: string;
  readonly maxAge?: number;
  readonly expires?: Date;
  readonly secure?: boolean;
  readonly httpOnly?: boolean;
  readonly sameSite?: "lax" | "strict" | "none";
  readonly partitioned?: boolean;
}

/** What is left of a request where Next.js hands over none: enough for a store. */
export function nextRequest(headers: NextHeaders, cookies: NextCookies): SessionRequest {
  const cookie = cookieHeader(headers.get("cookie"), cookies);
  return {
    headers: { get: (name) => (name.toLowerCase() === "cookie" ? cookie : headers.get(name)) },
  };
}

/**
 * The `Cookie` header as it would be if the client had obeyed by now what the request did to its cookies: after a server
 * action the page is rendered in the same request. What is as the client sent it keeps its spelling, and its doubles,
 * of which Next.js knows but one.
 */
function cookieHeader(sent: string | null, cookies: NextCookies): string | null {
  const pairs = (sent ?? "").split(/; */).filter((pair) => pair !== "");
  const changed = cookies
    .getAll()
    .filter(({ name, value }) => !pairs.some((pair) => isPair(pair, name, value)));
  if (changed.length === 0) return sent;
  const names = new Set(changed.map(({ name }) => name));
  const kept = pairs.filter((pair) => !names.has(nameOf(pair)));
  const added = changed
    .filter(({ value }) => value !== "")
    .map(({ name, value }) => `${name}=${encodeURIComponent(value)}`);
  return [...kept, ...added].join("; ");
}

function nameOf(pair: string): string {
  return pair.split("=", 1)[0] ?? "";
}

/** Next.js decodes values, and takes a name alone for one with the value "true". */
function isPair(pair: string, name: string, value: string): boolean {
  if (nameOf(pair) !== name) return false;
  if (pair === name) return value === "true";
  try {
    return decodeURIComponent(pair.slice(name.length + 1)) === value;
  } catch {
    return false;
  }
}
