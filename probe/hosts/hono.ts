import { honoHandler } from "./fetch-handlers.ts";
import { serveFetch } from "./fetch-server.ts";
import type { Host } from "./host.ts";

/** Hono, behind Node's server. */
export const host: Host = (options) => serveFetch(honoHandler(options));
