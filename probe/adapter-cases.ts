import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import {
  CookieSessionStore,
  type CookieSessionStoreOptions,
  cookieTransport,
  headerTransport,
  InMemorySessionStore,
} from "keepsake";
import { type AdapterSuiteOptions, adapterSuite } from "keepsake/testing";
import { type AdapterName, serveProbe } from "./serve.ts";

const SECRET = "4eqhFCE9yngFbyB6a!Cro5gubbb92ay_nBb1oCF3";

export type Variant = Omit<AdapterSuiteOptions, "serve">;

/** Tokens in cookies. */
export const cookies: Pick<Variant, "createTransport"> = {
  createTransport: (onEvent, clock) => cookieTransport({}, { onEvent, clock }),
};
/** Tokens in a header. */
export const headers: Pick<Variant, "createTransport" | "header"> = {
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
  for (const [variant, options] of Object.entries(variants)) testVariant(adapter, variant, options);
  testKeys(adapter);
}

/** Runs the suite on an adapter with one kind of store. */
export function testVariant(adapter: AdapterName, title: string, options: Variant): void {
  const cases = adapterSuite({
    ...options,
    serve: (store, onEvent) => serveProbe(adapter, { store, onEvent }),
  });
  for (const { name, run } of cases) test(`${adapter}, ${title}: ${name}`, run);
}

const OLD_SECRET = "owoo3sb09glshv616mts56zc4pz0lx9xf26gk7zx";

/** What a visitor's session shows to a server with these options, and the cookies after a change there. */
async function visitWith(
  t: TestContext,
  adapter: AdapterName,
  options: CookieSessionStoreOptions,
  cookie = "",
): Promise<{ readonly data: unknown; readonly cookie: string }> {
  const store = new CookieSessionStore(options);
  const { url, close } = await serveProbe(adapter, { store });
  t.after(close);
  const read = await fetch(`${url}/read`, { headers: { cookie } });
  const { data } = (await read.json()) as { data: unknown };
  const changed = await fetch(`${url}/count`, { headers: { cookie } });
  return { data, cookie: changed.headers.getSetCookie()[0]?.split(";")[0] ?? "" };
}

function testKeys(adapter: AdapterName): void {
  test(`${adapter}: invariant 11, sealed to its place: under another name, audience or key it is no session`, async (t) => {
    const visit = (options: CookieSessionStoreOptions, cookie?: string) =>
      visitWith(t, adapter, options, cookie);
    const { cookie } = await visit({ secret: SECRET });
    assert.deepEqual((await visit({ secret: SECRET }, cookie)).data, { count: 1 });
    const renamed = cookie.replace("__Host-session", "__Host-other");
    assert.deepEqual(
      (await visit({ secret: SECRET, cookie: { name: "other" } }, renamed)).data,
      {},
    );
    const seen = cookie.replace("__Host-session", "__Host-session-seen");
    assert.deepEqual((await visit({ secret: SECRET }, seen)).data, {});
    assert.deepEqual((await visit({ secret: SECRET, audience: "b" }, cookie)).data, {});
    assert.deepEqual((await visit({ secret: OLD_SECRET }, cookie)).data, {});
  });

  test(`${adapter}: invariant 12, keys rotate without logging anyone out`, async (t) => {
    const visit = (secret: readonly string[], cookie?: string) =>
      visitWith(t, adapter, { secret }, cookie);
    const first = await visit([OLD_SECRET]);
    const second = await visit([SECRET, OLD_SECRET], first.cookie);
    assert.deepEqual(second.data, { count: 1 });
    // Its save sealed it under the newest key, so the old one can go.
    const third = await visit([SECRET], second.cookie);
    assert.deepEqual(third.data, { count: 2 });
    assert.deepEqual((await visit([SECRET], first.cookie)).data, {});
  });
}
