import { once } from "node:events";
import { createServer } from "node:http";
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
  fetch(url, { headers, signal: AbortSignal.timeout(5000) });
