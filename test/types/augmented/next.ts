import type { Session, SessionData } from "keepsake";
import { type NextOptions, sessions } from "keepsake/adapters/next";
import { exactly } from "../exactly.ts";

/** What `next/headers` exports. */
declare const next: Pick<NextOptions, "cookies" | "headers">;

const { readSession, withSession, route } = sessions("secret", next);

export async function Page(): Promise<number> {
  const session = await readSession();
  exactly<Session<SessionData>>()(session);
  // @ts-expect-error TS2345: there is no such key
  session.get("basket");
  // The types cannot tell that here it can only be read.
  session.set("count", 1);
  return session.get("count", 0);
}

export async function action(form: FormData): Promise<void> {
  const cart = await withSession((session) => {
    exactly<Session<SessionData>>()(session);
    session.modify("count", (count = 0) => count + 1);
    session.login(String(form.get("user")), { keep: ["cart", "count"] });
    session.flash("theme", "dark");
    // @ts-expect-error TS2345: a count is a number
    session.set("count", "1");
    // @ts-expect-error TS2322: there is no such theme
    session.data.theme = "blue";
    // @ts-expect-error TS2322: only keys can be kept
    session.login("ada", { keep: ["basket"] });
    return session.get("cart");
  });
  exactly<string[] | undefined>()(cart);
}

/** As `NextRequest` of `next/server`, a `Request` with more in it. */
declare class NextRequest extends Request {
  readonly nextUrl: URL;
}
type Context = { readonly params: Promise<{ id: string }> };

export const GET = route(async (request: NextRequest, session, { params }: Context) => {
  exactly<Session<SessionData>>()(session);
  session.data.cart?.push((await params).id);
  return Response.json(request.nextUrl.searchParams.get("user"));
});
exactly<(request: NextRequest, context: Context) => Promise<Response>>()(GET);

export const proxy = route((_request, session) => {
  // @ts-expect-error TS2345: there is no such key
  session.get("basket");
  return new Response();
});
exactly<(request: Request) => Promise<Response>>()(proxy);

// @ts-expect-error TS2322: a route handler has to answer
route(() => 1);
// @ts-expect-error TS2554: Next.js has to be told of
sessions("secret");
// @ts-expect-error TS2353: there is no such option
sessions("secret", { ...next, skip: () => true });
