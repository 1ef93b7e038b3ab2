import express, { type Request } from "express";
import { InMemorySessionStore, type Session } from "keepsake";
import { sessionOf, sessions } from "keepsake/adapters/express";
import { exactly } from "../exactly.ts";
import type { Shop } from "../shop.ts";

declare global {
  namespace Express {
    interface Request {
      readonly shopSession: Session<Shop>;
    }
  }
}

// Express cannot tell what was used: req.session stays as it was declared for the whole program.
const app = express();
app.use(sessions<Shop>("secret"));
app.get("/", (req) => {
  exactly<Session>()(req.session);
  exactly<unknown>()(req.session.get("count"));
  // @ts-expect-error TS2540: the session cannot be replaced
  req.session = undefined as never;

  const session = sessionOf<Shop>(req);
  exactly<Session<Shop>>()(session);
  exactly<number | undefined>()(session.get("count"));
  session.data.cart?.push("tea");
  session.login("ada", { keep: ["cart", "count"] });
  // @ts-expect-error TS2345: there is no such key
  session.get("basket");
  // @ts-expect-error TS2345: a count is a number
  session.set("count", "1");
  // @ts-expect-error TS2322: only keys can be kept
  session.login("ada", { keep: ["basket"] });
});

// Under a name that the application declares, it is typed everywhere.
app.use(sessions<Shop>(new InMemorySessionStore<Shop>(), { property: "shopSession" }));
function cartOf({ shopSession }: Request): string[] {
  exactly<Session<Shop>>()(shopSession);
  // @ts-expect-error TS2322: there is no such theme
  shopSession.data.theme = "blue";
  return shopSession.get("cart", []);
}
app.get("/cart", (req, res) => res.json(cartOf(req)));
app.get("/other", (req) => exactly<Session<Shop>>()(sessionOf<Shop>(req, "shopSession")));

// @ts-expect-error TS2345: the store holds other data
sessions<Shop>(new InMemorySessionStore<{ level: number }>());
