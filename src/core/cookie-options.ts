import { utf8Length } from "./bytes.ts";
import type { ChunkCount } from "./cookie-chunks.ts";
import {
  checkBoolean,
  checkOptions,
  describe,
  LONGEST_SECONDS,
  misconfigured,
  optionNames,
} from "./options.ts";

/** The cookie that carries a token. The defaults are the strictest that work for a site of its own. */
export interface CookieOptions {
  /** Default: `"session"`. On the wire a prefix comes before it. */
  readonly name?: string;
  /**
   * `"auto"` (default): `__Host-` where the cookie is Secure, has Path=/ and no Domain; `__Secure-` where it is only
   * Secure; otherwise none. `"none"`: the bare name. Or one prefix by name (RFC 6265bis 4.1.3).
   */
  readonly prefix?: "auto" | "none" | CookiePrefix;
  /** Default: `true`. Decided here and never by the request: say `false` for a site that is served over plain http. */
  readonly secure?: boolean;
  /** Whether scripts of the page may not read it. Default: `true`. */
  readonly httpOnly?: boolean;
  /** Default: `"lax"`. `"none"` needs `secure`. */
  readonly sameSite?: "lax" | "strict" | "none";
  /** Default: `"/"`. */
  readonly path?: string;
  /** Default: none, so that only this host gets the cookie. */
  readonly domain?: string;
  /** Keeps the cookie apart for each site that embeds this one. Default: `false`. Needs `secure`. */
  readonly partitioned?: boolean;
  /**
   * Whether the cookie outlives the browser, until the session's absolute timeout. Default: `false`.
   * The timeouts are enforced on the server either way.
   */
  readonly persistent?: boolean;
  /**
   * In how many cookies a token may travel that is too long for one: `1` (default), `2` or `3`. They carry some 8,000
   * characters in all, whether two or three, because servers and proxies refuse longer headers. The others are called
   * as the first, with `.1` and `.2` behind. Only keepsake puts them together again.
   */
  readonly chunks?: 1 | 2 | 3;
}

/** What the name of a cookie may begin with, for browsers to hold it to. */
export type CookiePrefix = "__Host-" | "__Secure-" | "__Http-" | "__Host-Http-";

/** Options with their defaults, checked, and the name as it is on the wire. */
export interface Cookie {
  readonly wireName: string;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: "lax" | "strict" | "none";
  readonly path: string;
  readonly domain: string | undefined;
  readonly partitioned: boolean;
  readonly persistent: boolean;
  readonly chunks: ChunkCount;
}

const OWNER = "cookie";
export const COOKIE_OPTION_NAMES: readonly string[] = optionNames<CookieOptions>({
  name: true,
  prefix: true,
  secure: true,
  httpOnly: true,
  sameSite: true,
  path: true,
  domain: true,
  partitioned: true,
  persistent: true,
  chunks: true,
});
const PREFIXES: readonly CookiePrefix[] = ["__Host-Http-", "__Host-", "__Http-", "__Secure-"];
const LONGEST_ATTRIBUTE = 1024;

/** RFC 6265bis 4.1.1: a token (RFC 9110 5.6.2). */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const PATH = /^\/[\x20-\x3a\x3c-\x7e]*$/;
const DOMAIN =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i;

