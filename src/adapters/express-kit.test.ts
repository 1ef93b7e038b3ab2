import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import express, { type ErrorRequestHandler, type Express } from "express";
import { CookieSessionStore, InMemorySessionStore, type SessionStore } from "keepsake";
import { sessions } from "keepsake/adapters/express";
import { SECRET } from "../core/kit.test.ts";

// Shared by tests of what goes wrong in Express; it has none of its own.

const onEvent = () => undefined;
export const tick = () => new Promise<void>((resolve) => setTimeout(resolve, 10));

/** A store whose saves take a moment, and fail if they are told to. */
export function slow(fails = false): SessionStore {
  const store = new InMemorySessionStore({ onEvent });
  return {
    load: (request) => store.load(request),
    async save(request, response, session) {
      await tick();
      if (fails) throw new Error("down");
      await store.save(request, response, session);
    },
  };
}

export const quick = (): SessionStore => new CookieSessionStore({ secret: SECRET, onEvent });

/** An error handler that takes its time, as one that renders a page does. */
export const late: ErrorRequestHandler = async (error, _req, res, _next) => {
  await tick();
  await tick();
  if (res.headersSent) return;
  res.status(error.status ?? 500).send(`sorry: ${error.code ?? error.name}`);
};

export function newApp(store: SessionStore, before?: express.RequestHandler): Express {
  const app = express();
  if (before !== undefined) app.use(before);
  app.use(sessions(store, { onEvent }));
  return app;
}

export async function listen(t: TestContext, app: Express): Promise<string> {
  const server = createServer(app);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Fails a test that waits for an answer that never comes. */
export const get = (url: string, headers: HeadersInit = {}) =>
  fetch(url, { headers, signal: AbortSignal.timeout(60_000) });

/**
 * A client that goes when its save has begun, which then waits until the server knows; another client is answered "done".
 *
 * @param serveWith Serves a handler that changes the session over this store, and names each response before it does.
 */
export async function leaveWhileSaving(
  serveWith: (store: SessionStore, began: (response: ServerResponse) => void) => Promise<string>,
): Promise<void> {
  const store = new InMemorySessionStore({ onEvent });
  const saving = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const saved = Promise.withResolvers<void>();
  const url = await serveWith(
    {
      load: (request) => store.load(request),
      async save(...args) {
        saving.resolve();
        await closed.promise;
        await store.save(...args);
        saved.resolve();
      },
    },
    (response) => response.once("close", closed.resolve),
  );
  const gone = new AbortController();
  const request = fetch(url, { signal: gone.signal }).catch((error: Error) => error.name);
  await saving.promise;
  gone.abort();
  assert.equal(await request, "AbortError");
  await saved.promise;
  assert.equal(await (await get(url)).text(), "done");
}
