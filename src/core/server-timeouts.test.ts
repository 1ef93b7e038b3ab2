import assert from "node:assert/strict";
import { test } from "node:test";
import { InMemorySessionStore } from "keepsake";
import { type Any, NOON, refusal } from "./kit.test.ts";
import { cookieOf, inFlight, opens, type Scene, scene, tokenOf } from "./server/server-kit.test.ts";

const MINUTE = 60;
const at = (stage: Scene, seconds: number) => {
  stage.time.now = NOON + seconds * 1000;
};

async function start(stage: Scene) {
  const visitor = stage.visitor();
  await visitor.visit((session) => session.login("ada"));
  return { visitor, cookie: visitor.jar.header };
}

test("requirement 70, invariant 9: a session that is not used ends 1.0 to 1.1 idle timeouts after its last use, never early", async () => {
  for (const lastUse of [0, 5, 9.999, 10, 11, 60]) {
    for (const [after, isAlive] of [
      [99.999, true],
      [110.001, false],
    ] as const) {
      const stage = scene();
      const { visitor, cookie } = await start(stage);
      at(stage, lastUse);
      await visitor.visit((session) => session.get("a"));
      at(stage, lastUse + after);
      assert.equal(
        await opens(stage.store, cookie),
        isAlive,
        `used at ${lastUse}, seen ${after} later`,
      );
    }
  }
});

test("requirement 70: it is on by default", async () => {
  const stage = scene({ idleTimeout: undefined as Any, absoluteTimeout: undefined as Any });
  const { cookie } = await start(stage);
  at(stage, 24 * 60 * MINUTE - 1);
  assert.equal(await opens(stage.store, cookie), true);
  at(stage, 27 * 60 * MINUTE);
  assert.equal(await opens(stage.store, cookie), false);
});

test("requirement 71, invariant 9: nothing moves the absolute end but a login", async () => {
  const acts = ["read", "set", "regenerate", "flash"] as const;
  for (const act of acts) {
    const stage = scene();
    const { visitor } = await start(stage);
    for (let used = 50; used < 1000; used += 50) {
      at(stage, used);
      await visitor.visit((session) =>
        act === "read"
          ? session.get("a")
          : act === "regenerate"
            ? session.regenerate()
            : session[act]("a", used),
      );
    }
    at(stage, 999.999);
    assert.equal(await opens(stage.store, visitor.jar.header), true, act);
    const { handle } = tokenOf(visitor.jar.header);
    assert.equal(stage.record(handle)?.endsAt, NOON + 1_000_000, act);
    at(stage, 1000);
    assert.equal(await opens(stage.store, visitor.jar.header), false, act);
  }
  const stage = scene();
  const { visitor } = await start(stage);
  for (let used = 50; used < 1900; used += 50) {
    at(stage, used);
    await visitor.visit((session) => (used === 900 ? session.login("ada") : session.get("a")));
  }
  at(stage, 1899.999);
  assert.equal(await opens(stage.store, visitor.jar.header), true);
  at(stage, 1900);
  assert.equal(await opens(stage.store, visitor.jar.header), false);
});

test("requirement 72: nothing that a client holds or leaves out extends anything", async () => {
  const stage = scene({ cookie: { persistent: true } });
  const { cookie } = await start(stage);
  at(stage, 111);
  assert.equal(await opens(stage.store, cookie), false);
  assert.match(tokenOf(cookie).credential, /^[\w-]{43}$/, "there is no time in it");
});

test("requirement 73, invariant 9: a use is written once per tenth of the idle timeout, however many requests there are at once", async () => {
  const stage = scene();
  const { cookie } = await start(stage);
  const readers = async (count: number) => {
    stage.calls.length = 0;
    const flights = await Promise.all(
      Array.from({ length: count }, () => inFlight(stage.store, cookie)),
    );
    await Promise.all(flights.map(({ finish }) => finish()));
    return stage.calls.filter((verb) => verb === "touch").length;
  };
  at(stage, 9.999);
  assert.equal(await readers(20), 0);
  at(stage, 10);
  assert.equal(await readers(20), 1);
  assert.equal(await readers(20), 0);
  at(stage, 19.999);
  assert.equal(await readers(20), 0);
  at(stage, 20);
  assert.equal(await readers(1), 1);
  let touches = 0;
  for (let used = 20; used < 120; used += 0.5) {
    at(stage, used);
    touches += await readers(1);
  }
  assert.equal(touches, 9);
});

test("requirement 73: at the absolute end there is nothing left to note", async () => {
  const stage = scene({ idleTimeout: 600, absoluteTimeout: 1000 });
  const { visitor } = await start(stage);
  at(stage, 500);
  await visitor.visit((session) => session.get("a"));
  stage.calls.length = 0;
  for (const used of [600, 700, 800, 900, 999]) {
    at(stage, used);
    await visitor.visit((session) => session.get("a"));
  }
  assert.ok(!stage.calls.includes("touch"), String(stage.calls));
});

test("a change notes the use as well; a use that is answered in flight never shortens a life", async () => {
  const stage = scene();
  const { visitor, cookie } = await start(stage);
  at(stage, 50);
  const late = await inFlight(stage.store, cookie);
  late.session.get("a");
  at(stage, 60);
  await visitor.visit((session) => session.set("a", 1));
  const id = tokenOf(cookie).handle;
  assert.equal(stage.record(id)?.expiresAt, NOON + 170_000);
  await late.finish();
  assert.equal(stage.record(id)?.expiresAt, NOON + 170_000);
});