/** Throws `ERR_SESSION_CONFIG` for what browsers would refuse, drop or take for something else. */
export function checkCookie(options: CookieOptions): Cookie {
  refuseAge(options);
  checkOptions(OWNER, options, COOKIE_OPTION_NAMES);
  const {
    name = "session",
    prefix = "auto",
    secure = true,
    httpOnly = true,
    sameSite = "lax",
    path = "/",
    domain,
    partitioned = false,
    persistent = false,
    chunks = 1,
  } = options;
  for (const [flag, value] of Object.entries({ secure, httpOnly, partitioned, persistent })) {
    checkBoolean(OWNER, flag, value);
  }
  checkText("name", name, NAME, 'letters, digits and any of !#$%&\'*+-.^_`|~, such as "session"');
  checkText("path", path, PATH, 'a path that begins with "/" and has no ";"');
  if (domain !== undefined) {
    checkText("domain", domain, DOMAIN, 'a host name without a leading dot, such as "example.com"');
  }
  if (!["lax", "strict", "none"].includes(sameSite)) {
    throw misconfigured(
      `${OWNER}: sameSite must be "lax", "strict" or "none", not ${describe(sameSite)}.`,
    );
  }
  if (sameSite === "none" && !secure) {
    throw misconfigured(
      `${OWNER}: browsers refuse SameSite=None without Secure. Leave secure at true, or use sameSite: "lax".`,
    );
  }
  if (partitioned && !secure) {
    throw misconfigured(
      `${OWNER}: browsers refuse Partitioned without Secure. Leave secure at true.`,
    );
  }
  if (![1, 2, 3].includes(chunks)) {
    throw misconfigured(`${OWNER}: chunks must be 1, 2 or 3, not ${describe(chunks)}.`);
  }
  const attributes = { secure, httpOnly, sameSite, path, domain, partitioned, persistent };
  return { ...attributes, chunks, wireName: prefixed(name, prefix, attributes) };
}

function refuseAge(options: unknown): void {
  if (typeof options !== "object" || options === null) return;
  if (!("maxAge" in options || "expires" in options)) return;
  throw misconfigured(
    `${OWNER}: a cookie has no age of its own here. Set idleTimeout and absoluteTimeout (in seconds, at most ` +
      `${LONGEST_SECONDS}) beside it, and persistent: true for a cookie that outlives the browser.`,
  );
}

type Attributes = Omit<Cookie, "wireName" | "chunks">;

function checkText(name: string, value: unknown, pattern: RegExp, wanted: string): void {
  if (typeof value !== "string" || !pattern.test(value) || utf8Length(value) > LONGEST_ATTRIBUTE) {
    throw misconfigured(`${OWNER}: ${name} must be ${wanted}, not ${describe(value)}.`);
  }
}

function prefixed(name: string, prefix: unknown, cookie: Attributes): string {
  const written = PREFIXES.find((each) => name.toLowerCase().startsWith(each.toLowerCase()));
  if (written !== undefined) {
    if (prefix !== "auto" && prefix !== written) {
      throw misconfigured(
        `${OWNER}: the name ${name} and prefix: ${describe(prefix)} name two prefixes. Write the name without one.`,
      );
    }
    checkPrefix(written, cookie);
    return name;
  }
  if (prefix === "none") return name;
  if (prefix === "auto") return `${naturalPrefix(cookie)}${name}`;
  const chosen = PREFIXES.find((each) => each === prefix);
  if (chosen === undefined) {
    throw misconfigured(
      `${OWNER}: prefix must be "auto", "none" or one of ${PREFIXES.join(", ")}, not ${describe(prefix)}.`,
    );
  }
  checkPrefix(chosen, cookie);
  return `${chosen}${name}`;
}

function naturalPrefix({ secure, path, domain }: Attributes): CookiePrefix | "" {
  if (!secure) return "";
  return path === "/" && domain === undefined ? "__Host-" : "__Secure-";
}

/** RFC 6265bis 5.7, steps 20 to 22: what a browser demands of a cookie whose name says so. */
function checkPrefix(prefix: CookiePrefix, cookie: Attributes): void {
  const wrong: string[] = [];
  if (!cookie.secure) wrong.push("secure: true");
  if (prefix.includes("Http-") && !cookie.httpOnly) wrong.push("httpOnly: true");
  if (prefix.startsWith("__Host-")) {
    if (cookie.path !== "/") wrong.push('path: "/"');
    if (cookie.domain !== undefined) wrong.push("no domain");
  }
  if (wrong.length > 0) {
    throw misconfigured(
      `${OWNER}: browsers accept a cookie named ${prefix}… only with ${wrong.join(" and ")}. ` +
        'Change that, or leave the prefix to prefix: "auto".',
    );
  }
}
