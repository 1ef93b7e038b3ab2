import { createServer } from "node:http";
import { sessions } from "keepsake/adapters/node";
import type { Host } from "./host.ts";
import { answerNode, answerNodeError } from "./node-answer.ts";

/** Node's own server, without a framework. */
export const host: Host = ({ store, ...options }) => {
  const withSession = sessions(store, {
    ...options,
    onError: (error, _req, res) => answerNodeError(error, res),
  });
  return createServer(withSession((req, res) => answerNode(req, res, store)));
};
