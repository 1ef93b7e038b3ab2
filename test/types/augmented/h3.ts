import { defineHandler, H3, type H3Event, type Middleware, onError } from "h3";
import { InMemorySessionStore, type Session, type SessionData } from "keepsake";
import { sessionOf, sessions } from "keepsake/adapters/h3";
import { exactly } from "../exactly.ts";

declare module "h3" {
  interface H3EventContext {
    readonly adminSession: Session<{ level: number }>;
  }
}

const app = new H3()
  .use(sessions("secret", { skip: ({ url }) => url.pathname === "/favicon.ico" }))
  .use("/admin/**", sessions(new InMemorySessionStore(), { property: "adminSession" }))
  .use(
    onError((_error, { context }) => {
      exactly<Session<SessionData>>()(context.session);
    }),
  );

app.use(async ({ context }, next) => {
  exactly<Session<SessionData>>()(context.session);
  context.session.modify("count", (count = 0) => count + 1);
  return next();
});

const log: Middleware = ({ context }) => {
  exactly<number | undefined>()(context.session.get("count"));
};
app.use(log);

app.get("/", async ({ context: { session } }) => {
  exactly<string[] | undefined>()(session.data.cart);
  session.data.cart?.push("tea");
  session.login("ada", { keep: ["cart", "count"] });
  session.flash("theme", "dark");
  // @ts-expect-error TS2345: there is no such key
  session.get("basket");
  // @ts-expect-error TS2345: a count is a number
  session.set("count", "1");
  // @ts-expect-error TS2322: there is no such theme
  session.data.theme = "blue";
  // @ts-expect-error TS2322: only keys can be kept
  session.login("ada", { keep: ["basket"] });
  return session.toObject();
});

const replaced = defineHandler((event) => {
  exactly<Session<SessionData>>()(event.context.session);
  // @ts-expect-error TS2540: the session cannot be replaced
  event.context.session = undefined as never;
});

const shop = new H3().get("/cart", ({ context }) => context.session.get("cart", []));
app.mount("/shop", shop).get("/replaced", replaced);

function themeOf({ context }: H3Event): "light" | "dark" {
  return context.session.get("theme", "light");
}
app.get("/theme", themeOf);

app.get("/admin/level", ({ context }) => {
  exactly<Session<{ level: number }>>()(context.adminSession);
  // @ts-expect-error TS2345: a level is a number
  context.adminSession.set("level", "high");
  // @ts-expect-error TS2345: the data is not that of the other session
  return context.adminSession.get("count");
});

// In a function that does not rely on the middleware.
app.use((event) => exactly<Session<SessionData>>()(sessionOf(event)));

// @ts-expect-error TS2353: there is no such option
sessions("secret", { rolling: true });
// H3 cannot tell: its events have a session in every program that imports the adapter.
new H3().get("/", ({ context }) => context.session.get("count"));
