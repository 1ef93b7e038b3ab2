import type { Session } from "keepsake";
import { antiForgery, sessions } from "keepsake/adapters/next";
import type { ProbeData } from "../app.ts";
import { answerFetch, answerFetchError } from "./fetch-answer.ts";
import { serveFetch } from "./fetch-server.ts";
import { FORM, type Host } from "./host.ts";

/** A route handler of Next.js, which needs nothing of Next.js but its request; here behind Node's server. */
export const host: Host = ({ store, antiForgery: rules, ...options }) => {
  const { route } = sessions(store, {
    ...options,
    cookies: unused,
    headers: unused,
    onError: answerFetchError,
  });
  const answer = (request: Request, session: Session<ProbeData>) =>
    answerFetch(request, session, store);
  const answerForm = antiForgery(rules)(answer);
  return serveFetch(
    route((request, session) =>
      new URL(request.url).pathname.startsWith(FORM)
        ? answerForm(request, session)
        : answer(request, session),
    ),
  );
};

function unused(): never {
  throw new Error(
    "A route handler is given its request, and need not ask for headers and cookies.",
  );
}
