/**
 * What an operator may want to know. None carries a token, and `id` is a handle, which is safe in logs.
 *
 * - `duplicate-token`: a request carried two different sessions that are both valid, so neither was used.
 * - `data-refused`: a session's data could not be read, or did not fit the schema.
 * - `insecure-transport`: a Secure cookie was sent over plain http, where browsers drop it.
 * - `cache-control-overruled`: a response that carries a token was marked as cacheable, and no longer is.
 * - `token-on-redirect`: a token went out in a header of a redirect, where scripts cannot read it.
 * - `save-failed`: a session could not be saved, so the response became an error.
 */
export type SessionEvent =
  | { readonly type: "duplicate-token" }
  | { readonly type: "data-refused"; readonly id: string; readonly reason: string }
  | { readonly type: "insecure-transport"; readonly host: string }
  | { readonly type: "cache-control-overruled"; readonly cacheControl: string }
  | { readonly type: "token-on-redirect"; readonly status: number }
  | { readonly type: "save-failed"; readonly error: unknown };

/** Receives events. It must not throw, and is not waited for. */
export type OnEvent = (event: SessionEvent) => void;

const ADVICE: Partial<Record<SessionEvent["type"], string>> = {
  "insecure-transport":
    "The session cookie is Secure but the request came over plain http, so browsers will not keep it. " +
    "Serve https, or behind a proxy that ends TLS let it set X-Forwarded-Proto. For http alone write cookie: { secure: false }.",
  "cache-control-overruled":
    "A response that sets the session's token asked to be cached; it was marked no-store instead.",
  "token-on-redirect":
    "The session's token changed on a redirect, where a script cannot read the header. Answer 200 instead.",
};

const said = new Set<string>();

/** Where no `onEvent` is given: says once a process, on the console, what an operator should mend. */
export const warnOnce: OnEvent = ({ type }) => {
  const advice = ADVICE[type];
  if (advice === undefined || said.has(type)) return;
  said.add(type);
  console.warn(`keepsake: ${advice}`);
};
