import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { createSecureServer } from "node:http2";
import { InMemorySessionStore, type Session, type SessionData } from "keepsake";
import { sessionOf, sessions, type WithSession } from "keepsake/adapters/node";
import { exactly } from "../exactly.ts";

const withSession = sessions("secret", { skip: ({ url }) => url === "/favicon.ico" });

const server = createServer(
  withSession((req, res) => {
    exactly<Session<SessionData>>()(req.session);
    exactly<number | undefined>()(req.session.get("count"));
    req.session.data.cart?.push("tea");
    req.session.modify("count", (count = 0) => count + 1);
    req.session.login("ada", { keep: ["cart", "count"] });
    req.session.flash("theme", "dark");
    // @ts-expect-error TS2345: there is no such key
    req.session.get("basket");
    // @ts-expect-error TS2345: a count is a number
    req.session.set("count", "1");
    // @ts-expect-error TS2322: there is no such theme
    req.session.data.theme = "blue";
    // @ts-expect-error TS2322: only keys can be kept
    req.session.login("ada", { keep: ["basket"] });
    // @ts-expect-error TS2540: the session cannot be replaced
    req.session = undefined as never;
    res.end(req.url);
  }),
);

const route = async (req: IncomingMessage & WithSession): Promise<void> => {
  exactly<Session<SessionData>>()(req.session);
};
const listener: RequestListener = withSession(route);
createServer(listener);
// @ts-expect-error TS2769: without the middleware a request has no session
createServer(route);
createServer((req) => {
  // @ts-expect-error TS2339: nor has one that is not typed
  req.session;
});

createSecureServer(
  withSession<Http2ServerRequest, Http2ServerResponse>((req, res) => {
    exactly<Session<SessionData>>()(req.session);
    res.end(String(req.stream.id));
  }),
);

server.on(
  "upgrade",
  withSession.upgrade((request, socket) => {
    exactly<Session<SessionData>>()(request.session);
    exactly<AbortSignal>()(request.sessionEnded);
    // @ts-expect-error TS2345: there is no such key
    request.session.get("basket");
    // @ts-expect-error TS2540: the session cannot be replaced
    request.session = undefined as never;
    // The types cannot tell that here it can only be read.
    request.session.set("count", 1);
    socket.end();
  }),
);

const withAdmin = sessions<{ level: number }, "adminSession">(
  new InMemorySessionStore<{ level: number }>(),
  { property: "adminSession" },
);
createServer(
  withSession(
    withAdmin<IncomingMessage & WithSession>((req) => {
      exactly<Session<SessionData>>()(req.session);
      exactly<Session<{ level: number }>>()(req.adminSession);
      // @ts-expect-error TS2345: a level is a number
      req.adminSession.set("level", "high");
      // @ts-expect-error TS2345: the data is not that of the other session
      req.adminSession.get("count");
    }),
  ),
);
withAdmin.upgrade((request) => {
  exactly<AbortSignal>()(request.adminSessionEnded);
  // @ts-expect-error TS2339: it is under another name
  request.session;
});
// The type of the data can be left to SessionData, and the name is inferred.
sessions("secret", { property: "adminSession" })((req) => {
  exactly<Session<SessionData>>()(req.adminSession);
  // @ts-expect-error TS2339: it is under another name
  req.session;
});

// In a function that does not rely on the middleware.
createServer((req) => exactly<Session<SessionData>>()(sessionOf(req)));

// @ts-expect-error TS2353: there is no such option
sessions("secret", { rolling: true });
