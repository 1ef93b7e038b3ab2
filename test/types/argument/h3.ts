import { H3, type H3Event } from "h3";
import { InMemorySessionStore, type Session } from "keepsake";
import { sessionOf, sessions } from "keepsake/adapters/h3";
import { exactly } from "../exactly.ts";
import type { Shop } from "../shop.ts";

declare module "h3" {
  interface H3EventContext {
    readonly shopSession: Session<Shop>;
  }
}

// H3 cannot tell what was used: context.session stays as it was declared for the whole program.
const app = new H3().use(sessions<Shop>("secret"));
app.get("/", ({ context }) => {
  exactly<Session>()(context.session);
  exactly<unknown>()(context.session.get("count"));
  // @ts-expect-error TS2540: the session cannot be replaced
  context.session = undefined as never;
});

app.get("/count", (event) => {
  exactly<Session<Shop>>()(sessionOf<Shop>(event));
  exactly<Session<Shop>>()(sessionOf<Shop>(event, "shopSession"));
});

// Under a name that the application declares, it is typed everywhere.
app.use(sessions<Shop>(new InMemorySessionStore<Shop>(), { property: "shopSession" }));
function cartOf({ context: { shopSession } }: H3Event): string[] {
  exactly<Session<Shop>>()(shopSession);
  exactly<number | undefined>()(shopSession.get("count"));
  shopSession.data.cart?.push("tea");
  shopSession.login("ada", { keep: ["cart"] });
  // @ts-expect-error TS2345: there is no such key
  shopSession.get("basket");
  // @ts-expect-error TS2345: a count is a number
  shopSession.set("count", "1");
  // @ts-expect-error TS2322: only keys can be kept
  shopSession.login("ada", { keep: ["basket"] });
  return shopSession.get("cart", []);
}
app.get("/cart", cartOf);

// @ts-expect-error TS2345: the store holds other data
sessions<Shop>(new InMemorySessionStore<{ level: number }>());
