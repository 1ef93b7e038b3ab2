import assert from "node:assert/strict";
import { test } from "node:test";
import express from "express";
import { Hono } from "hono";
import { InMemorySessionStore, type Session, SessionError, type SessionStore } from "keepsake";
import { sessions as expressSessions } from "keepsake/adapters/express";
import { sessions as fetchSessions } from "keepsake/adapters/fetch";
import { sessions as honoSessions } from "keepsake/adapters/hono";
import { get, listen } from "./express-kit.test.ts";

/** A store that counts how often it was asked. */
function counting(): { readonly store: SessionStore; loads: number } {
  const store = new InMemorySessionStore();
  const counter = {
    loads: 0,
    store: {
      load(request) {
        counter.loads += 1;
        return store.load(request);
      },
      save: (request, response, session) => store.save(request, response, session),
    } satisfies SessionStore,
  };
  return counter;
}

/** What using the session leads to. */
function use(session: Session): string {
  try {
    session.set("a", 1);
    return "used";
  } catch (error) {
    return error instanceof SessionError ? error.code : String(error);
  }
}

const isStatic = (url: string) => url.includes("/static");
const skip = ({ url = "" }: { readonly url?: string | undefined }) => isStatic(url);

const adapters: Record<string, (store: SessionStore) => (path: string) => Promise<Response>> = {
  fetch(store) {
    const withSession = fetchSessions(store, { skip });
    const serve = withSession((_, session) => new Response(use(session)));
    return (path) => serve(new Request(`http://localhost${path}`));
  },
  hono(store) {
    const app = new Hono()
      .use(honoSessions(store, { skip: (c) => isStatic(c.req.path) }))
      .all("*", (c) => c.text(use(c.var.session)));
    return async (path) => app.request(path);
  },
};

for (const [name, serve] of Object.entries(adapters)) {
  test(`${name}: a request that skip excludes asks the store for nothing, and using its session throws`, async () => {
    const counter = counting();
    const visit = serve(counter.store);
    const skipped = await visit("/static/style.css");
    assert.equal(await skipped.text(), "ERR_SESSION_MISSING");
    assert.deepEqual([counter.loads, skipped.headers.getSetCookie()], [0, []]);
    assert.equal(await (await visit("/")).text(), "used");
    assert.equal(counter.loads, 1);
  });
}

test("express: a request that skip excludes asks the store for nothing, and using its session throws", async (t) => {
  const counter = counting();
  const app = express();
  app.use(expressSessions(counter.store, { skip }));
  app.use((req, res) => void res.send(use(req.session)));
  const url = await listen(t, app);
  const skipped = await get(`${url}/static/style.css`);
  assert.equal(await skipped.text(), "ERR_SESSION_MISSING");
  assert.deepEqual([counter.loads, skipped.headers.getSetCookie()], [0, []]);
  assert.equal(await (await get(url)).text(), "used");
  assert.equal(counter.loads, 1);
});

test("skip must be a function", () => {
  for (const sessions of [expressSessions, fetchSessions, honoSessions]) {
    const bad = { skip: "/static" } as unknown as { skip: () => boolean };
    assert.throws(() => sessions(new InMemorySessionStore(), bad), /skip must be a function/);
  }
});
