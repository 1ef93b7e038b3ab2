import { fetchHandler } from "./fetch-handlers.ts";
import { serveFetch } from "./fetch-server.ts";
import type { Host } from "./host.ts";

/** A plain Fetch handler, as Bun, Deno and workers serve it; here behind Node's server. */
export const host: Host = (options) => serveFetch(fetchHandler(options));
