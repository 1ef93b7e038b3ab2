import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { antiForgery, sessions, type WithSession } from "keepsake/adapters/node";
import type { ProbeData } from "../app.ts";
import { FORM, type Host } from "./host.ts";
import { answerNode, answerNodeError } from "./node-answer.ts";

/** Node's own server, without a framework. */
export const host: Host = ({ store, antiForgery: rules, ...options }) => {
  const withSession = sessions(store, {
    ...options,
    onError: (error, _req, res) => answerNodeError(error, res),
  });
  const protect = antiForgery({
    ...rules,
    readBody: async (req) => new URLSearchParams(await text(req)),
  });
  const answer = (req: IncomingMessage & WithSession<ProbeData>, res: ServerResponse) =>
    answerNode(req, res, store);
  const answerForm = protect(answer);
  return createServer(
    withSession((req, res) =>
      req.url?.startsWith(FORM) ? answerForm(req, res) : answer(req, res),
    ),
  );
};
