import { sessions } from "keepsake/adapters/next";
import { answerFetch, answerFetchError } from "./fetch-answer.ts";
import { serveFetch } from "./fetch-server.ts";
import type { Host } from "./host.ts";

/** A route handler of Next.js, which needs nothing of Next.js but its request; here behind Node's server. */
export const host: Host = ({ store, ...options }) => {
  const { route } = sessions(store, {
    ...options,
    cookies: unused,
    headers: unused,
    onError: answerFetchError,
  });
  return serveFetch(route((request, session) => answerFetch(request, session, store)));
};

function unused(): never {
  throw new Error(
    "A route handler is given its request, and need not ask for headers and cookies.",
  );
}
