import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CookieSessionStore,
  headerTransport,
  InMemorySessionStore,
  type Sealer,
  type Session,
  SessionError,
  type SessionStore,
} from "keepsake";
import { type NextSessions, sessions } from "keepsake/adapters/next";
import { testAdapter } from "../../probe/adapter-cases.ts";
import { cookieAfter, fallback, redirection, type Visit, visit } from "./next-kit.test.ts";

testAdapter("next");

const SECRET = "4eqhFCE9yngFbyB6a!Cro5gubbb92ay_nBb1oCF3";
const quiet = { onEvent: () => undefined };

interface Data {
  visits: number;
  text: string;
}

const sealed = new CookieSessionStore<Data>({ secret: SECRET });
const within = (request: Visit, store: SessionStore<Data> = sealed): NextSessions<Data> =>
  sessions(store, { ...request.next, ...quiet });

const hasCode = (code: string) => (error: unknown) =>
  error instanceof SessionError && error.code === code;

/** The cookie of somebody who has logged in. */
async function login(user: string, store: SessionStore<Data> = sealed): Promise<string> {
  const request = visit();
  await within(request, store).withSession((session) => session.login(user));
  return cookieAfter(request);
}

/** The subject whose session a cookie carries. */
async function subjectOf(cookie: string, store: SessionStore<Data> = sealed) {
  return (await within(visit({ cookie }), store).readSession()).subject;
}

test("a server action has saved when its promise is kept, and gives back what the function returns", async () => {
  const store = new InMemorySessionStore<Data>();
  const request = visit();
  const given = await within(request, store).withSession(async (session) => {
    session.set("visits", 1);
    return session.size;
  });
  assert.equal(given, 1);
  assert.equal(store.size, 1);
  const session = await within(visit({ cookie: cookieAfter(request) }), store).readSession();
  assert.equal(session.get("visits"), 1);
});

test("invariant 1, nothing for strangers: an action that changes nothing sets no cookie", async () => {
  const request = visit();
  await within(request).withSession((session) => session.get("visits"));
  await within(request).withSession(() => undefined);
  assert.equal(request.set.size, 0);
});

test("the cookie has the attributes that it has in a response, from an action too", async () => {
  const cookies = [
    {},
    { persistent: true, partitioned: true, sameSite: "none" },
    { name: "own", prefix: "none", secure: false, httpOnly: false, sameSite: "strict" },
    { path: "/app", domain: "example.com" },
  ] as const;
  for (const cookie of cookies) {
    const store = new CookieSessionStore<Data>({ secret: SECRET, cookie, clock: () => 1e12 });
    const request = visit();
    const { withSession, route } = within(request, store);
    await withSession((session) => session.set("visits", 1));
    const response = await route((_, session) => {
      session.set("visits", 1);
      return new Response();
    })(new Request("https://example.com/"));
    const [line = ""] = response.headers.getSetCookie();
    const [set] = request.set.values();
    assert.ok(set);
    assert.deepEqual(attributesOf(asLine(set)), attributesOf(line));
    assert.equal(set.maxAge !== undefined, "persistent" in cookie);
  }
});

/** As Next.js writes it, in `stringifyCookie` of its cookies. */
function asLine(cookie: Visit["set"] extends ReadonlyMap<string, infer Cookie> ? Cookie : never) {
  return [
    `${cookie.name}=${encodeURIComponent(cookie.value)}`,
    ...(cookie.path ? [`Path=${cookie.path}`] : []),
    ...(cookie.expires ? [`Expires=${cookie.expires.toUTCString()}`] : []),
    ...(cookie.maxAge === undefined ? [] : [`Max-Age=${cookie.maxAge}`]),
    ...(cookie.domain ? [`Domain=${cookie.domain}`] : []),
    ...(cookie.secure ? ["Secure"] : []),
    ...(cookie.httpOnly ? ["HttpOnly"] : []),
    ...(cookie.sameSite ? [`SameSite=${cookie.sameSite}`] : []),
    ...(cookie.partitioned ? ["Partitioned"] : []),
  ].join("; ");
}

/** All but the token, which differs each time it is sealed. */
function attributesOf(line: string): string[] {
  const [pair = "", ...attributes] = line.toLowerCase().split("; ");
  return [pair.split("=")[0] ?? "", ...attributes.sort()];
}

test("a logout takes the cookie away", async () => {
  const request = visit({ cookie: await login("ada") });
  await within(request).withSession((session) => session.logout());
  const set = request.set.get("__Host-session");
  assert.deepEqual([set?.value, set?.maxAge, set?.expires], ["", 0, new Date(0)]);
});

