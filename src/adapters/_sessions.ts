import { MIDDLEWARE_OPTIONS, type MiddlewareOptions } from "../core/middleware.ts";
import { checkObject, checkOptions, describe, misconfigured } from "../core/options.ts";
import type { Secret } from "../core/secrets.ts";
import { isStore, type SessionStore } from "../core/store.ts";
import { COOKIE_STORE_OPTIONS, type CookieSessionStoreOptions } from "../stores/_cookie-options.ts";
import { CookieSessionStore } from "../stores/cookie.ts";
import { AdapterMiddleware } from "./_middleware.ts";

/** All that a `CookieSessionStore` and the way through it can be told. */
export type SessionsOptions<Data extends object> = CookieSessionStoreOptions &
  MiddlewareOptions<Data>;

/**
 * What `sessions` of every adapter takes first. `Own` are the options of one adapter, or the ones of every adapter once
 * more: with `object` in their place, a store of other data would pass for options.
 */
export type SessionsSource<Data extends object, Own extends object = SessionsOptions<Data>> =
  | Secret
  | SessionStore<Data>
  | (SessionsOptions<Data> & Own);

/** The arguments of `sessions`, told apart: a store of the application's, or options for a `CookieSessionStore`. */
interface SessionsArguments<Data extends object, Own extends object> {
  readonly store: SessionStore<Data> | undefined;
  readonly options: SessionsOptions<Data> & Own;
}

export function readArguments<Data extends object, Own extends object>(
  source: SessionsSource<Data, Own>,
  rest: SessionsOptions<Data> & Own,
): SessionsArguments<Data, Own> {
  checkObject("sessions", rest);
  if (isStore<Data>(source)) return { store: source, options: rest };
  if (typeof source === "object" && source !== null && !isList(source)) {
    const twice = Object.keys(rest).find((name) => name in source);
    if (twice !== undefined) {
      throw misconfigured(`sessions: ${twice} is given twice. Give all options in one object.`);
    }
    return { store: undefined, options: { ...source, ...rest } };
  }
  const given: unknown = source;
  if (typeof given === "function") {
    throw misconfigured(
      `sessions: give a store, not its class. Write: sessions(new ${given.name || "Store"}(…)).`,
    );
  }
  if (typeof source !== "string" && !isList(source)) {
    throw misconfigured(
      `sessions: give a secret, a list of secrets, a store or options, not ${describe(source)}` +
        `${source === undefined ? " (is the variable set?)" : ""}. ` +
        'For example: sessions(secretsFromEnv("APP_SECRET")).',
    );
  }
  if (rest.secret !== undefined) {
    throw misconfigured(
      "sessions: the secret is given twice. Give it once, as the first argument.",
    );
  }
  return { store: undefined, options: { ...rest, secret: source } };
}

function isList(source: unknown): source is readonly string[] {
  return Array.isArray(source);
}

/** Makes the middleware that the arguments of `sessions` ask for. `own` names the options of one adapter. */
export function createMiddleware<Data extends object>(
  { store, options }: SessionsArguments<Data, object>,
  own: readonly string[] = [],
): AdapterMiddleware<Data> {
  if (store !== undefined) {
    // It would be without effect here.
    const here: readonly string[] = [...MIDDLEWARE_OPTIONS, ...own];
    const name = Object.keys(options).find(
      (each) => COOKIE_STORE_OPTIONS.includes(each) && !here.includes(each),
    );
    if (name !== undefined) {
      throw misconfigured(
        `sessions(store): ${name} is an option of the store. Write it where that is made: new …SessionStore({ ${name} }).`,
      );
    }
    checkOptions("sessions(store)", options, here);
    return new AdapterMiddleware(store, only(MIDDLEWARE_OPTIONS, options));
  }
  checkOptions("sessions", options, [...COOKIE_STORE_OPTIONS, ...MIDDLEWARE_OPTIONS, ...own]);
  const cookies = new CookieSessionStore<Data>(only(COOKIE_STORE_OPTIONS, options));
  return new AdapterMiddleware(cookies, only(MIDDLEWARE_OPTIONS, options));
}

function only(names: readonly string[], options: object) {
  return Object.fromEntries(Object.entries(options).filter(([name]) => names.includes(name)));
}
