import { InMemorySessionStore, Session, type SessionData } from "keepsake";
import { exactly } from "../exactly.ts";

const session = new Session();
exactly<Session<SessionData>>()(session);
exactly<Session<SessionData>>()(await new InMemorySessionStore().load(new Request("https://a")));

exactly<number | undefined>()(session.get("count"));
exactly<number>()(session.get("count", 0));
exactly<number>()(session.getOrThrow("count"));
exactly<string[] | undefined>()(session.get("cart"));
exactly<number | undefined>()(session.data.count);
exactly<("count" | "cart" | "theme")[]>()(session.keys());
session.data.cart?.push("tea");
session.data.theme = "dark";
session.set("count", 1);
session.update({ count: 1, cart: ["tea"] });
session.modify("count", (count = 0) => count + 1);
session.flash("theme", "light");
session.delete("cart");
session.login("ada", { keep: ["cart", "count"] });
delete session.data.cart;
session.equals({ count: 1 });

// @ts-expect-error TS2345: there is no such key
session.get("basket");
// @ts-expect-error TS2339: nor in the data
session.data.basket;
// @ts-expect-error TS2345: nor one to be removed
session.delete("basket");
// @ts-expect-error TS2345: a count is a number
session.set("count", "1");
// @ts-expect-error TS2322: there is no such theme
session.data.theme = "blue";
// @ts-expect-error TS18048: every key may be missing
session.data.cart.push("tea");
// @ts-expect-error TS2532: as what get gives may be
session.get("cart").push("tea");
// @ts-expect-error TS2353: only keys can be set together
session.update({ basket: 1 });
// @ts-expect-error TS2322: the new value must fit, too
session.modify("count", (count) => `${count}`);
// @ts-expect-error TS2345: a flash value is one of a key
session.flash("notice", "saved");
// @ts-expect-error TS2322: only keys can be kept
session.login("ada", { keep: ["basket"] });
// @ts-expect-error TS2345: a subject is text
session.login(7);
// @ts-expect-error TS2345: a session of other data is another type
session.equals(new Session({ basket: 1 }));