test("invariant 17, a failed handler changes nothing: after redirect() and notFound() it is saved, after an error not", async () => {
  for (const thrown of [redirection("/a;b", 303), fallback(404), fallback(403)]) {
    const request = visit();
    const { withSession } = within(request);
    await assert.rejects(
      withSession((session) => {
        session.set("visits", 1);
        throw thrown;
      }),
      thrown,
    );
    assert.equal(request.set.size, 1, thrown.message);
  }
  const errors = [
    new TypeError("failed"),
    "text",
    undefined,
    Object.assign(new Error(), { digest: "1234" }),
  ];
  for (const thrown of errors) {
    const request = visit();
    const failing = within(request).withSession((session) => {
      session.set("visits", 1);
      throw thrown;
    });
    await assert.rejects(failing, (error) => error === thrown);
    assert.equal(request.set.size, 0);
  }
});

test("a logout takes effect also where the action fails, or what followed cannot be saved", async () => {
  const store = new InMemorySessionStore<Data>(quiet);
  const after = [
    () => Promise.reject(new TypeError("failed")),
    (session: { set(key: "text", value: string): void }) => session.set("text", "x".repeat(9e6)),
  ];
  for (const follow of after) {
    const cookie = await login("ada", store);
    const request = visit({ cookie });
    const { withSession } = within(request, store);
    await assert.rejects(
      withSession((session) => {
        session.logout();
        return follow(session);
      }),
    );
    assert.equal(await subjectOf(cookie, store), undefined);
    assert.equal(request.set.get("__Host-session")?.value, "");
  }
});

test("a session that is read cannot be changed, and the error says where it can", async () => {
  const session = await within(visit({ cookie: await login("ada") })).readSession();
  assert.equal(session.subject, "ada");
  const changes = [
    () => session.set("visits", 1),
    () => session.login("bob"),
    () => session.logout(),
  ];
  for (const change of changes) {
    assert.throws(change, (error) => {
      assert.ok(hasCode("ERR_SESSION_COMMITTED")(error));
      assert.match(String(error), /withSession\(\).*route\(\)/s);
      return true;
    });
  }
});

test("withSession refuses to begin while a page is rendered", async () => {
  const request = visit();
  request.render();
  let ran = false;
  const rendering = within(request).withSession(() => {
    ran = true;
  });
  await assert.rejects(rendering, hasCode("ERR_SESSION_COMMITTED"));
  assert.equal(ran, false);
});

test("the session is loaded once a request, however many components read it", async () => {
  const cookie = await login("ada");
  let loads = 0;
  const counting: SessionStore<Data> = {
    load(request) {
      loads += 1;
      return sealed.load(request);
    },
    save: (request, response, session) => sealed.save(request, response, session),
  };
  const request = visit({ cookie });
  const { readSession, withSession } = within(request, counting);
  const [first, second] = await Promise.all([readSession(), readSession()]);
  assert.equal(first, second);
  assert.equal(loads, 1);
  await withSession((session) => session.get("visits"));
  assert.notEqual(await readSession(), first);
  assert.equal(loads, 3);
});

test("the page that is rendered after an action shows what the action did", async () => {
  for (const store of [sealed, new InMemorySessionStore<Data>()]) {
    const request = visit({ cookie: await login("ada", store) });
    // The modules of a page may not be those of its actions.
    const page = within(request, store);
    const { withSession } = within(request, store);
    assert.equal((await page.readSession()).subject, "ada");
    await withSession((session) => session.login("bob"));
    await withSession((session) => session.set("visits", 2));
    request.render();
    const session = await page.readSession();
    assert.deepEqual([session.subject, session.get("visits")], ["bob", 2]);

    const leaving = visit({ cookie: cookieAfter(request) });
    await within(leaving, store).withSession((each) => each.logout());
    leaving.render();
    assert.equal((await within(leaving, store).readSession()).isNew, true);
  }
});

test("two cookies of one name that open are none, though Next.js shows but one of them", async () => {
  const [ada, bob] = [await login("ada"), await login("bob")];
  assert.equal(await subjectOf(`${ada}; ${bob}`), undefined);
  assert.equal(await subjectOf(`${ada}; ${ada}`), "ada");
  assert.equal(await subjectOf(`${ada}; __Host-session=junk`), "ada");
});

test("a cookie of the application that changes does not touch the session's", async () => {
  const request = visit({ cookie: `theme=dark; ${await login("ada")}; flag; bad=%zz` });
  const jar = await request.next.cookies();
  jar.set({ name: "theme", value: `light; ${await login("bob")}` });
  jar.set({ name: "bad", value: "good" });
  assert.equal((await within(request).readSession()).subject, "ada");
});

test("what cannot leave a server action is refused by name: headers, and tokens that are not URL-safe", async () => {
  const carried = new CookieSessionStore<Data>({
    secret: SECRET,
    transport: headerTransport("X-Session-ID"),
  });
  const byHeader = within(visit({ "x-session-id": "" }), carried);
  await assert.rejects(
    byHeader.withSession((session) => session.set("visits", 1)),
    (error) => hasCode("ERR_SESSION_CONFIG")(error) && /x-session-id/.test(String(error)),
  );

  const padded: Sealer = { seal: () => "token==", open: () => undefined };
  const store = new CookieSessionStore<Data>({ sealer: padded });
  const request = visit();
  await assert.rejects(
    within(request, store).withSession((session) => session.set("visits", 1)),
    (error) => hasCode("ERR_SESSION_CONFIG")(error) && /__Host-session/.test(String(error)),
  );
  assert.equal(request.set.size, 0);
});

