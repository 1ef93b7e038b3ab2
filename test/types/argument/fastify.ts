import fastify, { type FastifyRequest } from "fastify";
import { InMemorySessionStore, type Session } from "keepsake";
import { sessionOf, sessions } from "keepsake/adapters/fastify";
import { exactly } from "../exactly.ts";
import type { Shop } from "../shop.ts";

declare module "fastify" {
  interface FastifyRequest {
    readonly shopSession: Session<Shop>;
  }
}

// Fastify cannot tell what was registered: request.session stays as it was declared for the whole program.
const app = fastify();
await app.register(sessions<Shop>("secret"));
app.get("/", async (request) => {
  exactly<Session>()(request.session);
  exactly<unknown>()(request.session.get("count"));
  // @ts-expect-error TS2540: the session cannot be replaced
  request.session = undefined as never;

  const session = request.getDecorator<Session<Shop>>("session");
  exactly<number | undefined>()(session.get("count"));
  session.data.cart?.push("tea");
  session.login("ada", { keep: ["cart"] });
  // @ts-expect-error TS2345: there is no such key
  session.get("basket");
  // @ts-expect-error TS2345: a count is a number
  session.set("count", "1");
  // @ts-expect-error TS2322: only keys can be kept
  session.login("ada", { keep: ["basket"] });
});

app.get("/count", async (request) => sessionOf<Shop>(request).get("count", 0));

// Under a name that the application declares, it is typed everywhere.
await app.register(sessions<Shop>(new InMemorySessionStore<Shop>(), { property: "shopSession" }), {
  prefix: "/shop",
});
function cartOf({ shopSession }: FastifyRequest): string[] {
  exactly<Session<Shop>>()(shopSession);
  // @ts-expect-error TS2322: there is no such theme
  shopSession.data.theme = "blue";
  return shopSession.get("cart", []);
}
app.get("/shop/cart", async (request) => cartOf(request));
app.setErrorHandler((_error, { shopSession }, reply) => {
  reply.send(shopSession.get("theme", "light"));
});

// @ts-expect-error TS2345: the store holds other data
sessions<Shop>(new InMemorySessionStore<{ level: number }>());
