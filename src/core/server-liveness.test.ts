import assert from "node:assert/strict";
import { test } from "node:test";
import { MemorySessionRepository, ServerSessionStore, type Session } from "keepsake";
import { type Any, refusal, requestOf, Time, Visitor } from "./kit.test.ts";

const onEvent = () => undefined;

interface Scene {
  readonly time: Time;
  readonly repository: MemorySessionRepository;
  readonly store: ServerSessionStore<Any>;
  readonly visitor: Visitor;
  /** The session that the visitor's next request finds. */
  load(): Promise<Session<Any>>;
}

async function scene(): Promise<Scene> {
  const time = new Time();
  const repository = new MemorySessionRepository();
  const store = new ServerSessionStore<Any>(repository, { clock: time.clock, onEvent });
  const visitor = new Visitor(store);
  await visitor.visit((session) => session.login("ada"));
  const load = async () => store.load(requestOf({ cookie: visitor.jar.header ?? "" }));
  return { time, repository, store, visitor, load };
}

test("a session is alive until it is ended, whoever changes it meanwhile", async () => {
  const { store, visitor, load } = await scene();
  const session = await load();
  assert.equal(await store.isAlive(session), true);
  await visitor.visit((other) => other.set("a", 1));
  assert.equal(await store.isAlive(session), true);
  await store.revoke(session.id);
  assert.equal(await store.isAlive(session), false);
});

test("asking whether a session is alive is no use of it", async () => {
  const { time, repository, store, load } = await scene();
  const session = await load();
  const { now, clock } = time;
  const signal = new AbortController().signal;
  const before = await repository.read(session.id, { now, signal });
  time.advance(12 * 3600);
  assert.equal(await store.isAlive(session), true);
  assert.deepEqual(await repository.read(session.id, { now: clock(), signal }), before);
});

test("today's absolute timeout decides, also about what was written under a longer one", async () => {
  const { time, repository, visitor } = await scene();
  const { clock } = time;
  const options = { clock, onEvent, idleTimeout: 600, absoluteTimeout: 600 };
  const today = new ServerSessionStore<Any>(repository, options);
  const session = await today.load(requestOf({ cookie: visitor.jar.header ?? "" }));
  time.advance(599);
  assert.equal(await today.isAlive(session), true);
  time.advance(1);
  assert.equal(await today.isAlive(session), false);
});

test("a session that the store did not load, or that is new, is not alive", async () => {
  const { store, load } = await scene();
  const other = await scene();
  assert.equal(await other.store.isAlive(await load()), false);
  assert.equal(await store.isAlive(await store.load(requestOf())), false);
});

test("invariant 13, down is not ended: a repository that fails is an error", async () => {
  const { repository, store, load } = await scene();
  const session = await load();
  repository.read = () => {
    throw new Error("down");
  };
  await assert.rejects(store.isAlive(session), refusal("ERR_SESSION_STORE"));
});
