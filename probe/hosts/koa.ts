import { createServer } from "node:http";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { antiForgery, sessions } from "keepsake/adapters/koa";
import Koa from "koa";
import { answer, codeOf, type ProbeData, statusOf } from "../app.ts";
import { FORM, type Host } from "./host.ts";

/** Koa, whose answer is a body on the context. */
export const host: Host = ({ store, antiForgery: rules, ...options }) => {
  const protect = antiForgery(rules);
  const app = new Koa();
  // Koa's way with errors is a middleware around the others.
  app.use(async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      ctx.status = statusOf(error);
      ctx.body = `error: ${codeOf(error)}`;
    }
  });
  app.use(sessions<ProbeData>(store, options));
  app.use(async (ctx, next) => {
    if (!ctx.path.startsWith(FORM)) return next();
    // As body parsers do.
    Object.assign(ctx.request, { body: new URLSearchParams(await text(ctx.req)) });
    return protect(ctx, next);
  });
  app.use(async (ctx) => {
    const { status, headers, earlyHints, body } = await answer({
      method: ctx.method,
      path: ctx.path,
      query: ctx.URL.searchParams,
      session: ctx.session,
      store,
      body: () => text(ctx.req),
    });
    if (earlyHints !== undefined) ctx.res.writeEarlyHints(earlyHints);
    ctx.set({ ...headers });
    ctx.body = typeof body === "object" ? Readable.from(body) : (body ?? null);
    ctx.status = status;
  });
  return createServer(app.callback());
};
