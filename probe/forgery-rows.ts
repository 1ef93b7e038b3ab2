import type { AllowReason, AntiForgeryOptions, ForgeryReason } from "keepsake/anti-forgery";

/** How a request shows who sent it. */
export interface SentWith {
  /** Default: POST. */
  readonly method?: string;
  /** Default: `/form`. */
  readonly path?: string;
  /** `Sec-Fetch-Site`. */
  readonly site?: string;
  readonly origin?: string;
  /** What the server is called in the request. Default: `app.example`, over https. */
  readonly host?: string;
  /** What a proxy says of the connection. Default: `https`. */
  readonly proto?: string;
  /**
   * `user`: the cookie of a session, with somebody logged in. `expired`: one that opens nothing. `form`: that of a visitor
   * without a session who was shown a form. `header`: a session in a header, and no cookie. `both`: that, and a cookie
   * that opens nothing. Default: none.
   */
  readonly as?: "user" | "expired" | "form" | "header" | "both";
  /**
   * A token of this visitor's in the header, or in a form, once or twice; `old`: from before the last login, in the
   * header; `foreign`: another visitor's, in the header; `junk`; `two`: this visitor's and another in one form; `json`: in
   * a JSON body. Default: none.
   */
  readonly token?: "header" | "form" | "twice" | "old" | "foreign" | "junk" | "two" | "json";
  /** Other headers. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request, what an application has decided, and what comes of it. */
export interface ForgeryRow {
  readonly name: string;
  readonly sent: SentWith;
  readonly options?: AntiForgeryOptions;
  readonly expected: AllowReason | ForgeryReason;
}

const APP = "https://app.example";
const EVIL = "https://evil.example";
const PARTNER = "https://partner.example";
const TRUSTING: AntiForgeryOptions = { trustedOrigins: [PARTNER] };
const ALWAYS: AntiForgeryOptions = { mode: "token-always" };
const USER: SentWith = { as: "user" };

const JSON_TYPE = { "content-type": "application/json" };

const row = (
  name: string,
  sent: SentWith,
  expected: ForgeryRow["expected"],
  options?: AntiForgeryOptions,
): ForgeryRow => ({ name, sent, expected, ...(options === undefined ? {} : { options }) });

/** Every branch of the algorithm. */
const BRANCHES: readonly ForgeryRow[] = [
  ...["GET", "HEAD", "OPTIONS"].map((method) =>
    row(
      `${method} is safe, wherever it comes from`,
      { ...USER, method, site: "cross-site" },
      "safe-method",
    ),
  ),
  row(
    "QUERY is safe, wherever it comes from",
    { ...USER, method: "QUERY", site: "cross-site", headers: JSON_TYPE },
    "safe-method",
  ),
  row(
    "GET of a client that always names a type",
    { ...USER, method: "GET", headers: JSON_TYPE },
    "safe-method",
  ),
  ...["GET", "OPTIONS", "QUERY"].flatMap((method) =>
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "TEXT/PLAIN"].map(
      (type) =>
        row(
          `${method} with a form's type ${type}: some middleware has put the method there (requirement 83)`,
          { ...USER, method, site: "cross-site", headers: { "content-type": type } },
          "cross-origin",
        ),
    ),
  ),
  row(
    "GET with a body (requirement 83)",
    { ...USER, method: "GET", site: "cross-site", headers: { "transfer-encoding": "chunked" } },
    "cross-origin",
  ),
  row(
    "GET with a length of nothing, as some programs send it",
    { ...USER, method: "GET", headers: { "content-length": "0" } },
    "safe-method",
  ),
  row(
    "QUERY of no type, which has been a POST without a body (requirement 83)",
    { ...USER, method: "QUERY", site: "cross-site" },
    "cross-origin",
  ),
  ...["POST", "PUT", "PATCH", "DELETE", "PROPFIND"].map((method) =>
    row(`${method} is not`, { ...USER, method, site: "cross-site" }, "cross-origin"),
  ),
  row("a protected GET", { ...USER, method: "GET", site: "cross-site" }, "cross-origin", {
    protectGet: ["/form"],
  }),
  row("a protected GET by HEAD", { ...USER, method: "HEAD", site: "cross-site" }, "cross-origin", {
    protectGet: ["GET /form"],
  }),
  row(
    "a protected GET in another spelling",
    { ...USER, method: "GET", path: "/form/", site: "cross-site" },
    "cross-origin",
    { protectGet: ["/form"] },
  ),
  row(
    "a protected GET of the own page",
    { ...USER, method: "GET", site: "same-origin" },
    "same-origin",
    { protectGet: ["/form"] },
  ),
  row(
    "a protected GET of a stranger that says nothing, as old browsers send it",
    { method: "GET" },
    "no-proof",
    { protectGet: ["/form"] },
  ),
  row(
    "a preflight of a protected GET",
    { ...USER, method: "OPTIONS", site: "cross-site" },
    "safe-method",
    { protectGet: ["/form"] },
  ),
  row("a place that is exempt", { ...USER, site: "cross-site", origin: EVIL }, "exempt", {
    exempt: ["/form"],
  }),
  row("a place that is exempt, with its method", { ...USER, site: "cross-site" }, "exempt", {
    exempt: ["POST /form"],
  }),
  row(
    "a place that is exempt with another method",
    { ...USER, site: "cross-site" },
    "cross-origin",
    { exempt: ["PUT /form"] },
  ),
  row(
    "a place that is exempt in another spelling",
    { ...USER, site: "cross-site", path: "/form/" },
    "cross-origin",
    { exempt: ["/form"] },
  ),
  row("a session in a header alone", { as: "header" }, "header-credential"),
  row(
    "a session in a header, from another origin that was let in",
    { as: "header", site: "cross-site", origin: EVIL },
    "header-credential",
  ),
  row(
    "requirement 88: a session in a header, and a cookie",
    { as: "both", site: "cross-site", origin: EVIL },
    "cross-origin",
  ),
  row(
    "requirement 88: a cookie, and a header that is none of ours",
    { ...USER, headers: { "x-session-id": "dummy" }, site: "cross-site" },
    "cross-origin",
  ),
  row("two origins in one header", { ...USER, origin: `${APP}, ${APP}` }, "origin-syntax"),
  row(
    "two origins, and Fetch Metadata that says same-origin",
    { ...USER, site: "same-origin", origin: `${APP}, ${APP}` },
    "origin-syntax",
  ),
  row("same-origin", { ...USER, site: "same-origin" }, "same-origin"),
  row(
    "same-origin with the own origin",
    { ...USER, site: "same-origin", origin: APP },
    "same-origin",
  ),
  row(
    "same-origin with the origin null",
    { ...USER, site: "same-origin", origin: "null" },
    "same-origin",
  ),
  row(
    "same-origin with a trusted origin",
    { ...USER, site: "same-origin", origin: PARTNER },
    "trusted-origin",
    TRUSTING,
  ),
  row(
    "same-origin with another origin, which no browser sends",
    { ...USER, site: "same-origin", origin: EVIL },
    "contradiction",
  ),
  row(
    "same-origin with a good token, and another origin",
    { ...USER, site: "same-origin", origin: EVIL, token: "header" },
    "contradiction",
  ),
  row("cross-site", { ...USER, site: "cross-site" }, "cross-origin"),
  row(
    "cross-site, of a stranger: a forged login (requirement 82)",
    { site: "cross-site", origin: EVIL },
    "cross-origin",
  ),
  row(
    "cross-site with a good token",
    { ...USER, site: "cross-site", origin: EVIL, token: "header" },
    "cross-origin",
  ),
  row(
    "cross-site with a trusted origin",
    { ...USER, site: "cross-site", origin: PARTNER },
    "trusted-origin",
    TRUSTING,
  ),
  row(
    "same-site (requirement 78)",
    { ...USER, site: "same-site", origin: "https://www.app.example" },
    "cross-origin",
  ),
  row(
    "same-site with a trusted origin",
    { ...USER, site: "same-site", origin: PARTNER },
    "trusted-origin",
    TRUSTING,
  ),
  row("the own origin alone (requirement 79)", { ...USER, origin: APP }, "same-origin"),
  row("a trusted origin alone", { ...USER, origin: PARTNER }, "trusted-origin", TRUSTING),
  row("another origin alone", { ...USER, origin: EVIL }, "origin"),
  row("another origin with a good token", { ...USER, origin: EVIL, token: "header" }, "origin"),
  row("the origin null alone", { ...USER, origin: "null" }, "origin"),
  row("the origin null of a stranger", { origin: "null" }, "origin"),
  row("nothing at all", {}, "unproven"),
  row("nothing at all, refused", {}, "unproven", { unproven: "refuse" }),
  row("nothing but a token", { token: "junk" }, "bad-token"),
  row("a cookie without proof (requirement 80)", USER, "no-proof"),
  row("a cookie that opens nothing, without proof", { as: "expired" }, "no-proof"),
  row("a cookie for forms, without proof", { as: "form" }, "no-proof"),
  row("a good token in the header", { ...USER, token: "header" }, "token"),
  row("a good token in a form", { ...USER, token: "form" }, "token"),
  row("a good token twice in a form", { ...USER, token: "twice" }, "token"),
  row("two tokens in a form", { ...USER, token: "two" }, "bad-token"),
  row("a stranger's good token", { as: "form", token: "form" }, "token"),
  row("a stranger's good token in the header", { as: "form", token: "header" }, "token"),
  row("another visitor's token (requirement 81)", { ...USER, token: "foreign" }, "bad-token"),
  row("junk for a token", { ...USER, token: "junk" }, "bad-token"),
  row("a token in JSON", { ...USER, token: "json" }, "no-proof"),
  row("a client that is no browser", USER, "non-browser", { allowNonBrowser: ["/form"] }),
  row("a client that is no browser, elsewhere", USER, "no-proof", { allowNonBrowser: ["/api/*"] }),
  row("a browser, where other clients are let in", { ...USER, origin: EVIL }, "origin", {
    allowNonBrowser: ["/form"],
  }),
  row(
    "token always: without one",
    { ...USER, site: "same-origin", origin: APP },
    "no-proof",
    ALWAYS,
  ),
  row(
    "token always: with one",
    { ...USER, site: "same-origin", origin: APP, token: "form" },
    "token",
    ALWAYS,
  ),
  row(
    "token always: a stranger without one",
    { site: "same-origin", origin: APP },
    "no-proof",
    ALWAYS,
  ),
  row(
    "token always: a stranger with one",
    { as: "form", site: "same-origin", token: "form" },
    "token",
    ALWAYS,
  ),
  row(
    "token always: with one, cross-site",
    { ...USER, site: "cross-site", token: "form" },
    "cross-origin",
    ALWAYS,
  ),
  row(
    "token always: a trusted origin",
    { ...USER, site: "cross-site", origin: PARTNER },
    "no-proof",
    { ...ALWAYS, ...TRUSTING },
  ),
  row("token always: nothing at all", {}, "no-proof", ALWAYS),
  row("token always: safe all the same", { ...USER, method: "GET" }, "safe-method", ALWAYS),
];

