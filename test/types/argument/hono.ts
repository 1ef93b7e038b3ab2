import { Hono } from "hono";
import { createMiddleware } from "hono/factory";
import { InMemorySessionStore, type Session } from "keepsake";
import { type SessionEnv, sessionOf, sessions } from "keepsake/adapters/hono";
import { exactly } from "../exactly.ts";
import type { Shop } from "../shop.ts";

const app = new Hono().use(sessions<Shop>("secret"));

app.get("/", async (c) => {
  exactly<Session<Shop>>()(c.var.session);
  exactly<number | undefined>()(c.var.session.get("count"));
  c.var.session.data.cart?.push("tea");
  c.var.session.login("ada", { keep: ["cart", "count"] });
  // @ts-expect-error TS2345: there is no such key
  c.var.session.get("basket");
  // @ts-expect-error TS2345: a count is a number
  c.var.session.set("count", "1");
  // @ts-expect-error TS2322: only keys can be kept
  c.var.session.login("ada", { keep: ["basket"] });
  // @ts-expect-error TS2540: the session cannot be replaced
  c.var.session = undefined as never;
  return c.text("");
});
app.onError((_error, c) => c.text(c.var.session.get("theme", "light"), 500));

const shop = new Hono<SessionEnv<Shop>>().get("/cart", (c) => {
  exactly<Session<Shop>>()(c.var.session);
  return c.json(c.var.session.get("cart", []));
});
app.route("/shop", shop);

const count = createMiddleware<SessionEnv<Shop>>(async (c, next) => {
  exactly<number | undefined>()(c.var.session.get("count"));
  await next();
});
app.get("/count", count, (c) => c.json(c.var.session.get("count", 0)));

new Hono().get("/", (c) => {
  // @ts-expect-error TS2339: without the middleware there is no session
  c.var.session;
  exactly<Session<Shop>>()(sessionOf<Shop>(c));
  return c.text("");
});
// Hono cannot tell of a part or a middleware that needs the session where there is none.
new Hono().route("/shop", shop).use(count);

const admin = app.use(
  sessions<{ level: number }, "adminSession">("secret", { property: "adminSession" }),
);
admin.get("/level", (c) => {
  exactly<Session<Shop>>()(c.var.session);
  exactly<Session<{ level: number }>>()(c.var.adminSession);
  // @ts-expect-error TS2345: a level is a number
  c.var.adminSession.set("level", "high");
  return c.text("");
});
// @ts-expect-error TS2322: the name has to be in the type, too
sessions<Shop>("secret", { property: "adminSession" });

// The type is inferred from a store.
new Hono().use(sessions(new InMemorySessionStore<Shop>())).get("/", (c) => {
  exactly<Session<Shop>>()(c.var.session);
  return c.text("");
});
// @ts-expect-error TS2345: the store holds other data
sessions<Shop>(new InMemorySessionStore<{ level: number }>());
