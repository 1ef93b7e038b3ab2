import { createServer } from "node:http";
import express, { type NextFunction, type Request, type Response } from "express";
import { antiForgery, sessions } from "keepsake/adapters/express";
import { FORM, type Host } from "./host.ts";
import { answerNode, answerNodeError } from "./node-answer.ts";

/** Express 5. */
export const host: Host = ({ store, antiForgery: rules, ...options }) => {
  const app = express();
  app.use(sessions(store, options));
  app.use(FORM, express.urlencoded({ extended: false }), antiForgery(rules));
  app.use((req, res) => answerNode(req, res, store));
  // Express tells an error handler by its four parameters.
  app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
    answerNodeError(error, res);
  });
  return createServer(app);
};
