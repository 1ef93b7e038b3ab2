import assert from "node:assert/strict";
import { test } from "node:test";
import { type Any, type Loose, refusal } from "./kit.test.ts";
import {
  BOTH,
  cookieOf,
  HOUR,
  inFlight,
  LONG_LIVED,
  loggedIn,
  type Scene,
  scene,
  tokenOf,
  withData,
} from "./server/server-kit.test.ts";
import { internals } from "./session.ts";

const next = (session: Loose) => internals.antiForgerySecret(session);
const stored = (session: Loose) => internals.storedAntiForgerySecret(session);

const secretOf = async (stage: Scene, cookie: string | null) =>
  stored((await inFlight(stage.store, cookie)).session);

const credentialsOf = (stage: Scene, handle: string) =>
  JSON.parse(stage.record(handle)?.credentials ?? "null");

/** Puts something else in the place of the secret that is stored. */
function replaceStored(stage: Scene, handle: string, form: unknown): void {
  stage.tap(async ({ verb }, perform) => {
    const record = await perform();
    if (verb !== "read" || record === undefined) return record;
    const { form: _, ...others } = JSON.parse(record.credentials);
    return { ...record, credentials: JSON.stringify({ ...others, form }) };
  });
  assert.ok(stage.record(handle));
}

test("the anti-forgery secret is in the record's credentials, and nowhere once the session has ended", async () => {
  for (const options of BOTH) {
    const stage = scene(options);
    const { visitor, handle, cookie } = await withData(stage);
    assert.equal(credentialsOf(stage, handle).form, await secretOf(stage, cookie));
    await visitor.visit((session) => session.logout());
    const ended = stage.record(handle)?.credentials ?? "";
    assert.equal(ended.includes("form"), false, ended);
    assert.notEqual(credentialsOf(stage, handle).retired, undefined);
  }
});

test("concurrent changes neither lose nor change the anti-forgery secret", async () => {
  for (const options of BOTH) {
    const stage = scene(options);
    const { cookie } = await withData(stage);
    const first = await secretOf(stage, cookie);
    const flights = await Promise.all(
      Array.from({ length: 20 }, () => inFlight(stage.store, cookie)),
    );
    for (const [at, { session }] of flights.entries()) session.set(`key ${at}`, at);
    await Promise.all(flights.map(({ finish }) => finish()));
    const { session } = await inFlight(stage.store, cookie);
    assert.equal(session.size, 21);
    assert.equal(stored(session), first);
  }
});

test("a login whose update meets a newer record stores the secret that it promised", async () => {
  for (const change of ["login", "regenerate"] as const) {
    const stage = scene();
    const { cookie } = await withData(stage);
    const first = await secretOf(stage, cookie);
    const login = await inFlight(stage.store, cookie);
    if (change === "login") login.session.login("ada");
    else login.session.regenerate();
    const promised = next(login.session);
    const other = await inFlight(stage.store, cookie);
    other.session.set("b", 1);
    await other.finish();
    const fresh = cookieOf(await login.finish());
    assert.notEqual(promised, first);
    assert.equal(await secretOf(stage, fresh), promised);
    assert.equal(stage.calls.filter((verb) => verb === "update").length, 3, "it met one");
  }
});

test("a change that comes after a login brings back no secret, and two logins at once have each its own", async () => {
  const stage = scene();
  const { cookie } = await withData(stage);
  const late = await inFlight(stage.store, cookie);
  late.session.set("b", 1);
  const logins = await Promise.all([1, 2].map(() => inFlight(stage.store, cookie)));
  const promised = logins.map(({ session }) => {
    session.login("ada", { keep: ["a"] });
    return next(session);
  });
  const cookies = [];
  for (const { finish } of logins) cookies.push(cookieOf(await finish()));
  await assert.rejects(late.finish(), refusal("ERR_SESSION_GONE"));
  assert.equal(new Set(promised).size, 2);
  for (const [at, each] of cookies.entries()) {
    assert.equal(await secretOf(stage, each), promised[at]);
  }
});

test("both steps of a timed renewal, and the grace after it, keep the anti-forgery secret", async () => {
  for (const options of BOTH) {
    const stage = scene({ ...LONG_LIVED, renewAfter: HOUR, ...options });
    const { cookie: old } = await loggedIn(stage);
    const first = await secretOf(stage, old);
    assert.notEqual(first, undefined);
    stage.time.advance(HOUR);
    const begin = await inFlight(stage.store, old);
    assert.equal(next(begin.session), first);
    const fresh = cookieOf(await begin.finish());
    assert.equal(await secretOf(stage, old), first);
    const complete = await inFlight(stage.store, fresh);
    complete.session.get("a");
    await complete.finish();
    assert.equal(credentialsOf(stage, tokenOf(fresh).handle).successor, undefined);
    assert.equal(await secretOf(stage, fresh), first);
    assert.equal(await secretOf(stage, old), first, "in grace");
    stage.time.advance(24 * HOUR);
    const again = await inFlight(stage.store, fresh);
    again.session.set("b", 1);
    const third = cookieOf(await again.finish());
    assert.equal(await secretOf(stage, third), first);
    assert.equal(stage.events.filter(({ type }) => type === "renewed").length, 2);
  }
});

test("a record without an anti-forgery secret, or with what is none, is otherwise as it was", async () => {
  const bad: Any[] = [undefined, null, 7, "", "x", {}, [], true, "A".repeat(44), "A".repeat(42)];
  for (const form of [...bad, `${"A".repeat(42)}B`]) {
    const stage = scene();
    const { visitor, handle } = await withData(stage);
    replaceStored(stage, handle, form);
    await visitor.visit((session) => {
      assert.deepEqual([session.get("a"), session.isNew], [1, false], String(form));
      session.set("a", 2);
      assert.deepEqual([next(session), stored(session)], [undefined, undefined]);
    });
    await visitor.visit((session) => {
      assert.deepEqual([session.get("a"), stored(session)], [2, undefined]);
      session.login("ada");
    });
    stage.tap((_, perform) => perform());
    assert.match((await visitor.see(stored)) ?? "", /^[\w-]{43}$/);
    assert.equal(stage.events.filter(({ type }) => type === "data-refused").length, 0);
  }
});

test("an application's read of the secret costs no write, and no bytes", async () => {
  const stage = scene();
  const { visitor } = await withData(stage);
  stage.calls.length = 0;
  for (let time = 0; time < 5; time += 1)
    await visitor.see((session) => [next(session), stored(session)]);
  assert.deepEqual(stage.calls, Array(5).fill("read"));
});
