import { describe, misconfigured } from "./options.ts";

/** What is known of where a request came from. */
interface RequestOrigin {
  readonly headers: Pick<Headers, "get">;
  /** The origins of the server itself, as the request shows them. */
  readonly own: readonly string[];
}

const WEB = /^https?:/;
const EXACT = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@\\]+$/;

/**
 * Origins that are trusted beside the server's own. Each is exact, as a browser writes it: `https://app.example`, with a
 * port where that is not the scheme's own. Throws `ERR_SESSION_CONFIG`.
 */
export function readOrigins(
  owner: string,
  name: string,
  origins: readonly string[] = [],
): ReadonlySet<string> {
  if (!Array.isArray(origins)) {
    throw misconfigured(`${owner}: ${name} must be a list of origins, not ${describe(origins)}.`);
  }
  for (const origin of origins) {
    if (isExact(origin)) continue;
    throw misconfigured(
      `${owner}: ${name} must hold origins as a browser writes them, such as "https://app.example" or ` +
        `"http://localhost:5173", without a path, a pattern or the scheme's own port, not ${describe(origin)}.`,
    );
  }
  return new Set(origins);
}

function isExact(origin: unknown): boolean {
  if (typeof origin !== "string" || !EXACT.test(origin) || /^wss?:/.test(origin)) return false;
  if (origin.includes("*")) return false;
  return !WEB.test(origin) || (URL.canParse(origin) && new URL(origin).origin === origin);
}

/**
 * The origins that a server on this host has. A connection that is not encrypted may be that of a proxy which ends TLS,
 * so a page of the same host that came over https is its own, too; and it alone, where the proxy says so.
 */
export function ownOrigins(
  host: string | undefined,
  isEncrypted: boolean,
  forwardedProto: string | null,
): readonly string[] {
  if (host === undefined) return [];
  const name = host.toLowerCase();
  const secure = `https://${name.replace(/:443$/, "")}`;
  const first = forwardedProto?.split(",")[0]?.trim().toLowerCase();
  return isEncrypted || first === "https" || first === "wss"
    ? [secure]
    : [secure, `http://${name.replace(/:80$/, "")}`];
}

/** Why a request is taken for one that a page of another origin sent. */
export type ForeignReason = "origin-syntax" | "contradiction" | "cross-origin" | "origin";

/** What a request's headers say of the page that sent it: whose it is, or nothing. */
type OriginJudgement = "same-origin" | "trusted-origin" | "unknown" | ForeignReason;

/**
 * Whose page sent a request: by Fetch Metadata first, by `Origin` where that says nothing. What is compared is text,
 * because a browser writes an origin in one way only. Without both headers nothing is known: it was no browser, or an
 * old one, or a proxy has dropped them.
 *
 * - `origin-syntax`: several origins in one header.
 * - `contradiction`: from the server's own page, and from another origin. No browser sends that.
 * - `cross-origin`: from another origin, or from another host of the same site.
 * - `origin`: the `Origin` is neither the server's nor a trusted one. It is `null` for a page without one.
 */
export function judgeOrigin(
  { headers, own }: RequestOrigin,
  trusted: ReadonlySet<string>,
): OriginJudgement {
  const origin = headers.get("origin");
  if (origin?.includes(",")) return "origin-syntax";
  const isTrusted = origin !== null && trusted.has(origin);
  const isOwn = origin !== null && own.includes(origin);
  switch (headers.get("sec-fetch-site")) {
    case "same-origin":
      if (isTrusted) return "trusted-origin";
      return origin === null || origin === "null" || isOwn ? "same-origin" : "contradiction";
    case "same-site":
    case "cross-site":
      return isTrusted ? "trusted-origin" : "cross-origin";
    default:
      if (origin === null) return "unknown";
      if (isTrusted) return "trusted-origin";
      return isOwn ? "same-origin" : "origin";
  }
}

/** Whether a page of another origin, which is not trusted, sent a request. */
export function isCrossOrigin(request: RequestOrigin, trusted: ReadonlySet<string>): boolean {
  return isForeign(judgeOrigin(request, trusted));
}

export function isForeign(judgement: OriginJudgement): judgement is ForeignReason {
  return !["same-origin", "trusted-origin", "unknown"].includes(judgement);
}
