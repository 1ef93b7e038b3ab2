import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { sessions } from "keepsake/adapters/fetch";
import { answerFetch, answerFetchError } from "./fetch-answer.ts";
import type { Host } from "./host.ts";

/** A plain Fetch handler, as Bun, Deno and workers serve it; here behind Node's server. */
export const host: Host = ({ store, ...options }) => {
  const withSession = sessions(store, { ...options, onError: answerFetchError });
  return createServer(
    getRequestListener(withSession((request, session) => answerFetch(request, session, store))),
  );
};