const SOCKET = { upgrade: "websocket", connection: "upgrade" };

/** The edge cases C3 of the security requirements, by their numbers. */
const EDGES: readonly ForgeryRow[] = [
  row(
    "1: a redirect chain that left the site",
    { ...USER, site: "cross-site", origin: "null" },
    "cross-origin",
  ),
  row(
    "2: a callback of single sign-on",
    { site: "cross-site", origin: PARTNER },
    "trusted-origin",
    TRUSTING,
  ),
  row(
    "2: a callback of single sign-on that nobody trusts",
    { site: "cross-site", origin: PARTNER },
    "cross-origin",
  ),
  row(
    "3: a page of ours without a referrer",
    { ...USER, site: "same-origin", origin: "null" },
    "same-origin",
  ),
  row("3: a sandboxed frame", { ...USER, site: "cross-site", origin: "null" }, "cross-origin"),
  row("3: a sandboxed frame in an old browser", { ...USER, origin: "null" }, "origin"),
  row(
    "4: an http page of the same host",
    { ...USER, site: "cross-site", origin: "http://app.example" },
    "cross-origin",
  ),
  row(
    "4: an http page of the same host, in an old browser",
    { ...USER, origin: "http://app.example" },
    "origin",
  ),
  row("5: a share target", { ...USER, site: "none", origin: EVIL }, "origin"),
  row("5: typed or shared, with no origin", { ...USER, site: "none" }, "no-proof"),
  row("5: typed or shared, exempt", { ...USER, site: "none" }, "exempt", { exempt: ["/form"] }),
  row(
    "6: a page of an extension",
    { ...USER, site: "none", origin: "chrome-extension://abcdefghijklmnop" },
    "origin",
  ),
  row(
    "6: a page of an extension that is listed",
    { ...USER, site: "none", origin: "chrome-extension://abcdefghijklmnop" },
    "trusted-origin",
    { trustedOrigins: ["chrome-extension://abcdefghijklmnop"] },
  ),
  row(
    "7: a service worker's fetch",
    { ...USER, site: "same-origin", origin: APP, headers: { "sec-fetch-dest": "empty" } },
    "same-origin",
  ),
  row("8: a proxy drops Sec-Fetch-Site", { ...USER, origin: APP }, "same-origin"),
  row("8: a proxy drops both", USER, "no-proof"),
  row("8: a proxy drops both, and there is a token", { ...USER, token: "form" }, "token"),
  row(
    "9: a proxy doubles Sec-Fetch-Site",
    { ...USER, site: "same-origin, same-origin" },
    "no-proof",
  ),
  row(
    "9: a proxy doubles Sec-Fetch-Site, and there is an origin",
    { ...USER, site: "same-origin, same-origin", origin: APP },
    "same-origin",
  ),
  row(
    "9: a proxy doubles Sec-Fetch-Site of a foreign page",
    { ...USER, site: "cross-site, cross-site", origin: EVIL },
    "origin",
  ),
  row("10: the host is rewritten", { ...USER, host: "inner:8080", origin: APP }, "origin"),
  row(
    "10: the host is rewritten, and its own origins are named",
    { ...USER, host: "inner:8080", origin: APP },
    "same-origin",
    { selfOrigins: [APP] },
  ),
  row("10: what is named is all there is", { ...USER, origin: APP }, "origin", {
    selfOrigins: ["https://other.example"],
  }),
  row(
    "11: development over plain http",
    { ...USER, host: "192.168.1.5:3000", proto: "http", origin: "http://192.168.1.5:3000" },
    "same-origin",
  ),
  row(
    "12: JSON in plain text",
    { ...USER, site: "cross-site", headers: { "content-type": "text/plain" } },
    "cross-origin",
  ),
  row(
    "13: a GET with effects passes",
    { ...USER, method: "GET", site: "cross-site" },
    "safe-method",
  ),
  row(
    "13: a GET with effects that is listed",
    { ...USER, method: "GET", site: "cross-site" },
    "cross-origin",
    { protectGet: ["/form"] },
  ),
  row("14: a host with a dot at the end", { ...USER, origin: `${APP}.` }, "origin"),
  row("14: the port of the scheme, spelt out", { ...USER, origin: `${APP}:443` }, "origin"),
  row(
    "14: the port of the scheme, in the host alone",
    { ...USER, host: "app.example:443", origin: APP },
    "same-origin",
  ),
  row("14: another port", { ...USER, origin: `${APP}:8443` }, "origin"),
  row(
    "14: an address of six parts",
    { ...USER, host: "[::1]:3000", proto: "http", origin: "http://[::1]:3000" },
    "same-origin",
  ),
  row(
    "14: a name as browsers write it",
    { ...USER, host: "xn--bcher-kva.example", origin: "https://xn--bcher-kva.example" },
    "same-origin",
  ),
  row("15: a preflight", { method: "OPTIONS", site: "cross-site", origin: EVIL }, "safe-method"),
  row(
    "16: the session has expired, in a browser",
    { as: "expired", site: "same-origin", origin: APP },
    "same-origin",
  ),
  row(
    "16: the session has expired, with its token alone",
    { as: "expired", token: "junk" },
    "bad-token",
  ),
  row(
    "17: a form from before the last login, in a browser",
    { ...USER, token: "old", site: "same-origin", origin: APP },
    "same-origin",
  ),
  row("17: a form from before the last login, alone", { ...USER, token: "old" }, "bad-token"),
  row(
    "18: GraphQL over GET",
    { ...USER, method: "GET", path: "/form?query=x", site: "cross-site" },
    "cross-origin",
    { protectGet: ["/form"] },
  ),
  row("19: registration of a device-bound session", { ...USER, site: "cross-site" }, "exempt", {
    exempt: ["POST /form"],
  }),
  row(
    "20: a method override",
    { ...USER, site: "cross-site", headers: { "x-http-method-override": "GET" } },
    "cross-origin",
  ),
  row(
    "20: a method override in the query",
    { ...USER, path: "/form?_method=GET", site: "cross-site" },
    "cross-origin",
  ),
  row(
    "a WebSocket from another origin (requirement 84)",
    { ...USER, method: "GET", origin: EVIL, headers: SOCKET },
    "origin",
  ),
];

