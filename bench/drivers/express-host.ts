import express, { type Express, type NextFunction, type Request, type Response } from "express";
import { counter } from "../subjects/sample.ts";
import type { Actions } from "../subjects/subject.ts";
import { type Host, textOf, whenDone } from "./host.ts";
import { nodeHost } from "./node-host.ts";

/** An Express application whose routes do this with the session that `use` puts under them. */
export function expressHost(
  use: (app: Express) => unknown,
  actions: Actions<Request>,
  close?: () => Promise<void>,
): Host {
  const app = express();
  app.disable("x-powered-by");
  use(app);
  const nextCount = counter();
  const route =
    (act: (request: Request) => unknown) =>
    (request: Request, response: Response, next: NextFunction): void => {
      const done = whenDone(act(request), (value) => {
        response.type("text").send(textOf(value));
      });
      if (done instanceof Promise) done.catch(next);
    };
  app.get(
    "/untouched",
    route(() => "ok"),
  );
  app.get(
    "/begin",
    route((request) => actions.begin(request)),
  );
  app.get(
    "/read",
    route((request) => actions.read(request)),
  );
  app.get(
    "/change",
    route((request) => {
      const count = nextCount();
      return whenDone(actions.change(request, count), () => count);
    }),
  );
  return nodeHost(app, close);
}
