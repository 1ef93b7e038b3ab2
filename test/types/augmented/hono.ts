import { type Context, Hono, type MiddlewareHandler } from "hono";
import { createFactory, createMiddleware } from "hono/factory";
import { InMemorySessionStore, type Session, type SessionData } from "keepsake";
import { type SessionEnv, sessionOf, sessions } from "keepsake/adapters/hono";
import { exactly } from "../exactly.ts";

const app = new Hono().use(sessions("secret", { skip: (c) => c.req.path === "/favicon.ico" }));

app.use(async (c, next) => {
  exactly<Session<SessionData>>()(c.var.session);
  c.var.session.modify("count", (count = 0) => count + 1);
  await next();
});

app.get("/", async (c) => {
  exactly<number | undefined>()(c.var.session.get("count"));
  exactly<Session<SessionData>>()(c.get("session"));
  c.var.session.data.cart?.push("tea");
  c.var.session.login("ada", { keep: ["cart", "count"] });
  c.var.session.flash("theme", "dark");
  // @ts-expect-error TS2345: there is no such key
  c.var.session.get("basket");
  // @ts-expect-error TS2345: a count is a number
  c.var.session.set("count", "1");
  // @ts-expect-error TS2322: there is no such theme
  c.var.session.data.theme = "blue";
  // @ts-expect-error TS2322: only keys can be kept
  c.var.session.login("ada", { keep: ["basket"] });
  // @ts-expect-error TS2540: the session cannot be replaced
  c.var.session = undefined as never;
  return c.json(c.var.session.toObject());
});

app.onError((_error, c) => c.text(c.var.session.get("theme", "light"), 500));
app.notFound((c) => c.json({ cart: c.var.session.get("cart", []) }, 404));

// A part of its own says that it needs the session, or has one of its own.
const shop = new Hono<SessionEnv>().get("/cart", (c) => c.json(c.var.session.get("cart", [])));
app.route("/shop", shop);

const requireUser = createMiddleware<SessionEnv>(async (c, next) => {
  exactly<Session<SessionData>>()(c.var.session);
  if (c.var.session.subject === undefined) return c.redirect("/login");
  await next();
  return undefined;
});
app.get("/account", requireUser, (c) => c.text(c.var.session.get("theme", "light")));
createFactory<SessionEnv>().createHandlers((c) => c.json(c.var.session.get("count", 0)));
new Hono().get("/", sessions("secret"), (c) => c.json(c.var.session.get("count", 0)));

const statement = new Hono();
statement.use(sessions("secret"));
// @ts-expect-error TS2339: the type of an application does not change after its declaration
statement.get("/", (c) => c.json(c.var.session.get("count", 0)));
new Hono().get("/", (c) => {
  // @ts-expect-error TS2339: without the middleware there is no session
  c.var.session;
  // A function that does not rely on it.
  exactly<Session<SessionData>>()(sessionOf(c));
  return c.text("");
});
// @ts-expect-error TS2345: nor in a function that needs it
new Hono().get("/", (c) => c.text(themeOf(c)));
app.get("/theme", (c) => c.text(themeOf(c)));
function themeOf(c: Context<SessionEnv>): string {
  return c.var.session.get("theme", "light");
}

const admin = app.use(
  "/admin/*",
  sessions<{ level: number }, "adminSession">(new InMemorySessionStore<{ level: number }>(), {
    property: "adminSession",
  }),
);
admin.get("/admin/level", (c) => {
  exactly<Session<SessionData>>()(c.var.session);
  exactly<Session<{ level: number }>>()(c.var.adminSession);
  // @ts-expect-error TS2345: a level is a number
  c.var.adminSession.set("level", "high");
  // @ts-expect-error TS2345: the data is not that of the other session
  return c.json(c.var.adminSession.get("count"));
});

const anywhere: MiddlewareHandler<SessionEnv> = sessions("secret");
app.get("/anywhere", anywhere, (c) => c.json(c.var.session.get("count", 0)));
// @ts-expect-error TS2353: there is no such option
sessions("secret", { rolling: true });
// Hono takes the word of a type that was given: there is no session here.
new Hono<SessionEnv>().get("/", (c) => c.json(c.var.session.get("count", 0)));
