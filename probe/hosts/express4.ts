import { createServer } from "node:http";
import type { NextFunction, Request, Response } from "express";
import express from "express4";
import { antiForgery, sessions } from "keepsake/adapters/express";
import { FORM, type Host } from "./host.ts";
import { answerNode, answerNodeError } from "./node-answer.ts";

/** Express 4, which does not wait for a handler's promise. */
export const host: Host = ({ store, antiForgery: rules, ...options }) => {
  const app = express();
  app.use(sessions(store, options));
  app.use(FORM, express.urlencoded({ extended: false }), antiForgery(rules));
  app.use((req: Request, res: Response, next: NextFunction) => {
    answerNode(req, res, store).catch(next);
  });
  app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
    answerNodeError(error, res);
  });
  return createServer(app);
};