test("a store that is down is an error for the page and for the action, and nobody is a stranger", async () => {
  const down: SessionStore<Data> = {
    load: () => Promise.reject(new Error("down")),
    save: () => undefined,
  };
  const { readSession, withSession } = within(visit(), down);
  await assert.rejects(readSession(), hasCode("ERR_SESSION_STORE"));
  await assert.rejects(
    withSession(() => assert.fail("ran")),
    hasCode("ERR_SESSION_STORE"),
  );
});

test("a store that another bundle has made is refused with a message that says what to share", async () => {
  const session = { isNew: true } as unknown as Session<Data>;
  const foreign: SessionStore<Data> = { load: () => session, save: () => undefined };
  const { readSession, withSession, route } = within(visit(), foreign);
  const uses = [
    () => readSession(),
    () => withSession(() => assert.fail("ran")),
    () => route(() => assert.fail("ran"))(new Request("https://example.com/")),
  ];
  for (const use of uses) {
    await assert.rejects(use(), (error) => {
      return hasCode("ERR_SESSION_CONFIG")(error) && /repository/.test(String(error));
    });
  }
});

test("what redirect() and notFound() throw in a route handler is the answer that Next.js makes of it", async () => {
  const { route } = within(visit());
  const answer = (thrown: unknown, init?: RequestInit) =>
    route((_, session) => {
      session.set("visits", 1);
      throw thrown;
    })(new Request("https://example.com/", init));
  const form = { method: "POST", body: new URLSearchParams({ a: "1" }) };
  const json = {
    method: "POST",
    body: "{}",
    headers: { "content-type": "application/json" },
  };
  for (const [thrown, init, status, location] of [
    [redirection("/next?a=1;b=2"), {}, 307, "/next?a=1;b=2"],
    [redirection("/next", 308), {}, 308, "/next"],
    [redirection("/next"), form, 303, "/next"],
    [redirection("/next"), json, 307, "/next"],
    [fallback(404), {}, 404, null],
    [new Response(null, { status: 401 }), {}, 401, null],
  ] as const) {
    const response = await answer(thrown, init);
    assert.deepEqual([response.status, response.headers.get("location")], [status, location]);
    assert.equal(response.headers.getSetCookie().length, 1);
    assert.equal(response.headers.get("cache-control"), "no-store");
  }
  await assert.rejects(answer(new TypeError("failed")), TypeError);
});

test("a route handler is given what Next.js passes besides the request", async () => {
  const { route } = within(visit());
  const handler = route(async (_, session, { params }: { params: Promise<{ id: string }> }) =>
    Response.json([session.isNew, (await params).id]),
  );
  const response = await handler(new Request("https://example.com/"), {
    params: Promise.resolve({ id: "7" }),
  });
  assert.deepEqual(await response.json(), [true, "7"]);
});

test("what proxy.ts passes on shows its changes to the page, and no other answer has that header", async () => {
  const { route } = within(visit());
  const answer = (headers: Record<string, string>, change: boolean) =>
    route((_, session) => {
      if (change) session.set("visits", 1);
      return new Response(null, { headers });
    })(new Request("https://example.com/"));
  const passed = await answer({ "x-middleware-next": "1", "set-cookie": "own=1" }, true);
  const forPage = passed.headers.get("x-middleware-set-cookie") ?? "";
  assert.match(forPage, /^own=1, __Host-session=/);
  assert.equal(passed.headers.getSetCookie().length, 2);
  const unchanged = await answer({ "x-middleware-next": "1" }, false);
  assert.equal(unchanged.headers.has("x-middleware-set-cookie"), false);
  const answered = await answer({}, true);
  assert.equal(answered.headers.has("x-middleware-set-cookie"), false);
});

test("without what Next.js has for cookies and headers there are no sessions", () => {
  const { headers } = visit().next;
  const missing = { headers } as Visit["next"];
  assert.throws(() => sessions(SECRET, missing), hasCode("ERR_SESSION_CONFIG"));
  assert.throws(
    () => sessions(SECRET, { ...visit().next, onError: "no" as unknown as () => Response }),
    hasCode("ERR_SESSION_CONFIG"),
  );
});

test("the data is typed by the declaration, or by the argument", async () => {
  const { readSession, withSession } = sessions<{ visits: number }>(SECRET, visit().next);
  const visits: number = (await readSession()).get("visits", 0);
  assert.equal(visits, 0);
  // @ts-expect-error: not a key of this session's data
  await withSession((session) => session.set("visitors", 1));
  // @ts-expect-error: not a number
  await withSession((session) => session.set("visits", "1"));
  // @ts-expect-error: Next.js has to be told of
  assert.throws(() => sessions(SECRET));
});
