import assert from "node:assert/strict";
import { test } from "node:test";
import { InMemorySessionStore } from "keepsake";
import { antiForgery } from "keepsake/adapters/fetch";
import { type AntiForgeryOptions, token } from "keepsake/anti-forgery";
import { refusal, Time } from "../core/kit.test.ts";
import { Visit } from "./kit.test.ts";

/** Options as JavaScript callers may give them. */
const wrong = (options: object) => () => antiForgery(options as AntiForgeryOptions);

for (const origin of [
  "app.example",
  "https://app.example/",
  "https://app.example/path",
  "https://app.example?query",
  "https://app.example#fragment",
  "https://app.example:443",
  "https://user@app.example",
  "HTTPS://APP.EXAMPLE",
  "https://*.app.example",
  "null",
  "",
  "https://",
]) {
  test(`requirement 85: ${JSON.stringify(origin)} is no origin to trust`, () => {
    assert.throws(
      wrong({ trustedOrigins: [origin] }),
      refusal("ERR_SESSION_CONFIG", "trustedOrigins"),
    );
    assert.throws(wrong({ selfOrigins: [origin] }), refusal("ERR_SESSION_CONFIG", "selfOrigins"));
  });
}

for (const path of [
  "webhooks",
  "",
  "/a?b",
  "/a*",
  "/a/*/b",
  "https://app.example/a",
  "post /a",
  "/a b",
  "/a/:id",
  "/a/../b",
  "/ä",
  5,
]) {
  test(`${JSON.stringify(path)} is no place`, () => {
    for (const name of ["exempt", "protectGet", "allowNonBrowser"]) {
      assert.throws(wrong({ [name]: [path] }), refusal("ERR_SESSION_CONFIG", name));
    }
  });
}

const WRONG: readonly [name: string, options: object][] = [
  ["mode", { mode: "strict" }],
  ["unproven", { unproven: true }],
  ["frameAncestors", { frameAncestors: "*" }],
  ["compat", { compat: "express" }],
  ["fieldName", { fieldName: 'a" onfocus="alert(1)' }],
  ["headerName", { headerName: "a b" }],
  ["headerName", { headerName: "" }],
  ["cookieLifetime", { cookieLifetime: "1h" }],
  ["cookieLifetime", { cookieLifetime: 0 }],
  ["logOnly", { logOnly: "yes" }],
  ["onEvent", { logOnly: true }],
  ["selfOrigins", { selfOrigins: [] }],
  ["exempt", { exempt: "/a" }],
  ["POST is protected anyway", { protectGet: ["POST /a"] }],
  ["cookieName", { acceptLegacyPairs: { isPair: () => true } }],
  ["cookie", { cookie: { persistent: false } }],
  ["cookie", { cookie: null }],
  ["onRefused", { onRefused: "no" }],
  ["isPair", { acceptLegacyPairs: { cookieName: "aftoken", isPair: true } }],
  ["isPair", { acceptLegacyPairs: null }],
  [
    "both called aftoken",
    {
      cookie: { prefix: "none" },
      acceptLegacyPairs: { cookieName: "aftoken", isPair: () => false },
    },
  ],
  ['no option "csrf"', { csrf: true }],
];

for (const [words, options] of WRONG) {
  test(`${JSON.stringify(options)} is refused when it is made`, () => {
    assert.throws(wrong(options), refusal("ERR_SESSION_CONFIG", words));
  });
}

test("what is exempt can be listed", () => {
  const exempt = ["/webhooks/stripe", "POST /saml/acs", "/hooks/*"];
  assert.deepEqual(antiForgery({ exempt }).exemptions, exempt);
  assert.deepEqual(antiForgery().exemptions, []);
});

test("a folder that is exempt has no way out of it", async () => {
  const time = new Time();
  const protect = antiForgery({
    exempt: ["/hooks/*"],
    clock: time.clock,
    onEvent: () => undefined,
  });
  const { sessions } = await import("keepsake/adapters/fetch");
  const fetch = sessions(new InMemorySessionStore())(protect(() => new Response("in")));
  const statusOf = async (path: string): Promise<number> => {
    const headers = { "sec-fetch-site": "cross-site" };
    return (await fetch(new Request(`https://app.example${path}`, { method: "POST", headers })))
      .status;
  };
  for (const path of [
    "/hooks/a",
    "/hooks/a/b",
    "/hooks/",
    "/hooks/a.b",
    "/hooks/a?b",
    "/hooks/caf%C3%A9",
  ]) {
    assert.equal(await statusOf(path), 200, path);
  }
  for (const path of [
    "/hooks",
    "/hooksa",
    "/Hooks/a",
    "/a/hooks/a",
    "/hooks/..%2ftransfer",
    "/hooks/%252e%252e/a",
    "/hooks//a",
  ]) {
    assert.equal(await statusOf(path), 403, path);
  }
});

