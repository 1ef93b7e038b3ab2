import type { Clock } from "../core/clock.ts";

interface StoredCookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly expiresAt: number | undefined;
  readonly attributes: ReadonlyMap<string, string>;
}

const LARGEST = 4096;
const LONGEST_AGE = 400 * 24 * 60 * 60;

/**
 * The cookies of one client of one host, stored and sent as a browser does (RFC 6265bis 5.7 and 5.8): it drops what
 * browsers drop, such as a cookie of more than 4,096 octets or a `__Host-` cookie that is not Secure. Loopback counts as
 * a secure connection, as it does for browsers.
 */
export class CookieJar {
  readonly #clock: Clock;
  #cookies: StoredCookie[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Stores what a response sets. */
  store(response: { readonly headers: Pick<Headers, "getSetCookie"> }): void {
    for (const line of response.headers.getSetCookie()) this.#storeLine(line);
  }

  #storeLine(line: string): void {
    const [pair = "", ...rest] = line.split(";");
    const equals = pair.indexOf("=");
    const name = pair.slice(0, Math.max(equals, 0)).trim();
    const value = pair.slice(equals + 1).trim();
    const attributes = new Map(
      rest.map((each) => {
        const [key = "", ...text] = each.split("=");
        return [key.trim().toLowerCase(), text.join("=").trim()];
      }),
    );
    if (name === "" || new TextEncoder().encode(name + value).length > LARGEST) return;
    if (!allowed(name, attributes)) return;
    const path = attributes.get("path") || "/";
    const kept = this.#cookies.filter((cookie) => cookie.name !== name || cookie.path !== path);
    const expiresAt = this.#expiry(attributes);
    const expired = expiresAt !== undefined && expiresAt <= this.#clock();
    this.#cookies = expired ? kept : [...kept, { name, value, path, expiresAt, attributes }];
  }

  #expiry(attributes: ReadonlyMap<string, string>): number | undefined {
    const maxAge = attributes.get("max-age");
    if (maxAge !== undefined) return this.#clock() + Math.min(Number(maxAge), LONGEST_AGE) * 1000;
    const expires = attributes.get("expires");
    return expires === undefined ? undefined : Date.parse(expires);
  }

  /** The `Cookie` header for a request to this path; `undefined` if there is none to send. */
  header(path = "/"): string | undefined {
    const now = this.#clock();
    const sent = this.#cookies
      .filter((cookie) => cookie.expiresAt === undefined || cookie.expiresAt > now)
      .filter((cookie) => matches(path, cookie.path))
      .sort((a, b) => b.path.length - a.path.length);
    return sent.length === 0
      ? undefined
      : sent.map((each) => `${each.name}=${each.value}`).join("; ");
  }

  /** The value of a cookie; `undefined` if it is not stored. */
  get(name: string): string | undefined {
    return this.#cookies.find((cookie) => cookie.name === name)?.value;
  }

  /** Stores a cookie as if a response had set it, such as one that an attacker plants. */
  set(name: string, value: string): void {
    this.#storeLine(`${name}=${value}; Path=/; Secure`);
  }

  get names(): string[] {
    return this.#cookies.map(({ name }) => name);
  }
}

/** What the name's prefix and the attributes demand of each other. */
function allowed(name: string, attributes: ReadonlyMap<string, string>): boolean {
  const lower = name.toLowerCase();
  const secure = attributes.has("secure");
  const http = attributes.has("httponly");
  const ownHost = secure && !attributes.has("domain") && attributes.get("path") === "/";
  if (attributes.get("samesite")?.toLowerCase() === "none" && !secure) return false;
  if (attributes.has("partitioned") && !secure) return false;
  if (lower.startsWith("__host-http-")) return ownHost && http;
  if (lower.startsWith("__host-")) return ownHost;
  if (lower.startsWith("__http-")) return secure && http;
  if (lower.startsWith("__secure-")) return secure;
  return true;
}

function matches(path: string, cookiePath: string): boolean {
  return (
    path === cookiePath || path.startsWith(cookiePath.endsWith("/") ? cookiePath : `${cookiePath}/`)
  );
}
