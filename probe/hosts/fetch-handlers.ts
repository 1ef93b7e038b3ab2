import { Hono } from "hono";
import type { Session } from "keepsake";
import { antiForgery, sessions } from "keepsake/adapters/fetch";
import { antiForgery as honoAntiForgery, sessions as honoSessions } from "keepsake/adapters/hono";
import type { ProbeData } from "../app.ts";
import { answerFetch, answerFetchError } from "./fetch-answer.ts";
import { FORM, type HostOptions } from "./host.ts";

/** The probe application as a Fetch handler, which runs everywhere. */
export type FetchHandler = (request: Request) => Response | Promise<Response>;

/** With nothing between the runtime and the session. */
export function fetchHandler({ store, antiForgery: rules, ...options }: HostOptions): FetchHandler {
  const withSession = sessions(store, { ...options, onError: answerFetchError });
  const answer = (request: Request, session: Session<ProbeData>) =>
    answerFetch(request, session, store);
  const answerForm = antiForgery(rules)(answer);
  return withSession((request, session) =>
    new URL(request.url).pathname.startsWith(FORM)
      ? answerForm(request, session)
      : answer(request, session),
  );
}

/** With Hono. */
export function honoHandler({ store, antiForgery: rules, ...options }: HostOptions): FetchHandler {
  const app = new Hono()
    .use(honoSessions(store, options))
    .use(`${FORM}/*`, honoAntiForgery(rules))
    .all("*", (c) => answerFetch(c.req.raw, c.var.session, store))
    .onError(answerFetchError);
  return (request) => app.fetch(request);
}
