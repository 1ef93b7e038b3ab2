import { InMemorySessionStore, type Session, type SessionData } from "keepsake";
import { type SessionContext, sessionOf, sessions } from "keepsake/adapters/koa";
import Koa, { type Middleware } from "koa";
import { exactly } from "../exactly.ts";

const app = new Koa().use(sessions("secret", { skip: ({ path }) => path === "/favicon.ico" }));

app.use(async (ctx, next) => {
  exactly<Session<SessionData>>()(ctx.session);
  exactly<number | undefined>()(ctx.session.get("count"));
  ctx.session.modify("count", (count = 0) => count + 1);
  try {
    await next();
  } catch {
    exactly<"light" | "dark" | undefined>()(ctx.session.get("theme"));
  }
});

app.use((ctx) => {
  ctx.session.data.cart?.push("tea");
  ctx.session.login("ada", { keep: ["cart", "count"] });
  ctx.session.flash("theme", "dark");
  // @ts-expect-error TS2345: there is no such key
  ctx.session.get("basket");
  // @ts-expect-error TS2345: a count is a number
  ctx.session.set("count", "1");
  // @ts-expect-error TS2322: there is no such theme
  ctx.session.data.theme = "blue";
  // @ts-expect-error TS2322: only keys can be kept
  ctx.session.login("ada", { keep: ["basket"] });
  // @ts-expect-error TS2540: the session cannot be replaced
  ctx.session = undefined as never;
});

// Declared once, the type is there in any middleware, wherever it is written.
const counts: Middleware = async (ctx, next) => {
  exactly<Session<SessionData>>()(ctx.session);
  // @ts-expect-error TS2345: there is no such key
  ctx.session.get("basket");
  await next();
};
app.use(counts);
app.on("error", (_error: unknown, ctx: Koa.Context) => {
  exactly<Session<SessionData>>()(ctx.session);
});

// Koa cannot tell then: every context has the session, also that of an application without the middleware.
new Koa().use((ctx) => {
  exactly<Session<SessionData>>()(ctx.session);
});

const admin = new Koa().use(sessions("secret")).use(
  sessions<{ level: number }, "adminSession">(new InMemorySessionStore<{ level: number }>(), {
    property: "adminSession",
  }),
);
admin.use((ctx) => {
  exactly<Session<SessionData>>()(ctx.session);
  exactly<Session<{ level: number }>>()(ctx.adminSession);
  // @ts-expect-error TS2345: a level is a number
  ctx.adminSession.set("level", "high");
  // @ts-expect-error TS2345: the data is not that of the other session
  ctx.adminSession.get("count");
  // @ts-expect-error TS2540: the session cannot be replaced
  ctx.adminSession = undefined as never;
});

// Of an application whose context is declared.
const wide = new Koa<Koa.DefaultState, SessionContext>();
wide.use(sessions("secret"));
wide.use(({ session }) => exactly<Session<SessionData>>()(session));

// In a function that does not rely on the middleware.
app.use((ctx) => exactly<Session<SessionData>>()(sessionOf(ctx)));

// @ts-expect-error TS2353: there is no such option
sessions("secret", { rolling: true });
