import type { Session, SessionData } from "keepsake";
import { type SessionHandler, sessions } from "keepsake/adapters/fetch";
import { exactly } from "../exactly.ts";

const withSession = sessions("secret", {
  skip: ({ url }) => url.endsWith("/favicon.ico"),
  onError: (_error, request) => new Response(request.url, { status: 500 }),
});

const plain = withSession((request, session) => {
  exactly<Request>()(request);
  exactly<Session<SessionData>>()(session);
  exactly<number | undefined>()(session.get("count"));
  session.data.cart?.push("tea");
  session.modify("count", (count = 0) => count + 1);
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
  return new Response();
});
exactly<(request: Request) => Promise<Response>>()(plain);

// What the runtime passes besides comes after the session.
const worker = {
  fetch: withSession(async (_request, session, env: { KEY: string }, context: { wait(): void }) => {
    context.wait();
    return Response.json([session.get("theme", "light"), env.KEY]);
  }),
};
exactly<(request: Request, env: { KEY: string }, context: { wait(): void }) => Promise<Response>>()(
  worker.fetch,
);

// An upgrade in Bun answers with nothing.
const upgrade = withSession((_request, session) =>
  session.subject === undefined ? new Response(null, { status: 401 }) : undefined,
);
exactly<(request: Request) => Promise<Response | undefined>>()(upgrade);

const shop: SessionHandler<SessionData, []> = (_request, session) =>
  Response.json(session.get("cart", []));
withSession(shop);

// @ts-expect-error TS2322: a handler has to answer
withSession((_request, session) => session.get("count"));
// @ts-expect-error TS2554: a handler without the middleware is given no session
exactly<(request: Request) => Promise<Response>>()(shop);
// @ts-expect-error TS2353: there is no such option
sessions("secret", { property: "adminSession" });
