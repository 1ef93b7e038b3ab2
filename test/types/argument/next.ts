import { InMemorySessionStore, type Session } from "keepsake";
import { type NextOptions, sessions } from "keepsake/adapters/next";
import { exactly } from "../exactly.ts";
import type { Shop } from "../shop.ts";

/** What `next/headers` exports. */
declare const next: Pick<NextOptions, "cookies" | "headers">;

const { readSession, withSession, route } = sessions<Shop>("secret", next);

exactly<Session<Shop>>()(await readSession());
exactly<number | undefined>()((await readSession()).get("count"));
await withSession(async (session) => {
  exactly<Session<Shop>>()(session);
  session.data.cart?.push("tea");
  session.login("ada", { keep: ["cart", "count"] });
  // @ts-expect-error TS2345: there is no such key
  session.get("basket");
  // @ts-expect-error TS2345: a count is a number
  session.set("count", "1");
  // @ts-expect-error TS2322: only keys can be kept
  session.login("ada", { keep: ["basket"] });
});
export const GET = route((_request, session) => Response.json(session.get("theme", "light")));

// @ts-expect-error TS2345: the store holds other data
sessions<Shop>(new InMemorySessionStore<{ level: number }>(), next);
