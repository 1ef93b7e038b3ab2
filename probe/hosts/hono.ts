import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { honoHandler } from "./fetch-handlers.ts";
import type { Host } from "./host.ts";

/** Hono, behind Node's server. */
export const host: Host = (options) => createServer(getRequestListener(honoHandler(options)));
