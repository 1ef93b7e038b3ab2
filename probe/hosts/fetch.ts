import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { fetchHandler } from "./fetch-handlers.ts";
import type { Host } from "./host.ts";

/** A plain Fetch handler, as Bun, Deno and workers serve it; here behind Node's server. */
export const host: Host = (options) => createServer(getRequestListener(fetchHandler(options)));
