import { InMemorySessionStore, type Session } from "keepsake";
import { type SessionHandler, sessions } from "keepsake/adapters/fetch";
import { z } from "zod";
import { exactly } from "../exactly.ts";
import type { Shop } from "../shop.ts";

const withSession = sessions<Shop>("secret");

withSession(async (_request, session) => {
  exactly<Session<Shop>>()(session);
  exactly<number | undefined>()(session.get("count"));
  session.data.cart?.push("tea");
  session.modify("count", (count = 0) => count + 1);
  session.login("ada", { keep: ["cart", "count"] });
  // @ts-expect-error TS2345: there is no such key
  session.get("basket");
  // @ts-expect-error TS2345: a count is a number
  session.set("count", "1");
  // @ts-expect-error TS2322: only keys can be kept
  session.login("ada", { keep: ["basket"] });
  return new Response();
});

const admin: SessionHandler<{ level: number }, []> = (_request, session) =>
  Response.json(session.get("level"));
// @ts-expect-error TS2345: a handler for other data
withSession(admin);

// The type is inferred from a store, and from a schema.
sessions(new InMemorySessionStore<Shop>())((_request, session) => {
  exactly<Session<Shop>>()(session);
  return new Response();
});
sessions("secret", { schema: z.object({ level: z.number() }) })((_request, session) => {
  exactly<number | undefined>()(session.get("level"));
  // @ts-expect-error TS2345: there is no such key
  session.get("count");
  return new Response();
});

// @ts-expect-error TS2345: the store holds other data
sessions<Shop>(new InMemorySessionStore<{ level: number }>());
