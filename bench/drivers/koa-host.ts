import Koa, { type Context } from "koa";
import { counter } from "../subjects/sample.ts";
import type { Actions } from "../subjects/subject.ts";
import { type Host, textOf } from "./host.ts";
import { nodeHost } from "./node-host.ts";

/** A Koa application whose handler does this with the session that `use` puts under it. */
export function koaHost(
  use: (app: Koa) => unknown,
  actions: Actions<Context>,
  close?: () => Promise<void>,
): Host {
  const app = new Koa();
  use(app);
  const nextCount = counter();
  app.use(async (context) => {
    context.body = textOf(await act(context));
  });
  const act = async (context: Context): Promise<unknown> => {
    switch (context.path) {
      case "/untouched":
        return "ok";
      case "/begin":
        return actions.begin(context);
      case "/read":
        return actions.read(context);
      default: {
        const count = nextCount();
        await actions.change(context, count);
        return count;
      }
    }
  };
  return nodeHost(app.callback(), close);
}