/** The rows of Go's own tests of `CrossOriginProtection`, where this library is as strict or stricter (requirement 78). */
const GOLDEN: readonly ForgeryRow[] = [
  row("same-origin", { ...USER, site: "same-origin", origin: APP }, "same-origin"),
  row("none, with the own origin", { ...USER, site: "none", origin: APP }, "same-origin"),
  row("cross-site", { ...USER, site: "cross-site", origin: EVIL }, "cross-origin"),
  row(
    "same-site",
    { ...USER, site: "same-site", origin: "https://sub.app.example" },
    "cross-origin",
  ),
  row("no header, no origin: stricter, because there is a session", USER, "no-proof"),
  row("no header, the own origin", { ...USER, origin: APP }, "same-origin"),
  row("no header, another origin", { ...USER, origin: EVIL }, "origin"),
  row("no header, the origin null", { ...USER, origin: "null" }, "origin"),
  row("GET", { ...USER, method: "GET", site: "cross-site" }, "safe-method"),
  row("HEAD", { ...USER, method: "HEAD", site: "cross-site" }, "safe-method"),
  row("OPTIONS", { ...USER, method: "OPTIONS", site: "cross-site" }, "safe-method"),
  row("PUT", { ...USER, method: "PUT", site: "cross-site" }, "cross-origin"),
];

export const forgeryRows: readonly ForgeryRow[] = [
  ...BRANCHES,
  ...EDGES.map((each) => ({ ...each, name: `edge case ${each.name}` })),
  ...GOLDEN.map((each) => ({ ...each, name: `golden: ${each.name}` })),
];

const REFUSALS: readonly string[] = [
  "origin-syntax",
  "contradiction",
  "cross-origin",
  "origin",
  "no-proof",
  "no-body",
  "bad-token",
];

/** Whether a row's request is refused. */
export function isRefused({ expected, options }: ForgeryRow): boolean {
  return REFUSALS.includes(expected) || (expected === "unproven" && options?.unproven === "refuse");
}
