import { type ForeignReason, isForeign, judgeOrigin } from "../core/origins.ts";

/** What is known of a request when it is judged. */
export interface RequestFacts {
  /** The method on the wire, in capitals: never what `_method` or `X-HTTP-Method-Override` say. */
  readonly method: string;
  /** The path as it was sent, without the query. */
  readonly path: string;
  readonly headers: Pick<Headers, "get">;
  /** The origins of the server itself. */
  readonly own: readonly string[];
  /** What the session of the request was found by; `undefined` where it has none. */
  readonly credential: "cookie" | "header" | undefined;
  /** Whether it carries a cookie of the session or of the anti-forgery tokens, good or bad: what a browser sends by itself. */
  readonly hasCookie: boolean;
  /**
   * Its anti-forgery token. `unread`: not in a header, and the body has not been looked at; `unreadable`: nobody has
   * parsed the body.
   */
  readonly token: "valid" | "invalid" | "none" | "unread" | "unreadable";
}

/** What an application has decided, once, about which requests get through. */
export interface VerdictRules {
  /** `"token-always"`: what else gets through needs a valid token besides (NIST SP 800-63B-4 5.1). */
  readonly mode: "any-proof" | "token-always";
  readonly trustedOrigins: ReadonlySet<string>;
  /** Whether a request that carries neither cookie, token nor proof gets through. */
  readonly unproven: "allow" | "refuse";
  /** Whether a request to this place is not judged. */
  isExempt(method: string, path: string): boolean;
  /** Whether a GET or HEAD of this place has effects, and is judged. */
  isProtectedGet(method: string, path: string): boolean;
  /** Whether a request to this place may come from a client that is no browser, and proves nothing. */
  allowsNonBrowser(method: string, path: string): boolean;
}

/** Why a request gets through: what proved that it is no forgery, or why it needs no proof. */
export type AllowReason =
  | "safe-method"
  | "exempt"
  | "header-credential"
  | "same-origin"
  | "trusted-origin"
  | "token"
  | "non-browser"
  | "unproven";

/**
 * Why a request is refused.
 *
 * - `cross-origin`: a page of another origin sent it (`Sec-Fetch-Site`).
 * - `origin`: its `Origin` is neither the server's nor a trusted one, or `null`.
 * - `contradiction`, `origin-syntax`: the two headers contradict each other, or one holds what no browser sends.
 * - `no-proof`: it has a cookie, neither of the headers, and no token.
 * - `no-body`: as `no-proof`, but there may be a token in its body, which nobody has parsed before.
 * - `bad-token`: its token is not one for this visitor.
 * - `unproven`: it has nothing at all, and `unproven` is `"refuse"`.
 */
export type ForgeryReason = ForeignReason | "no-proof" | "no-body" | "bad-token" | "unproven";

/** `undecided`: it depends on the token, which is in the body if anywhere. Read it and ask again. */
export type Verdict =
  | { readonly outcome: "allow"; readonly reason: AllowReason }
  | { readonly outcome: "refuse"; readonly reason: ForgeryReason }
  | { readonly outcome: "undecided" };

/** Those that change nothing by what they mean (RFC 9110 9.2.1). */
export const SAFE_METHODS: readonly string[] = ["GET", "HEAD", "OPTIONS", "QUERY"];

const allow = (reason: AllowReason): Verdict => ({ outcome: "allow", reason });
const refuse = (reason: ForgeryReason): Verdict => ({ outcome: "refuse", reason });
const UNDECIDED: Verdict = { outcome: "undecided" };

/**
 * Whether a request is one that the visitor meant, or one that another page made the browser send (ASVS 3.5.1): by Fetch
 * Metadata first, by `Origin` second, by a token third.
 */
export function judge(facts: RequestFacts, rules: VerdictRules): Verdict {
  const { method, path, credential, hasCookie } = facts;
  if (isSafe(facts, rules)) return allow("safe-method");
  if (rules.isExempt(method, path)) return allow("exempt");
  // No page can make a browser send a session in a header by itself.
  if (credential === "header" && !hasCookie) return allow("header-credential");

  const judgement = judgeOrigin(facts, rules.trustedOrigins);
  if (isForeign(judgement)) return refuse(judgement);
  if (judgement === "unknown") return judgeWithoutProof(facts, rules);
  return rules.mode === "token-always" ? judgeToken(facts) : allow(judgement);
}

function isSafe({ method, path, headers }: RequestFacts, rules: VerdictRules): boolean {
  if (!SAFE_METHODS.includes(method) || isTunnelled(method, headers)) return false;
  // A preflight must always get through to what answers it.
  if (method === "OPTIONS") return true;
  if (method === "GET" && isWebSocket(headers)) return false;
  return !rules.isProtectedGet(method, path);
}

const FORM_TYPE =
  /^(?:application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)(?:\s|;|$)/i;

/**
 * Whether a safe method stands in the place of another: a form or a query can name one to middleware that comes before.
 * What the browser sent with the form is still there, and no browser sends it with a safe method.
 */
function isTunnelled(method: string, headers: RequestFacts["headers"]): boolean {
  const type = headers.get("content-type");
  if (type !== null && FORM_TYPE.test(type)) return true;
  // A QUERY has a body, and says of what type (RFC 9110 8.3).
  if (method === "QUERY") return type === null;
  // Without a body it can do no more than a link can.
  const length = headers.get("content-length") ?? "0";
  return length !== "0" || headers.get("transfer-encoding") !== null;
}

/** Browsers ask nobody's leave before they open a socket to another origin. */
function isWebSocket(headers: RequestFacts["headers"]): boolean {
  return headers.get("upgrade")?.toLowerCase().includes("websocket") ?? false;
}

function judgeWithoutProof(facts: RequestFacts, rules: VerdictRules): Verdict {
  const { method, path } = facts;
  if (rules.mode === "any-proof" && isBare(facts)) {
    return rules.unproven === "allow" ? allow("unproven") : refuse("unproven");
  }
  if (rules.allowsNonBrowser(method, path)) return allow("non-browser");
  return judgeToken(facts);
}

/** Nothing that a browser sends by itself, and nothing that says who sent it. */
function isBare({ method, headers, credential, hasCookie, token }: RequestFacts): boolean {
  // Browsers send no origin with a GET, so one without may well be a page's.
  const mayBePages = (method === "GET" || method === "HEAD") && !isWebSocket(headers);
  const hasToken = token !== "none" && token !== "unreadable";
  return !mayBePages && credential === undefined && !hasCookie && !hasToken;
}

function judgeToken({ token }: RequestFacts): Verdict {
  switch (token) {
    case "valid":
      return allow("token");
    case "invalid":
      return refuse("bad-token");
    case "none":
      return refuse("no-proof");
    case "unreadable":
      return refuse("no-body");
    case "unread":
      return UNDECIDED;
  }
}
