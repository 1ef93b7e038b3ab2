import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { sessions } from "keepsake/adapters/hono";
import { answerFetch, answerFetchError } from "./fetch-answer.ts";
import type { Host } from "./host.ts";

/** Hono, behind Node's server. */
export const host: Host = ({ store, ...options }) => {
  const app = new Hono()
    .use(sessions(store, options))
    .all("*", (c) => answerFetch(c.req.raw, c.var.session, store))
    .onError(answerFetchError);
  return createServer(getRequestListener(app.fetch));
};
