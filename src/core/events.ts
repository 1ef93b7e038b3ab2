import { SessionError } from "./errors.ts";

/**
 * What an operator may want to know. None carries a token, and `id` is a handle, which is safe in logs.
 *
 * - `duplicate-token`: a request carried two different sessions that are both valid, so neither was used.
 * - `data-refused`: a session's data could not be read, or did not fit the schema.
 * - `insecure-transport`: a Secure cookie was sent over plain http, where browsers drop it.
 * - `cache-control-overruled`: a response that carries a token was marked as cacheable, and no longer is.
 * - `token-on-redirect`: a token went out in a header of a redirect, where scripts cannot read it.
 * - `save-failed`: a session could not be saved, so the response became an error, unless it was answered by hand and had left.
 * - `forgery-refused`: a request was refused, because another page may have made the browser send it; `reason` is one of
 *   `ForgeryReason` in `keepsake/anti-forgery`. `enforced` is `false` where it is only told (`logOnly`). `path` and `origin` are
 *   what was sent, up to 256 characters, the path without its query.
 * - `upgrade-refused`: a page of another origin asked for a WebSocket. `origin` is what it sent, up to 256 characters.
 * - `check-failed`: the store could not tell whether the sessions of open WebSockets are still alive; they stay open for now.
 *
 * Of sessions that are kept on the server also:
 *
 * - `created`, `login`, `regenerated`, `renewed`, `ended`: the life of a session, told once it is written.
 * - `token-refused`: a well-formed token opened no session. `retired`: it was good until a login, a regeneration or an
 *   end; `grace-over`: it was renewed, and somebody still uses the old one; `unknown-credential`: the session is there,
 *   and this is not its credential; `no-session`: it has expired, or never was.
 * - `touch-failed`: the library's own write, of a use, a renewal or a flash value, failed; the request went on.
 * - `store-down`, `store-up`: the repository failed several times in a row, and answers again.
 * - `swept`: expired records were removed.
 * - `sweep-failed`: the sweep beside a request failed, and is tried again about an interval later.
 *
 * A `CookieSessionStore` with a `revocation` tells `token-refused` (`retired`: the session has ended) and `touch-failed` (of a
 * flash value), and `repositoryRevocation` tells `store-down`, `store-up`, `swept`, `sweep-failed`, and `data-refused` of its own
 * records.
 */
export type SessionEvent =
  | { readonly type: "duplicate-token" }
  | { readonly type: "data-refused"; readonly id: string; readonly reason: string }
  | { readonly type: "insecure-transport"; readonly host: string }
  | { readonly type: "cache-control-overruled"; readonly cacheControl: string }
  | { readonly type: "token-on-redirect"; readonly status: number }
  | { readonly type: "save-failed" | "check-failed" | "sweep-failed"; readonly error: unknown }
  | { readonly type: "upgrade-refused"; readonly origin: string | undefined }
  | ForgeryEvent
  | { readonly type: "created"; readonly id: string; readonly subject: string | undefined }
  | { readonly type: "login"; readonly id: string; readonly subject: string | undefined }
  | { readonly type: "regenerated" | "renewed"; readonly id: string }
  | { readonly type: "ended"; readonly id: string; readonly reason: EndReason }
  | { readonly type: "token-refused"; readonly id: string; readonly reason: RefusalReason }
  | { readonly type: "touch-failed"; readonly id: string; readonly error: unknown }
  | { readonly type: "store-down" | "store-up" }
  | { readonly type: "swept"; readonly count: number };

/** A request that another page may have made the browser send. */
export interface ForgeryEvent {
  readonly type: "forgery-refused";
  readonly reason: string;
  readonly method: string;
  readonly path: string;
  readonly origin: string | undefined;
  readonly enforced: boolean;
}

/** Why a session ended: `evicted` for a newer one of the same subject, `spent` with the flash value that was all of it. */
export type EndReason = "logout" | "revoked" | "evicted" | "spent";

/** Why a well-formed token opened no session: what each means is with `token-refused` of {@link SessionEvent}. */
export type RefusalReason = "retired" | "grace-over" | "unknown-credential" | "no-session";

/** Receives events, as they happen. It must not throw, and is not waited for. */
export type OnEvent = (event: SessionEvent) => void;

const ADVICE: Readonly<Record<string, string>> = {
  "insecure-transport":
    "The session cookie is Secure but the request came over plain http, so browsers will not keep it. " +
    "Serve https, or behind a proxy that ends TLS let it set X-Forwarded-Proto. For http alone write cookie: { secure: false }.",
  "cache-control-overruled":
    "A response that sets the session's token asked to be cached; it was marked no-store instead.",
  "token-on-redirect":
    "The session's token changed on a redirect, where a script cannot read the header. Answer 200 instead.",
  "data-refused":
    "A session's data could not be read, or did not fit the schema. With onEvent you hear which, and why.",
  "store-down":
    "The session store has failed several times in a row. Requests that need it are answered with 503 until it answers again; " +
    "what it said is the cause of the errors that your error handler is given. This is said once: give onEvent to hear of each time.",
  "save-failed":
    "A session could not be saved, so the answer became an error, unless it had left. This is said once: give onEvent to hear of each.",
  "touch-failed":
    "That a session was used or renewed, or that its flash value was read, could not be written. The request went on. " +
    "This is said once: give onEvent to hear of each.",
  "sweep-failed":
    "Expired sessions could not be removed from the store. They open nothing, but they pile up. " +
    "This is said once: give onEvent to hear of each.",
  "check-failed":
    "The store could not tell whether the sessions of open WebSockets are still alive. They stay open for about a minute. " +
    "This is said once: give onEvent to hear of each.",
  "forgery-refused no-body":
    "A form was refused because antiForgery() found no parsed body, and its token is nowhere else. Put the body parser before " +
    "antiForgery(), or send the token in a header.",
  "forgery-refused origin":
    "A request was refused because its Origin is not this server's. If it was a page of your own: behind a proxy that changes " +
    "the Host header, name your origins in selfOrigins. Of a page with Referrer-Policy: no-referrer the origin is null in " +
    "browsers without Sec-Fetch-Site.",
};

/** What any client can cause, as by using a session in two windows. */
function isClients(event: SessionEvent): boolean {
  return "error" in event && event.error instanceof SessionError && event.error.status < 500;
}

const said = new Set<string>();

/** Where no `onEvent` is given: says once a process, on the console, what an operator should mend. */
export const warnOnce: OnEvent = (event) => {
  const kind = event.type === "forgery-refused" ? `${event.type} ${event.reason}` : event.type;
  const advice = Object.hasOwn(ADVICE, kind) ? ADVICE[kind] : undefined;
  if (advice === undefined || said.has(kind) || isClients(event)) return;
  said.add(kind);
  const errors = "error" in event ? [event.error] : [];
  console.warn(`keepsake: ${advice}`, ...errors);
};
