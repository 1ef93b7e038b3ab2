import fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import { counter } from "../subjects/sample.ts";
import type { Actions } from "../subjects/subject.ts";
import { type Host, textOf, whenDone } from "./host.ts";
import { nodeHost } from "./node-host.ts";

/** A Fastify application whose routes do this with the session that `use` puts under them. */
export async function fastifyHost(
  use: (app: FastifyInstance) => unknown,
  actions: Actions<FastifyRequest>,
  close?: () => Promise<void>,
): Promise<Host> {
  const app = fastify();
  await use(app);
  const nextCount = counter();
  app.get("/untouched", (_request, reply) => reply.send("ok"));
  app.get("/begin", (request, reply) => {
    const done = whenDone(actions.begin(request), textOf);
    return done instanceof Promise ? done : reply.send(done);
  });
  app.get("/read", (request, reply) => {
    const done = whenDone(actions.read(request), textOf);
    return done instanceof Promise ? done : reply.send(done);
  });
  app.get("/change", (request, reply) => {
    const count = nextCount();
    const done = whenDone(actions.change(request, count), () => textOf(count));
    return done instanceof Promise ? done : reply.send(done);
  });
  await app.ready();
  return nodeHost(app.routing, async () => {
    await app.close();
    await close?.();
  });
}
