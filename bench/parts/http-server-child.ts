// Serves one subject over HTTP: `node http-server-child.ts ID`.
import { once } from "node:events";
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { Host, Listener } from "../drivers/host.ts";
import { numberOf } from "../harness/messages.ts";
import { serve } from "../harness/serve.ts";
import { beginSessions, checkSubject } from "../harness/visitors.ts";
import { subjectOf } from "../subjects/index.ts";

const subject = subjectOf(process.argv[2] ?? "");
const host = await subject.open();
const server = createServer({ keepAliveTimeout: 0 }, listenerOf(host));
server.listen(0, "127.0.0.1");
await once(server, "listening");

/** What takes a Fetch Request is served as Hono is on Node, bare or not. */
function listenerOf({ listener, handler }: Host): Listener {
  if (listener !== undefined) return listener;
  if (handler === undefined) throw new Error(`${subject.id} cannot be served`);
  return getRequestListener(handler);
}

serve({
  port: () => {
    const address = server.address();
    return { port: typeof address === "object" ? (address?.port ?? 0) : 0 };
  },
  /** The cookies of so many sessions. */
  begin: async (input) => {
    if (subject.kind !== "bare") await checkSubject(host);
    return beginSessions(host, numberOf(input, "count"));
  },
  /** Microseconds of processor time since it started. */
  processorTime: () => {
    const { user, system } = process.cpuUsage();
    return { time: user + system };
  },
});
