import { createServer, type IncomingMessage } from "node:http";
import { InMemorySessionStore, type Session } from "keepsake";
import { sessionOf, sessions, type WithSession } from "keepsake/adapters/node";
import { exactly } from "../exactly.ts";
import type { Shop } from "../shop.ts";

const withSession = sessions<Shop>("secret");

createServer(
  withSession((req) => {
    exactly<Session<Shop>>()(req.session);
    exactly<number | undefined>()(req.session.get("count"));
    req.session.data.cart?.push("tea");
    req.session.login("ada", { keep: ["cart", "count"] });
    // @ts-expect-error TS2345: there is no such key
    req.session.get("basket");
    // @ts-expect-error TS2345: a count is a number
    req.session.set("count", "1");
    // @ts-expect-error TS2322: only keys can be kept
    req.session.login("ada", { keep: ["basket"] });
    // @ts-expect-error TS2540: the session cannot be replaced
    req.session = undefined as never;
  }),
);

const route = (req: IncomingMessage & WithSession<Shop>): string[] => req.session.get("cart", []);
withSession(route);
// @ts-expect-error TS2769: a handler for other data
createServer(sessions<{ level: number }>("secret")(route));
withSession.upgrade(({ session, sessionEnded }) => {
  exactly<Session<Shop>>()(session);
  exactly<AbortSignal>()(sessionEnded);
});

createServer((req) => exactly<Session<Shop>>()(sessionOf<Shop>(req)));

const withAdmin = sessions<{ level: number }, "adminSession">("secret", {
  property: "adminSession",
});
withAdmin((req) => {
  exactly<Session<{ level: number }>>()(req.adminSession);
  // @ts-expect-error TS2339: it is under another name
  req.session;
});
// @ts-expect-error TS2322: the name is that of the type
sessions<Shop>("secret", { property: "adminSession" });

// @ts-expect-error TS2345: the store holds other data
sessions<Shop>(new InMemorySessionStore<{ level: number }>());
