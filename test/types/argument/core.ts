import {
  InMemorySessionStore,
  Session,
  type SessionData,
  type SessionError,
  type SessionStore,
} from "keepsake";
import { exactly } from "../exactly.ts";
import type { Shop } from "../shop.ts";

// Without a type of its own a session takes anything, and nothing is known of it.
const session = new Session();
exactly<Session<Record<string, unknown>>>()(session);
exactly<unknown>()(session.get("count"));
session.set("anything", [1, { b: "c" }]);
session.data.anything = 1;
session.login("ada", { keep: ["anything"] });
// @ts-expect-error TS2345: nobody knows that it is a number
Math.abs(session.get("count"));
// @ts-expect-error TS2339: the data is not the session
session.count;
exactly<never>()("" as never as keyof SessionData);

const shop = new Session<Shop>();
exactly<number | undefined>()(shop.get("count"));
exactly<string[]>()(shop.get("cart", []));
shop.data.cart?.push("tea");
shop.login("ada", { keep: ["cart", "count"] });
// @ts-expect-error TS2345: there is no such key
shop.get("basket");
// @ts-expect-error TS2345: a count is a number
shop.set("count", "1");
// @ts-expect-error TS2322: only keys can be kept
shop.login("ada", { keep: ["basket"] });

const store: SessionStore<Shop> = new InMemorySessionStore<Shop>();
exactly<Session<Shop>>()(await store.load(new Request("https://shop.example/")));
// @ts-expect-error TS2375: a store of other data is another type
const other: SessionStore<{ basket: number }> = store;

declare const error: SessionError;
exactly<400 | 409 | 500 | 503>()(error.status);

export { other };
