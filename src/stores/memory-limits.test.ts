import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { InMemorySessionStore } from "keepsake";
import {
  type Any,
  type Loose,
  NOON,
  refusal,
  requestOf,
  seeded,
  Visitor,
  visit,
} from "../core/kit.test.ts";
import { inFlight, start } from "./memory-kit.test.ts";

const NAME = "__Host-session";

test("invariant 9, time ends sessions: 1.0 to 1.1 idle timeouts after the last use, and at the absolute end", async () => {
  for (const use of [0, 9.999, 10, 60]) {
    const { time, visitor, alive } = await start();
    time.advance(use);
    await visitor.visit((session) => session.get("a"));
    time.advance(99.999);
    assert.equal(await alive(), true, `used after ${use} s, too early`);
    time.advance(10.002);
    assert.equal(await alive(), false, `used after ${use} s, too late`);
  }
  const { time, visitor, alive } = await start();
  for (let used = 0; used < 950; used += 50) {
    time.advance(50);
    await visitor.visit((session) => session.set("a", used));
  }
  time.advance(49.999);
  assert.equal(await alive(), true);
  time.advance(0.001);
  assert.equal(await alive(), false);
});

test("invariant 10, secrets stay secret: of the credential only a hash is kept, and nothing is shown", async () => {
  const { store, visitor, cookie } = await start({ random: seeded() });
  const session = await store.load(requestOf({ cookie }));
  const credential = visitor.jar.value(NAME)?.split(".")[1] ?? "";
  for (const each of [store, session]) {
    const shown = inspect(each, { depth: 99, showHidden: true, customInspect: false });
    assert.ok(!shown.includes(credential) && !JSON.stringify(each).includes(credential));
  }
});

test("invariant 14, bounded: the least recently used session goes when there are too many", async () => {
  const { store, visitor: first, alive } = await start({ maxSessions: 3 });
  const others = [new Visitor(store), new Visitor(store)];
  for (const other of others) await other.visit((session) => session.set("b", 1));
  await first.visit((session) => session.get("a"));
  await new Visitor(store).visit((session) => session.set("c", 1));
  assert.equal(store.size, 3);
  assert.equal(await alive(), true);
  assert.equal(await alive(others[0]?.jar.header ?? ""), false);
  assert.equal(await alive(others[1]?.jar.header ?? ""), true);
});

test("expired sessions make room before live ones do", async () => {
  const { time, store } = await start();
  for (let n = 0; n < 9; n += 1) await visit(store, (session) => session.set("n", n));
  time.advance(110);
  await visit(store, (session) => session.set("b", 1));
  assert.equal(store.size, 1);
});

test("invariant 17, a failed handler changes nothing: a save that fails leaves the stored session as it was", async () => {
  const failures: [string, (session: Loose) => unknown][] = [
    ["ERR_SESSION_TOO_LARGE", (session) => session.set("big", "x".repeat(70_000))],
    ["ERR_SESSION_VALUE", (session) => session.get("list").push(new Date(0))],
  ];
  for (const [code, act] of failures) {
    const { store, visitor } = await start();
    await assert.rejects(visitor.visit(act, { onEvent: () => {} }), refusal(code as Any));
    assert.equal(store.size, 1, code);
    assert.deepEqual(await visitor.see((session) => session.toObject()), { a: 1, list: [1] });
  }
});

test("invariant 17, a failed handler changes nothing: a modify that fails on the newest value ends no session", async () => {
  const { store, visitor, cookie } = await start();
  const late = await inFlight(store, cookie);
  late.session.modify("list", (list) => list.map(String));
  await visitor.visit((session) => session.delete("list"));
  await assert.rejects(late.finish);
  assert.deepEqual(await visitor.see((session) => session.toObject()), { a: 1 });
});

test("requirement 4: a handle that is taken is not taken over", async () => {
  const repeating = seeded();
  const handle = repeating(16);
  const random = (length: number) => (length === 16 ? handle.slice() : repeating(length));
  const store = new InMemorySessionStore<Any>({ random });
  const visitor = new Visitor(store);
  await visitor.visit((session) => session.set("mine", 1));
  await visit(store, (session) => session.set("theirs", 1)).catch(() => {});
  assert.deepEqual(await visitor.see((session) => session.toObject()), { mine: 1 });
});

test("requirement 55: a loaded value that is changed and not saved is as before when it is loaded again", async () => {
  const { store, cookie } = await start();
  const first = (await store.load(requestOf({ cookie }))) as Loose;
  first.get("list").push(99);
  const second = (await store.load(requestOf({ cookie }))) as Loose;
  assert.deepEqual(second.get("list"), [1]);
  assert.equal(second.createdAt.getTime(), NOON);
});