test("a place that is protected is so in every reading that a router may have of its path", async () => {
  const time = new Time();
  const protect = antiForgery({
    protectGet: ["/logout", "GET /graphql", "/admin/*"],
    clock: time.clock,
    onEvent: () => undefined,
  });
  const { sessions } = await import("keepsake/adapters/fetch");
  const fetch = sessions(new InMemorySessionStore())(protect(() => new Response("in")));
  const statusOf = async (path: string): Promise<number> => {
    const headers = { "sec-fetch-site": "cross-site" };
    return (await fetch(new Request(`https://app.example${path}`, { headers }))).status;
  };
  for (const path of [
    "/logout",
    "/logout/",
    "//logout",
    "/LogOut",
    "/%6cogout",
    "/logout;x",
    "/logout?x",
    "/x/..%2flogout",
    "/graphql?query=x",
    "/admin",
    "/admin/a",
    "/admin/..%2f",
    "/admin/%2e%2e%2f",
    "/admin/a/..%5c..%5c..",
    "/%61dmin/a/%zz",
    "/%61dmin/a/%ff",
    "/admin/a/..%2f..%2f..%2f..%2f",
  ]) {
    assert.equal(await statusOf(path), 403, path);
  }
  for (const path of ["/", "/logouts", "/a/logout", "/adminx/a", "/graphql2"]) {
    assert.equal(await statusOf(path), 200, path);
  }
});

test("a cookie that is called as the session's is refused", async () => {
  const time = new Time();
  const visit = new Visit(time, new InMemorySessionStore({ clock: time.clock }), {
    cookie: { name: "session" },
  });
  await assert.rejects(
    visit.show(() => "shown"),
    refusal("ERR_SESSION_CONFIG", "__Host-session"),
  );
});

test("the application answers by itself where it wants to, and caches are told the same", async () => {
  const time = new Time();
  const visit = new Visit(time, new InMemorySessionStore({ clock: time.clock }), {
    onRefused: (_request, { reason }) =>
      new Response(`no: ${reason}`, { status: 400, headers: { vary: "Origin" } }),
  });
  const answer = await visit.post({ origin: "https://evil.example" });
  assert.equal(answer.status, 400);
  assert.equal(await answer.text(), "no: origin");
  assert.equal(answer.headers.get("vary"), "Origin, Sec-Fetch-Site");
  assert.equal(answer.headers.get("cache-control"), "no-store");
});

test("an event holds no more of a request than it may", async () => {
  const time = new Time();
  const visit = new Visit(time, new InMemorySessionStore({ clock: time.clock }));
  await visit.post({ origin: `https://${"a".repeat(1000)}.example` });
  const [event] = visit.events;
  assert.ok(event?.type === "forgery-refused");
  assert.equal(event.origin?.length, 256);
  assert.equal(event.enforced, true);
});

const FRAMES: readonly [before: Record<string, string>, csp: string, old: string | null][] = [
  [{}, "frame-ancestors 'self'", "SAMEORIGIN"],
  [
    { "content-security-policy": "default-src 'self'" },
    "default-src 'self'; frame-ancestors 'self'",
    "SAMEORIGIN",
  ],
  [
    { "content-security-policy": "default-src 'self'; " },
    "default-src 'self'; frame-ancestors 'self'",
    "SAMEORIGIN",
  ],
  [
    { "content-security-policy": "default-src 'self'; frame-ancestors https://partner.example" },
    "default-src 'self'; frame-ancestors https://partner.example",
    null,
  ],
  [
    { "content-security-policy": "default-src 'self', Frame-Ancestors 'none'" },
    "default-src 'self', Frame-Ancestors 'none'",
    null,
  ],
  [
    { "content-security-policy": "report-uri /frame-ancestors" },
    "report-uri /frame-ancestors; frame-ancestors 'self'",
    "SAMEORIGIN",
  ],
  [{ "x-frame-options": "DENY" }, "frame-ancestors 'self'", "DENY"],
];

for (const [before, csp, old] of FRAMES) {
  test(`a page with a form and ${JSON.stringify(before)}: ${csp}`, async () => {
    const time = new Time();
    const visit = new Visit(time, new InMemorySessionStore({ clock: time.clock }));
    const { headers } = await visit.show(
      (session) => new Response(token(session), { headers: before }),
    );
    assert.equal(headers.get("content-security-policy"), csp);
    assert.equal(headers.get("x-frame-options"), old);
  });
}

test("no shared cache keeps a page with a form, whatever the application says", async () => {
  const time = new Time();
  const visit = new Visit(time, new InMemorySessionStore({ clock: time.clock }));
  await visit.show((session) => session.login("ada"));
  for (const [asked, told] of [
    ["public, max-age=60", "no-store"],
    ["s-maxage=60", "no-store"],
    ["private, max-age=60", "private, max-age=60"],
  ] as const) {
    const headers = { "cache-control": asked };
    const answer = await visit.show((session) => new Response(token(session), { headers }));
    assert.equal(answer.headers.get("cache-control"), told);
    assert.match(answer.headers.get("vary") ?? "", /Cookie/);
  }
});

test("of frames nothing is said where that is not wanted, or in no frame at all", async () => {
  const time = new Time();
  const store = new InMemorySessionStore({ clock: time.clock });
  const silent = new Visit(time, store, { frameAncestors: false });
  const said = await silent.show((session) => token(session));
  assert.equal(said.headers.get("content-security-policy"), null);
  assert.equal(said.headers.get("x-frame-options"), null);
  const none = await new Visit(time, store, { frameAncestors: "none" }).show((session) =>
    token(session),
  );
  assert.equal(none.headers.get("content-security-policy"), "frame-ancestors 'none'");
  assert.equal(none.headers.get("x-frame-options"), "DENY");
});
