import { Hono } from "hono";
import { sessions } from "keepsake/adapters/fetch";
import { sessions as honoSessions } from "keepsake/adapters/hono";
import { answerFetch, answerFetchError } from "./fetch-answer.ts";
import type { HostOptions } from "./host.ts";

/** The probe application as a Fetch handler, which runs everywhere. */
export type FetchHandler = (request: Request) => Response | Promise<Response>;

/** With nothing between the runtime and the session. */
export function fetchHandler({ store, ...options }: HostOptions): FetchHandler {
  const withSession = sessions(store, { ...options, onError: answerFetchError });
  return withSession((request, session) => answerFetch(request, session, store));
}

/** With Hono. */
export function honoHandler({ store, ...options }: HostOptions): FetchHandler {
  const app = new Hono()
    .use(honoSessions(store, options))
    .all("*", (c) => answerFetch(c.req.raw, c.var.session, store))
    .onError(answerFetchError);
  return (request) => app.fetch(request);
}
