import { createServer } from "node:http";
import { Readable } from "node:stream";
import createApp from "fastify";
import { sessions } from "keepsake/adapters/fastify";
import { answer, codeOf, statusOf } from "../app.ts";
import type { Host } from "./host.ts";

/** Fastify. */
export const host: Host = ({ store, ...options }) => {
  const app = createApp();
  app.register(sessions(store, options));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, _request, reply) =>
    reply
      .code(statusOf(error))
      .type("text/plain; charset=utf-8")
      .send(`error: ${codeOf(error)}`),
  );
  app.all("*", async (request, reply) => {
    const url = new URL(request.url, "http://probe");
    const { status, headers, earlyHints, body } = await answer({
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      session: request.session,
      store,
      body: async () => String(request.body ?? ""),
    });
    if (earlyHints !== undefined) reply.raw.writeEarlyHints(earlyHints);
    reply.code(status).headers({ ...headers });
    return reply.send(typeof body === "object" ? Readable.from(body) : body);
  });
  const ready = app.ready();
  return createServer((request, response) => {
    ready.then(() => app.routing(request, response));
  });
};
