import { InMemorySessionStore, type InMemorySessionStoreOptions } from "keepsake";
import { type Any, type Loose, requestOf, Time, Visitor } from "../core/kit.test.ts";

// Shared by tests of the memory store; it has none of its own.

export async function start(options: InMemorySessionStoreOptions = {}) {
  const time = new Time();
  const store = new InMemorySessionStore<Any>({
    clock: time.clock,
    idleTimeout: 100,
    absoluteTimeout: 1000,
    ...options,
  });
  const visitor = new Visitor(store);
  const { session } = await visitor.visit((fresh) => fresh.update({ a: 1, list: [1] }));
  const alive = async (cookie = visitor.jar.header ?? "") =>
    !(await store.load(requestOf({ cookie }))).isNew;
  return { time, store, visitor, id: session.id, alive, cookie: visitor.jar.header ?? "" };
}

/** A request that is loaded now and saved when `finish` is called. */
export async function inFlight(store: InMemorySessionStore<Any>, cookie: string) {
  const request = requestOf({ cookie });
  const session: Loose = await store.load(request);
  const response = { headers: new Headers() };
  const finish = async () => {
    await store.save(request, response, session);
    return response.headers.getSetCookie();
  };
  return { session, finish };
}
