import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from "fastify";
import type { SessionStore } from "keepsake";
import { sessions } from "keepsake/adapters/fastify";

// Shared by tests of the adapter for Fastify; it has none of its own.

export const onEvent = () => undefined;
/** A file to send: this one. */
export const FILE: string = fileURLToPath(import.meta.url);

export type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

export const get = (url: string, headers: Record<string, string> = {}) =>
  fetch(url, { headers, redirect: "manual", signal: AbortSignal.timeout(60_000) });

export async function listen(t: TestContext, app: FastifyInstance): Promise<string> {
  t.after(() => app.close());
  return app.listen({ port: 0, host: "127.0.0.1" });
}

/** An application with sessions in all of it. */
export function newApp(store: SessionStore, options: FastifyServerOptions = {}): FastifyInstance {
  const app = fastify({ forceCloseConnections: true, ...options });
  app.register(sessions(store, { onEvent }));
  return app;
}

/** Serves a handler that sets something before it does anything else. */
export function serve(t: TestContext, store: SessionStore, handler: Handler): Promise<string> {
  const app = newApp(store);
  app.get("/", async (request, reply) => {
    request.session.set("a", 1);
    return handler(request, reply);
  });
  return listen(t, app);
}
