import assert from "node:assert/strict";
import { test } from "node:test";
import { sessions } from "keepsake/adapters/fetch";
import { CookieJar } from "keepsake/testing";

const SECRET = "4eqhFCE9yngFbyB6a!Cro5gubbb92ay_nBb1oCF3";

type Handler = (request: Request) => Promise<Response>;

interface Kept {
  readonly response: Response;
  /** What the request had under the names in the response's `Vary`. */
  readonly varies: string;
}

/** A shared cache as in RFC 9111: it keeps whatever is not forbidden, and is as eager as it may be. */
function sharedCache(origin: Handler): { readonly fetch: Handler; readonly hits: () => number } {
  const kept = new Map<string, Kept[]>();
  let hits = 0;
  const valuesOf = (request: Request, response: Response) =>
    (response.headers.get("vary") ?? "")
      .split(",")
      .map((name) => request.headers.get(name.trim() || "x-none"))
      .join("\n");
  return {
    hits: () => hits,
    async fetch(request) {
      const list = kept.get(request.url) ?? [];
      const found = list.find(({ response, varies }) => valuesOf(request, response) === varies);
      if (found !== undefined) {
        hits += 1;
        return found.response.clone();
      }
      const response = await origin(request);
      if (!/no-store|private/.test(response.headers.get("cache-control") ?? "")) {
        list.push({ response: response.clone(), varies: valuesOf(request, response) });
        kept.set(request.url, list);
      }
      return response;
    },
  };
}

test("requirement 21: no shared cache hands one visitor's answer or token to another", async () => {
  const withSession = sessions<{ name: string; visits: number }>(SECRET, {
    onEvent: () => undefined,
  });
  const cache = sharedCache(
    withSession((request, session) => {
      const { pathname, searchParams } = new URL(request.url);
      const headers = { "cache-control": "public, max-age=600" };
      if (pathname.startsWith("/static")) return new Response("the same for all", { headers });
      const name = searchParams.get("name");
      if (name !== null) session.set("name", name);
      return new Response(session.get("name", "nobody"), { headers });
    }),
  );
  const visitors = ["ada", "bob"].map((name) => ({ name, jar: new CookieJar(Date.now) }));
  const visit = async (jar: CookieJar, path: string): Promise<string> => {
    const cookie = jar.header() ?? "";
    const response = await cache.fetch(
      new Request(`http://localhost${path}`, { headers: { cookie } }),
    );
    jar.store(response);
    return response.text();
  };

  // The same address for both, as a form that was sent with GET.
  for (const { name, jar } of visitors) await visit(jar, `/name?name=${name}`);
  const tokens = visitors.map(({ jar }) => jar.get("__Host-session"));
  assert.equal(new Set(tokens).size, 2);
  for (let page = 0; page < 100; page += 1) {
    for (const { name, jar } of visitors) {
      assert.equal(await visit(jar, `/page/${page}`), name);
      assert.equal(await visit(jar, `/static/${page}`), "the same for all");
    }
  }
  assert.deepEqual(
    visitors.map(({ jar }) => jar.get("__Host-session")),
    tokens,
  );
  assert.ok(cache.hits() >= 100, "what did not touch the session can be cached");
  assert.equal(await visit(new CookieJar(Date.now), "/page/1"), "nobody");
});
