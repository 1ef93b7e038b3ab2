import assert from "node:assert/strict";
import { test } from "node:test";
import { type Any, Jar, NOON } from "./kit.test.ts";
import {
  cookieOf,
  HOUR,
  inFlight,
  LONG_LIVED,
  loggedIn,
  opens,
  scene,
  tokenOf,
} from "./server/server-kit.test.ts";

test("requirement 67, invariant 8: a renewal gives all who hold the old token the same new one, until somebody presents it, and then for 30 s", async () => {
  const stage = scene({ ...LONG_LIVED, renewAfter: HOUR });
  const { visitor, cookie } = await loggedIn(stage);
  const holders = async () => {
    const flights = await Promise.all(
      Array.from({ length: 20 }, () => inFlight(stage.store, cookie)),
    );
    return (await Promise.all(flights.map(({ finish }) => finish()))).flat();
  };
  stage.time.advance(HOUR - 1);
  assert.deepEqual(await holders(), [], "not yet");
  stage.time.advance(1);
  const issued = await holders();
  assert.equal(issued.length, 20);
  assert.equal(new Set(issued).size, 1);
  stage.time.advance(24 * HOUR);
  assert.deepEqual(await holders(), issued, "as long as it takes");
  for (const line of issued) visitor.jar.store(line);
  assert.equal(await visitor.see((session) => session.subject), "ada");
  stage.time.advance(29.999);
  const grace = await inFlight(stage.store, cookie);
  grace.session.set("in grace", 1);
  assert.deepEqual(await grace.finish(), []);
  stage.time.advance(0.001);
  assert.equal(await opens(stage.store, cookie), false);
  assert.deepEqual(stage.events.at(-1), {
    type: "token-refused",
    id: tokenOf(cookie).handle,
    reason: "grace-over",
  });
  assert.equal(await visitor.see((session) => session.get("in grace")), 1);
  assert.equal(stage.events.filter(({ type }) => type === "renewed").length, 1);
});

test("requirement 67: a renewal loses no change, whichever of the two tokens it comes with", async () => {
  for (const encrypt of [false, true]) {
    const stage = scene({ ...LONG_LIVED, renewAfter: HOUR, encrypt });
    const { cookie: old } = await loggedIn(stage);
    const add = async (cookie: string | null) => {
      const flights = await Promise.all(
        Array.from({ length: 10 }, () => inFlight(stage.store, cookie)),
      );
      for (const { session } of flights) session.modify("n", (n: Any) => (n ?? 0) + 1);
      return (await Promise.all(flights.map(({ finish }) => finish()))).flat();
    };
    stage.time.advance(HOUR);
    const fresh = cookieOf(await add(old));
    await Promise.all([add(old), add(fresh), add(old)]);
    const { session } = await inFlight(stage.store, fresh);
    assert.equal(session.get("n"), 40);
  }
});

test("requirement 71: a renewal moves no absolute end, however often it happens", async () => {
  const stage = scene({ renewAfter: 10, idleTimeout: 100, absoluteTimeout: 1000 });
  const { visitor } = await loggedIn(stage);
  for (let at = 0; at < 990; at += 15) {
    await visitor.see((session) => session.subject);
    stage.time.now = NOON + at * 1000;
  }
  stage.time.now = NOON + 999_999;
  assert.equal(await visitor.see((session) => session.subject), "ada");
  stage.time.now = NOON + 1_000_000;
  assert.equal(await visitor.see((session) => session.subject), undefined);
  assert.ok(stage.events.filter(({ type }) => type === "renewed").length > 20);
});

test("invariant 8: a renewal under way when a login, a new token or an end is written hands out nothing", async () => {
  for (const end of ["login", "regenerate", "logout"] as const) {
    for (const begun of [false, true]) {
      const stage = scene({ ...LONG_LIVED, renewAfter: HOUR });
      const { visitor, cookie } = await loggedIn(stage);
      stage.time.advance(HOUR);
      if (begun) await (await inFlight(stage.store, cookie)).finish();
      const late = await inFlight(stage.store, cookie);
      late.session.get("a");
      const { setCookie } = await visitor.visit((session) =>
        end === "login" ? session.login("bob") : session[end](),
      );
      assert.equal(setCookie.length, 1);
      assert.deepEqual(await late.finish(), [], `${end}, begun ${begun}`);
      assert.equal(await opens(stage.store, cookie), false);
    }
  }
});

test("invariant 8: a thief's copy that is used after its grace is an event, and the owner stays in", async () => {
  const stage = scene({ ...LONG_LIVED, renewAfter: HOUR });
  const { visitor, cookie: stolen } = await loggedIn(stage);
  stage.time.advance(HOUR);
  await visitor.see((session) => session.subject);
  await visitor.see((session) => session.subject);
  stage.time.advance(31);
  assert.equal(await opens(stage.store, stolen), false);
  assert.equal(stage.events.at(-1)?.type, "token-refused");
  assert.equal(await visitor.see((session) => session.subject), "ada");
});

test("a browser that lost every answer is where it was", async () => {
  const stage = scene({ ...LONG_LIVED, renewAfter: HOUR });
  const { visitor, cookie } = await loggedIn(stage);
  const jar = new Jar();
  jar.store(`${cookie}; Path=/; Secure`);
  for (let day = 0; day < 20; day += 1) {
    stage.time.advance(24 * HOUR);
    const { session, finish } = await inFlight(stage.store, jar.header);
    assert.equal(session.subject, "ada");
    session.modify("n", (n: Any) => (n ?? 0) + 1);
    await finish();
  }
  assert.equal(await visitor.see((session) => session.get("n")), 20);
});
