import { createServer } from "node:http";
import { H3, writeEarlyHints } from "h3";
import { toNodeHandler } from "h3/node";
import { antiForgery, sessions } from "keepsake/adapters/h3";
import { codeOf, statusOf } from "../app.ts";
import { answerFetch } from "./fetch-answer.ts";
import { FORM, type Host } from "./host.ts";

/** H3, behind Node's server. */
export const host: Host = ({ store, antiForgery: rules, ...options }) => {
  const app = new H3({
    silent: true,
    onError({ cause }, { res }) {
      res.status = statusOf(cause);
      res.headers.set("content-type", "text/plain; charset=utf-8");
      return `error: ${codeOf(cause)}`;
    },
  });
  app.use(sessions(store, options)).use(FORM, antiForgery(rules));
  app.all("/**", (event) =>
    answerFetch(event.req, event.context.session, store, (hints) => writeEarlyHints(event, hints)),
  );
  return createServer(toNodeHandler(app));
};