test("requirement 70: a session that runs out while a request changes it does not come back", async () => {
  const stage = scene();
  const { cookie } = await start(stage);
  at(stage, 99);
  const flights = await Promise.all([inFlight(stage.store, cookie), inFlight(stage.store, cookie)]);
  flights[0]?.session.set("a", 1);
  at(stage, 111);
  await assert.rejects(flights[0]?.finish() ?? Promise.resolve(), refusal("ERR_SESSION_GONE"));
  assert.deepEqual(await flights[1]?.finish(), []);
  assert.equal(await opens(stage.store, cookie), false);
});

test("requirement 70: what a repository still gives though it has expired is no session", async () => {
  const stage = scene();
  const { cookie } = await start(stage);
  const record = stage.record(tokenOf(cookie).handle);
  stage.tap(({ verb }, perform) => (verb === "read" ? record : perform()));
  at(stage, 109.999);
  assert.equal(await opens(stage.store, cookie), true);
  at(stage, 110);
  assert.equal(await opens(stage.store, cookie), false);
  assert.deepEqual(stage.events.at(-1)?.type, "token-refused");
});

test("requirement 71: a shorter absolute timeout binds sessions that were stored before, a longer one lengthens none by reading", async () => {
  const stage = scene();
  const { cookie } = await start(stage);
  at(stage, 90);
  assert.equal(await opens(stage.another({ idleTimeout: 50, absoluteTimeout: 80 }), cookie), false);
  assert.deepEqual(await stage.another({ idleTimeout: 50, absoluteTimeout: 80 }).list("ada"), []);
  assert.equal(await opens(stage.another({ idleTimeout: 50, absoluteTimeout: 95 }), cookie), true);
  const longer = stage.another({ absoluteTimeout: 100_000 });
  for (let used = 90; used < 1000; used += 90) {
    at(stage, used);
    await (await inFlight(longer, cookie)).finish();
  }
  at(stage, 1000);
  assert.equal(await opens(longer, cookie), false, "only an update moves the absolute end");
});

test("requirement 66: whether a login is recent can be asked, counts from the login alone, and leaves the session as it is", async () => {
  const stage = scene();
  const { visitor } = await start(stage);
  const isRecent = (seconds: number) =>
    visitor.see((session) => session.authenticatedWithin(seconds));
  at(stage, 60);
  assert.deepEqual([await isRecent(60), await isRecent(59.999)], [true, false]);
  await visitor.visit((session) => session.regenerate());
  assert.equal(await isRecent(59), false, "a new token is no login");
  assert.equal(await visitor.see((session) => session.subject), "ada");
  await visitor.visit((session) => session.login("ada"));
  assert.equal(await isRecent(1), true);
  const stranger = (await inFlight(stage.store, null)).session;
  assert.equal(stranger.authenticatedWithin(1000), false);
});

test("a login in a request during which the session runs out begins a new one, under a new handle", async () => {
  const stage = scene();
  const { cookie } = await start(stage);
  const flight = await inFlight(stage.store, cookie);
  flight.session.login("ada");
  at(stage, 111);
  const issued = cookieOf(await flight.finish());
  assert.equal((await inFlight(stage.store, issued)).session.subject, "ada");
  // Under the old handle its first version could be taken for that of the session that ran out.
  assert.notEqual(tokenOf(issued).handle, tokenOf(cookie).handle);
});

test("requirement 76: a clock that steps back revives nothing that ended or was removed, and lengthens the rest by its step at most", async () => {
  const HOUR = 3600;
  const stage = scene();
  const [ended, swept, idle] = [await start(stage), await start(stage), await start(stage)];
  await ended.visitor.visit((session) => session.logout());
  at(stage, HOUR);
  assert.equal(await stage.store.sweep(), 3);
  at(stage, 0);
  for (const { cookie } of [ended, swept, idle])
    assert.equal(await opens(stage.store, cookie), false);

  const { visitor, cookie } = await start(stage);
  at(stage, -HOUR);
  assert.equal(await opens(stage.store, cookie), true);
  stage.calls.length = 0;
  await visitor.visit((session) => session.get("a"));
  assert.ok(!stage.calls.includes("touch"), "a use in the past moves nothing");
  await visitor.visit((session) => session.set("a", 1));
  const end = NOON + 110 * 1000;
  assert.equal(stage.record(tokenOf(cookie).handle)?.expiresAt, end, "nor does a change");
  at(stage, 109);
  assert.equal(await opens(stage.store, cookie), true, "nobody is logged out by the step");
  at(stage, 110);
  assert.equal(await opens(stage.store, cookie), false);
});

test("requirement 77: expired records go without being asked for, from the memory store also when others come", async () => {
  const stage = scene();
  for (let count = 0; count < 50; count += 1) await start(stage);
  at(stage, 200);
  await start(stage);
  assert.equal(stage.memory.size, 1);
});

test("requirement 75: durations that make no sense are refused where the store is made", () => {
  for (const name of ["idleTimeout", "absoluteTimeout", "renewAfter", "timeout"]) {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 0, -1, "1h", null, 35_000_000]) {
      const make = () => new InMemorySessionStore({ [name]: value } as Any);
      assert.throws(make, refusal("ERR_SESSION_CONFIG", name));
    }
  }
});
