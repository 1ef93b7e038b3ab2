import { createServer } from "node:http";
import { Readable } from "node:stream";
import createApp, { type FastifyReply, type FastifyRequest } from "fastify";
import { antiForgery, sessions } from "keepsake/adapters/fastify";
import { answer, codeOf, statusOf } from "../app.ts";
import { FORM, type Host } from "./host.ts";

/** Fastify. */
export const host: Host = ({ store, antiForgery: rules, ...options }) => {
  const app = createApp();
  app.addHttpMethod("PROPFIND", { hasBody: true });
  app.register(sessions(store, options));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, _request, reply) =>
    reply
      .code(statusOf(error))
      .type("text/plain; charset=utf-8")
      .send(`error: ${codeOf(error)}`),
  );
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
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
  };
  app.all("*", handler);
  app.register(async (scope) => {
    await scope.register(antiForgery(rules));
    scope.addContentTypeParser(
      "application/x-www-form-urlencoded",
      { parseAs: "string" },
      (_request, body, done) => done(null, new URLSearchParams(String(body))),
    );
    scope.all(FORM, handler);
    scope.all(`${FORM}/*`, handler);
  });
  const ready = app.ready();
  return createServer((request, response) => {
    ready.then(() => app.routing(request, response));
  });
};
