import { InMemorySessionStore, type Session } from "keepsake";
import { type SessionContext, sessionOf, sessions } from "keepsake/adapters/koa";
import Koa, { type DefaultState, type Middleware } from "koa";
import { exactly } from "../exactly.ts";
import type { Shop } from "../shop.ts";

const app = new Koa().use(sessions<Shop>("secret"));

app.use(async (ctx, next) => {
  exactly<Session<Shop>>()(ctx.session);
  try {
    await next();
  } catch {
    exactly<"light" | "dark" | undefined>()(ctx.session.get("theme"));
  }
});
app.use((ctx) => {
  exactly<number | undefined>()(ctx.session.get("count"));
  ctx.session.data.cart?.push("tea");
  ctx.session.modify("count", (count = 0) => count + 1);
  ctx.session.login("ada", { keep: ["cart", "count"] });
  // @ts-expect-error TS2345: there is no such key
  ctx.session.get("basket");
  // @ts-expect-error TS2345: a count is a number
  ctx.session.set("count", "1");
  // @ts-expect-error TS2322: only keys can be kept
  ctx.session.login("ada", { keep: ["basket"] });
  // @ts-expect-error TS2540: the session cannot be replaced
  ctx.session = undefined as never;
});

// Of a middleware that is written elsewhere, the type of the context says that it needs the session.
const counts: Middleware<DefaultState, SessionContext<Shop>> = async (ctx, next) => {
  exactly<Session<Shop>>()(ctx.session);
  // @ts-expect-error TS2345: there is no such key
  ctx.session.get("basket");
  await next();
};
app.use(counts);
// Koa cannot tell that the middleware is missing: its context takes any name, as `any`, and any middleware.
const forgotten = new Koa().use(counts);
forgotten.use((ctx) => exactly<Session<Shop>>()(ctx.session));
new Koa().use((ctx) => ctx.session.get("basket").anything());
// Where no context is declared in place of Koa's, it can.
const strict = new Koa<DefaultState, object>();
strict.use((ctx) => {
  // @ts-expect-error TS2339: without the middleware a context has no session
  ctx.session.get("count");
});
strict.use(sessions<Shop>("secret")).use((ctx) => exactly<Session<Shop>>()(ctx.session));
strict.use((ctx) => exactly<number | undefined>()(sessionOf<Shop>(ctx).get("count")));

const admin = app.use(
  sessions<{ level: number }, "adminSession">(new InMemorySessionStore<{ level: number }>(), {
    property: "adminSession",
  }),
);
admin.use((ctx) => {
  exactly<Session<Shop>>()(ctx.session);
  exactly<Session<{ level: number }>>()(ctx.adminSession);
  // @ts-expect-error TS2345: a level is a number
  ctx.adminSession.set("level", "high");
});

// @ts-expect-error TS2345: the store holds other data
sessions<Shop>(new InMemorySessionStore<{ level: number }>());
// The type is inferred from a store.
new Koa().use(sessions(new InMemorySessionStore<Shop>())).use((ctx) => {
  exactly<Session<Shop>>()(ctx.session);
});
