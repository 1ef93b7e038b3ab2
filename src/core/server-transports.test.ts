import assert from "node:assert/strict";
import { test } from "node:test";
import { cookieTransport, headerTransport } from "keepsake";
import { type Loose, OLD_SECRET, refusal, requestOf, SECRET } from "./kit.test.ts";
import {
  cookieOf,
  HOUR,
  inFlight,
  LONG_LIVED,
  loggedIn,
  NAME,
  opens,
  scene,
  tokenOf,
} from "./server/server-kit.test.ts";

test("invariant 12, keys rotate: nobody is logged out, and the token gets its new MAC with the next change", async () => {
  const stage = scene({ ...LONG_LIVED, secret: OLD_SECRET });
  const { cookie } = await loggedIn(stage);
  const rotated = stage.another({ secret: [SECRET, OLD_SECRET] });
  const read = await inFlight(rotated, cookie);
  assert.equal(read.session.subject, "ada");
  assert.deepEqual(await read.finish(), [], "reading writes nothing");
  const write = await inFlight(rotated, cookie);
  write.session.set("a", 1);
  const [line = ""] = await write.finish();
  assert.equal(tokenOf(cookieOf([line])).credential, tokenOf(cookie).credential);
  const only = stage.another({ secret: SECRET });
  assert.equal(await opens(only, cookieOf([line])), true);
  assert.equal(await opens(only, cookie), false);
  assert.equal(await opens(rotated, cookie), true, "the old spelling is still good");
});

test("requirement 6: a token counts on the configured transport alone", async () => {
  const stage = scene();
  const { cookie } = await loggedIn(stage);
  const token = cookie?.slice(NAME.length + 1) ?? "";
  stage.calls.length = 0;
  const places: Record<string, string>[] = [
    { "x-session-id": token },
    { referer: `https://app.example/?session=${token}` },
    { authorization: `Bearer ${token}` },
    { cookie: `session=${token}` },
    { cookie: `${NAME.toLowerCase()}=${token}` },
    { [NAME]: token },
  ];
  for (const headers of places) {
    const request = { ...requestOf(headers), url: `https://app.example/?${NAME}=${token}` };
    assert.equal((await stage.store.load(request)).isNew, true, JSON.stringify(headers));
  }
  assert.deepEqual(stage.calls, []);
});

test("a header and a cookie on one server: who uses which keeps to it; different sessions in both are a 400", async () => {
  const stage = scene({ transport: [cookieTransport(), headerTransport()] });
  const client = async (headers: Record<string, string>, act: (session: Loose) => unknown) => {
    const request = requestOf(headers);
    const session: Loose = await stage.store.load(request);
    act(session);
    const response = { headers: new Headers() };
    await stage.store.save(request, response, session);
    return response.headers;
  };
  const login = (session: Loose) => session.login("ada");
  const header = (await client({ "x-session-id": "junk" }, login)).get("x-session-id") ?? "";
  const cookie = cookieOf((await client({}, login)).getSetCookie());
  const both = { cookie, "x-session-id": header };
  await assert.rejects(
    client(both, () => {}),
    refusal("ERR_SESSION_AMBIGUOUS"),
  );

  const same = { cookie, "x-session-id": cookie.slice(NAME.length + 1) };
  const renewed = await client(same, (session) => session.regenerate());
  assert.equal(renewed.getSetCookie().length, 1);
  assert.equal(renewed.get("x-session-id"), null);
  const again = await client({ "x-session-id": header }, (session) => session.regenerate());
  assert.deepEqual([again.getSetCookie().length, again.get("x-session-id") === null], [0, false]);
  const ended = await client({ "x-session-id": again.get("x-session-id") ?? "" }, (s) =>
    s.logout(),
  );
  assert.deepEqual([ended.getSetCookie().length, ended.get("x-session-id")], [0, ""]);
});

test("with a secret a token of one transport is none of another", async () => {
  const transport = [cookieTransport(), headerTransport()];
  const stage = scene({ transport, secret: SECRET });
  const { cookie } = await loggedIn(stage);
  const token = cookie?.slice(NAME.length + 1) ?? "";
  assert.equal(await opens(stage.store, cookie), true);
  assert.equal((await stage.store.load(requestOf({ "x-session-id": token }))).isNew, true);
});

test("two tokens of one name that are both good are none, also those of one session", async () => {
  const stage = scene({ ...LONG_LIVED, renewAfter: HOUR });
  const { cookie } = await loggedIn(stage);
  stage.time.advance(HOUR);
  const fresh = cookieOf(await (await inFlight(stage.store, cookie)).finish());
  assert.equal(await opens(stage.store, `${cookie}; ${fresh}`), false);
  assert.equal(stage.events.at(-1)?.type, "duplicate-token");
  assert.equal(await opens(stage.store, `${NAME}=junk; ${fresh}`), true, "junk hides nothing");
  const unknown = `${NAME}=${"A".repeat(22)}.${"A".repeat(43)}`;
  assert.equal(
    await opens(stage.store, `${unknown}; ${fresh}`),
    true,
    "nor does what opens nothing",
  );
});
