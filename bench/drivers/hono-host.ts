import { type Context, Hono } from "hono";
import { counter } from "../subjects/sample.ts";
import type { Actions } from "../subjects/subject.ts";
import { fetchHost } from "./fetch-host.ts";
import { type Host, textOf, whenDone } from "./host.ts";

/** A Hono application whose routes do this with the session that `use` puts under them. */
export function honoHost(
  use: (app: Hono) => unknown,
  actions: Actions<Context>,
  close?: () => Promise<void>,
): Host {
  const app = new Hono();
  use(app);
  const nextCount = counter();
  const route = (act: (context: Context) => unknown) => (context: Context) =>
    whenDone(act(context), (value) => context.text(textOf(value)));
  app.get(
    "/untouched",
    route(() => "ok"),
  );
  app.get(
    "/begin",
    route((context) => actions.begin(context)),
  );
  app.get(
    "/read",
    route((context) => actions.read(context)),
  );
  app.get(
    "/change",
    route((context) => {
      const count = nextCount();
      return whenDone(actions.change(context, count), () => count);
    }),
  );
  return fetchHost((request) => app.fetch(request), close);
}
