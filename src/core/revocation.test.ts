import assert from "node:assert/strict";
import { test } from "node:test";
import { type Revocation, SessionError } from "keepsake";
import { type Any, refusal, requestOf } from "./kit.test.ts";
import { loggedIn, opens, recording, scene, visitorOf } from "./revocation-kit.test.ts";

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

test("answers of both kinds are reused for cacheFor, by the injected clock", async () => {
  for (const answer of [false, true, new Date(0)]) {
    const revocation = recording(30);
    const { time, with: withOwn } = scene();
    const store = withOwn(revocation);
    const { cookie } = await visitorOf(store);
    revocation.answer = () => answer;
    const loads = [0, 10, 19.999, 0.001, 29.999, 0.001];
    const asked: number[] = [];
    for (const seconds of loads) {
      time.advance(seconds);
      assert.equal(await opens(store, cookie), answer === false);
      asked.push(revocation.asked.length);
    }
    assert.deepEqual(asked, [1, 1, 1, 2, 2, 3]);
  }
});

test("with cacheFor: 0 every load asks, also while another does", async () => {
  const revocation = recording(0);
  const { with: withOwn } = scene();
  const store = withOwn(revocation);
  const { cookie } = await visitorOf(store);
  await opens(store, cookie);
  await opens(store, cookie);
  assert.equal(revocation.asked.length, 2);
  revocation.answer = async () => false;
  await Promise.all([opens(store, cookie), opens(store, cookie)]);
  assert.equal(revocation.asked.length, 4);
});

test("requests with one handle at the same time share one question, others have their own", async () => {
  const revocation = recording();
  const { with: withOwn } = scene();
  const store = withOwn(revocation);
  const [one, two] = [await visitorOf(store), await visitorOf(store)];
  const { promise, resolve } = Promise.withResolvers<boolean>();
  revocation.answer = () => promise;
  const cookies = [one, two, one, one, two].map(({ cookie }) => cookie);
  const all = Promise.all(cookies.map((cookie) => opens(store, cookie)));
  await settle();
  assert.deepEqual(revocation.asked, [one.id, two.id]);
  resolve(false);
  assert.deepEqual(
    await all,
    cookies.map(() => true),
  );
  await opens(store, one.cookie);
  assert.equal(revocation.asked.length, 2);
});

test("those who share a question that fails all fail, and the next asks again", async () => {
  const revocation = recording();
  const { with: withOwn } = scene();
  const store = withOwn(revocation);
  const { cookie } = await visitorOf(store);
  const { promise, reject } = Promise.withResolvers<boolean>();
  revocation.answer = () => promise;
  const all = Promise.allSettled([1, 2, 3].map(() => opens(store, cookie)));
  await settle();
  reject(new Error("down"));
  for (const each of await all) {
    assert.equal(each.status, "rejected");
    refusal("ERR_SESSION_STORE")((each as Any).reason);
    assert.equal((each as Any).reason.cause.message, "down");
  }
  revocation.answer = () => true;
  assert.equal(await opens(store, cookie), false);
  assert.equal(revocation.asked.length, 2);
});

test("an answer about one token is not reused for another of the same session", async () => {
  for (const wait of [false, true]) {
    const { time, with: withOwn } = scene();
    const before = time.now;
    const store = withOwn(({ issuedAt }) => {
      const isRevoked = issuedAt <= before;
      return wait ? Promise.resolve(isRevoked) : isRevoked;
    });
    const { visitor, cookie: old } = await visitorOf(withOwn(undefined));
    time.advance(1);
    await visitor.visit((session) => session.set("b", 2));
    const newer = visitor.jar.header ?? "";
    for (const _ of [1, 2]) {
      assert.equal(await opens(store, newer), true);
      assert.equal(await opens(store, old), false);
    }
    assert.deepEqual(await Promise.all([newer, old].map((each) => opens(store, each))), [
      true,
      false,
    ]);
  }
});

test("what is revoked is refused with all its tokens, whichever was asked about", async () => {
  const revocation = recording();
  const { time, with: withOwn } = scene();
  const store = withOwn(revocation);
  const { visitor, cookie: old, id } = await visitorOf(store);
  time.advance(1);
  await visitor.visit((session) => session.set("b", 2));
  const newer = visitor.jar.header ?? "";
  for (const each of [old, newer, old]) assert.equal(await opens(store, each), true);
  await store.revoke(id);
  for (const each of [old, newer, old]) assert.equal(await opens(store, each), false);
});

