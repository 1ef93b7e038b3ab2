import { createServer } from "node:http";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { SessionStore } from "keepsake";
import { type SessionContext, sessions } from "keepsake/adapters/koa";
import Koa, { type Middleware } from "koa";
import { listenOn } from "./node-kit.test.ts";

// Shared by tests of the adapter for Koa; it has none of its own.

export const onEvent = () => undefined;
/** A file to send: this one. */
export const FILE: string = fileURLToPath(import.meta.url);

export interface Data {
  a: number;
}

export type Handler = Middleware<Koa.DefaultState, SessionContext>;

export interface Served {
  readonly url: string;
  /** What the application's listener for errors was told. */
  readonly errors: unknown[];
}

/** Serves a handler behind sessions, and what is given before those. */
export async function serve(
  t: TestContext,
  store: SessionStore,
  handler: Handler,
  ...before: Middleware[]
): Promise<Served> {
  const app = new Koa();
  const errors: unknown[] = [];
  app.on("error", (error: unknown) => errors.push(error));
  for (const each of before) app.use(each);
  app.use(sessions(store, { onEvent })).use(handler);
  return { url: await listenOn(t, createServer(app.callback())), errors };
}

export const set: Handler = (ctx) => {
  ctx.session.set("a", 1);
  ctx.body = "done";
};
