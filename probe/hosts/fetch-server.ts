import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { FetchHandler } from "./fetch-handlers.ts";

/** A Fetch handler behind Node's server, which leaves the `Request` and `Response` of the process to others in it. */
export function serveFetch(handler: FetchHandler): Server {
  return createServer(getRequestListener(handler, { overrideGlobalObjects: false }));
}