test("a clock that is set back does not make an answer last", async () => {
  const revocation = recording();
  const { time, with: withOwn } = scene();
  const store = withOwn(revocation);
  const { cookie } = await visitorOf(store);
  time.advance(30);
  await opens(store, cookie);
  time.advance(-30);
  await opens(store, cookie);
  assert.equal(revocation.asked.length, 2);
});

test("requirement 14: ten thousand answers are remembered, and the one not asked for longest goes first", async () => {
  const revocation = recording(10_000);
  const { with: withOwn } = scene();
  const store = withOwn(revocation);
  const cookies: string[] = [];
  for (let index = 0; index < 10_001; index += 1) {
    const session: Any = store.load(requestOf());
    session.set("a", 1);
    const response = { headers: new Headers() };
    store.save(requestOf(), response, session);
    cookies.push(response.headers.getSetCookie()[0]?.split(";")[0] ?? "");
  }
  const [first = "", second = "", ...others] = cookies;
  const last = others.pop() ?? "";
  for (const cookie of [first, second, ...others]) await opens(store, cookie);
  assert.equal(revocation.asked.length, 10_000);
  await opens(store, first);
  assert.equal(revocation.asked.length, 10_000, "all of them are remembered");
  await opens(store, last);
  await opens(store, first);
  assert.equal(revocation.asked.length, 10_001, "the one that was asked for again stays");
  await opens(store, second);
  assert.equal(revocation.asked.length, 10_002);
});

test("a question that was asked before a revocation, and answered after it, is not taken for the newer answer", async () => {
  for (const revoke of ["revoke", "revokeAll"] as const) {
    const revocation: Revocation & Any = { ...recording(), revokeAll() {} };
    const { with: withOwn } = scene();
    const store = withOwn(revocation);
    const { cookie, id } = await loggedIn(store);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const ended = new Set<string>();
    let early: Promise<boolean> | undefined = promise;
    revocation.isRevoked = (session: Any) => {
      const answer = early ?? ended.has(session.id);
      early = undefined;
      return answer;
    };
    const before = opens(store, cookie);
    ended.add(id);
    await (revoke === "revoke" ? store.revoke(id) : store.revokeAll("ada"));
    assert.equal(await opens(store, cookie), false, revoke);
    resolve(false);
    await before;
    assert.equal(await opens(store, cookie), false, revoke);
  }
});

test("a question that fails after a revocation takes nothing away that is known by then", async () => {
  const revocation = recording();
  const { with: withOwn } = scene();
  const store = withOwn(revocation);
  const { cookie, id } = await visitorOf(store);
  const { promise, reject } = Promise.withResolvers<boolean>();
  revocation.answer = () => promise;
  const before = Promise.allSettled([opens(store, cookie)]);
  await store.revoke(id);
  reject(new Error("down"));
  await before;
  assert.equal(await opens(store, cookie), false);
  assert.equal(revocation.asked.length, 1);
});

test("a revocation that failed may have been written: what was answered before counts no more", async () => {
  const { with: withOwn } = scene();
  const ended = new Set<string>();
  const fail = (id: string) => {
    ended.add(id);
    throw new Error("the answer got lost");
  };
  const store = withOwn({
    isRevoked: ({ id, subject }) => ended.has(id) || ended.has(String(subject)),
    revoke: fail,
    revokeAll: fail,
  });
  const [one, two] = [await loggedIn(store, "ada"), await loggedIn(store, "bob")];
  for (const { cookie } of [one, two]) assert.equal(await opens(store, cookie), true);
  await assert.rejects(store.revoke(one.id), refusal("ERR_SESSION_STORE"));
  await assert.rejects(store.revokeAll("bob"), refusal("ERR_SESSION_STORE"));
  for (const { cookie } of [one, two]) assert.equal(await opens(store, cookie), false);
});

