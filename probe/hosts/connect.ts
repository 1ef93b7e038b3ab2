import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import connect from "connect";
import express from "express";
import type { Session } from "keepsake";
import { antiForgery, sessions } from "keepsake/adapters/express";
import type { ProbeData } from "../app.ts";
import { FORM, type Host } from "./host.ts";
import { answerNode, answerNodeError } from "./node-answer.ts";

type WithSession = IncomingMessage & { readonly session: Session<ProbeData> };

/** Connect, whose requests are Node's own. */
export const host: Host = ({ store, antiForgery: rules, ...options }) => {
  const app = connect();
  app.use(sessions(store, options));
  app.use(FORM, express.urlencoded({ extended: false }));
  app.use(FORM, antiForgery(rules));
  app.use((req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => {
    answerNode(req as WithSession, res, store).catch(next);
  });
  app.use(
    (
      error: unknown,
      _req: IncomingMessage,
      res: ServerResponse,
      _next: (error?: unknown) => void,
    ) => {
      answerNodeError(error, res);
    },
  );
  return createServer(app);
};
