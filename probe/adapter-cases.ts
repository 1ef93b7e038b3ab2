import { test } from "node:test";
import {
  CookieSessionStore,
  cookieTransport,
  headerTransport,
  InMemorySessionStore,
} from "keepsake";
import { type AdapterSuiteOptions, adapterSuite } from "keepsake/testing";
import { type AdapterName, serveProbe } from "./serve.ts";

const SECRET = "4eqhFCE9yngFbyB6a!Cro5gubbb92ay_nBb1oCF3";

type Variant = Omit<AdapterSuiteOptions, "serve">;

const cookies: Pick<Variant, "createTransport"> = {
  createTransport: (onEvent, clock) => cookieTransport({}, { onEvent, clock }),
};
const headers: Pick<Variant, "createTransport" | "header"> = {
  createTransport: (onEvent) => headerTransport("X-Session-ID", { onEvent }),
  header: "X-Session-ID",
};
const sealed: Pick<Variant, "createStore" | "remembers"> = {
  createStore: (options) => new CookieSessionStore({ secret: SECRET, ...options }),
  remembers: false,
};
const memory: Pick<Variant, "createStore" | "remembers"> = {
  createStore: (options) => new InMemorySessionStore(options),
  remembers: true,
};

const variants: Record<string, Variant> = {
  "sealed, cookie": { ...sealed, ...cookies },
  "sealed, header": { ...sealed, ...headers },
  "memory, cookie": { ...memory, ...cookies },
  "memory, header": { ...memory, ...headers },
};

/** Runs the whole adapter suite on an adapter: with a sealed and a server-side store, over cookies and over a header. */
export function testAdapter(adapter: AdapterName): void {
  for (const [variant, options] of Object.entries(variants)) {
    const cases = adapterSuite({
      ...options,
      serve: (store, onEvent) => serveProbe(adapter, { store, onEvent }),
    });
    for (const { name, run } of cases) test(`${adapter}, ${variant}: ${name}`, run);
  }
}