test("the signal is aborted when nobody waits any more, and what comes after that is nothing", async () => {
  const { with: withOwn } = scene();
  let signal: AbortSignal | undefined;
  const { promise, reject } = Promise.withResolvers<boolean>();
  const store = withOwn(
    (_, context) => {
      signal = context.signal;
      return promise;
    },
    { timeout: 0.01 },
  );
  const { cookie } = await visitorOf(store);
  await assert.rejects(opens(store, cookie), refusal("ERR_SESSION_STORE", "within 0.01 s"));
  assert.equal(signal?.aborted, true);
  reject(new Error("late, and no unhandled rejection"));
  await settle();
});

test("the functions of a revocation are called on it", async () => {
  class Own implements Revocation {
    readonly ended = new Map<string, number>();
    isRevoked({ id, subject = "" }: { id: string; subject: string | undefined }) {
      return this.ended.has(id) || this.ended.has(subject);
    }
    revoke(id: string, until: number) {
      this.ended.set(id, until);
    }
    async revokeAll(subject: string, until: number) {
      this.ended.set(subject, until);
    }
  }
  const { with: withOwn, time } = scene();
  const store = withOwn(new Own());
  const [one, two] = [await loggedIn(store), await loggedIn(store, "bob")];
  await store.revoke(one.id);
  await store.revokeAll("bob");
  for (const seconds of [0, 60]) {
    time.advance(seconds);
    for (const { cookie } of [one, two]) assert.equal(await opens(store, cookie), false);
  }
});

test("what revoke and revokeAll are told: the time, the end, who is spared, and under which handle it goes on", async () => {
  const calls: Any[] = [];
  const { with: withOwn, time } = scene();
  const note = (...args: Any[]) => {
    const [name, end, { now, signal, ...more }] = args;
    calls.push([name, end, now, signal.aborted, more]);
  };
  const store = withOwn({ isRevoked: () => false, revoke: note, revokeAll: note });
  const { visitor, id } = await loggedIn(store);
  const end = time.now + 10_000_000 + 60_000;
  await store.revokeAll("ada");
  await store.revokeAll("ada", { except: id });
  assert.deepEqual(calls.splice(0), [
    ["ada", end, time.now, false, { except: [] }],
    ["ada", end, time.now, false, { except: [id] }],
  ]);
  const { session } = await visitor.visit(async (each) => {
    each.regenerate();
    await store.revokeAll("ada", { except: each.id });
  });
  assert.deepEqual(calls.splice(0), [
    ["ada", end, time.now, false, { except: [session.id, id] }],
    [id, end, time.now, false, { successor: { id: session.id, subject: "ada" } }],
  ]);
  await visitor.visit((each) => each.login("ada"));
  assert.deepEqual(calls.splice(0), [[session.id, end, time.now, false, {}]]);
  const { visitor: stranger, id: first } = await visitorOf(store);
  const { session: next } = await stranger.visit((each) => each.regenerate());
  const successor = { id: next.id, subject: undefined };
  assert.deepEqual(calls.splice(0), [[first, end, time.now, false, { successor }]]);
});

test("requirement 14: a thousand sessions that are getting another handle are remembered with the one before it", async () => {
  const spared: (readonly string[])[] = [];
  const { with: withOwn } = scene();
  const store = withOwn({
    isRevoked: () => false,
    revokeAll: (_, __, { except }) => spared.push(except),
  });
  const { cookie, id: before } = await loggedIn(store);
  const regenerated = async () => {
    const session: Any = await store.load(requestOf({ cookie }));
    session.regenerate();
    return session.id as string;
  };
  const first = await regenerated();
  for (let count = 1; count < 1000; count += 1) await regenerated();
  await store.revokeAll("ada", { except: first });
  await regenerated();
  await store.revokeAll("ada", { except: first });
  assert.deepEqual(spared, [[first, before], [first]]);
});

test("a SessionError of another kind that a revocation throws is a failure of the store", async () => {
  const { with: withOwn } = scene();
  for (const code of ["ERR_SESSION_GONE", "ERR_SESSION_CONFIG"] as const) {
    const store = withOwn(() => Promise.reject(new SessionError(code, "of something else")));
    const { cookie } = await visitorOf(store);
    await assert.rejects(opens(store, cookie), refusal("ERR_SESSION_STORE"));
  }
});
