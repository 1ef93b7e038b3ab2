import {
  CookieSessionStore,
  cookieTransport,
  headerTransport,
  InMemorySessionStore,
  type SessionStore,
} from "keepsake";
import type { ProbeData } from "./app.ts";
import type { ProbeOptions } from "./options.ts";

/** The store that the command line asks for. */
export function createStore(options: ProbeOptions): SessionStore<ProbeData> {
  const { secret, idleTimeout, absoluteTimeout } = options;
  const clock = clockFrom(options.now);
  const transport =
    options.transport === "header"
      ? headerTransport()
      : cookieTransport({ prefix: options.cookiePrefix }, { clock });
  const common = {
    transport,
    clock,
    ...(idleTimeout === undefined ? {} : { idleTimeout }),
    ...(absoluteTimeout === undefined ? {} : { absoluteTimeout }),
  };
  switch (options.store) {
    case "cookie":
      return new CookieSessionStore({ secret, ...common });
    case "memory":
      return new InMemorySessionStore(common);
  }
}

/** A clock that begins at another time, and goes on from there. */
function clockFrom(seconds: number | undefined): () => number {
  const ahead = seconds === undefined ? 0 : seconds * 1000 - Date.now();
  return () => Date.now() + ahead;
}
