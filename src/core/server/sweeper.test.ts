import assert from "node:assert/strict";
import { test } from "node:test";
import { MemorySessionRepository, ServerSessionStore, type SessionEvent } from "keepsake";
import { type Any, refusal, Time, Visitor } from "../kit.test.ts";
import { type Around, around, scene, settle } from "./server-kit.test.ts";

/** A store whose repository answers sweeps with `sweep`, and a visitor who changes something whenever `use` is called. */
function start(sweep: (limit: number) => Any, options: Any = {}, byte = 0) {
  const time = new Time();
  const events: SessionEvent[] = [];
  const limits: number[] = [];
  const act: Around = ({ verb, args }, perform) => {
    if (verb !== "sweep") return perform();
    limits.push(args[0]);
    return sweep(args[0]);
  };
  let bytes = 0;
  const random = (length: number) =>
    length === 1 ? Uint8Array.of(byte) : new Uint8Array(length).fill(++bytes);
  const store = new ServerSessionStore<Any>(around(new MemorySessionRepository(), act), {
    clock: time.clock,
    random,
    onEvent: (event) => void events.push(event),
    idleTimeout: 100_000,
    ...options,
  });
  const visitor = new Visitor(store);
  const use = async () => {
    await visitor.visit((session) => session.modify("n", (n: Any) => (n ?? 0) + 1));
    await settle();
  };
  const swept = () => events.filter(({ type }) => type === "swept");
  /** Between batches it may pause. */
  const useAndSweep = async () => {
    await use();
    while (swept().length === 0) await settle();
  };
  return { time, store, use, useAndSweep, limits, swept, events };
}

test("requirement 77: expired records go beside a request that writes, without being asked for", async () => {
  const { time, memory, visitor, events } = scene({ sweepInterval: 50 });
  const last = visitor();
  await last.visit((session) => session.set("n", 0));
  for (let count = 0; count < 50; count += 1) await visitor().visit((s) => s.set("n", count));
  time.advance(20);
  await last.visit((session) => session.set("n", 1));
  assert.equal(memory.size, 51);
  time.advance(95);
  await last.visit((session) => session.set("n", 1));
  while (events.at(-1)?.type !== "swept") await settle();
  assert.equal(memory.size, 1);
  assert.deepEqual(events.at(-1), { type: "swept", count: 50 });
  assert.equal(await last.see((session) => session.get("n")), 1, "a live one stays");
});

test("a sweep is due half to one and a half intervals after the last one, by a jitter", async () => {
  for (const [byte, due] of [
    [0, 150],
    [255, 450],
    [51, 210],
  ] as const) {
    const { time, use, limits } = start(() => 0, {}, byte);
    time.advance(due - 1);
    await use();
    assert.equal(limits.length, 0, `too early, ${byte}`);
    time.advance(2);
    await use();
    await use();
    assert.equal(limits.length, 1, `once, ${byte}`);
    time.advance(due - 1);
    await use();
    assert.equal(limits.length, 1);
    time.advance(2);
    await use();
    assert.equal(limits.length, 2);
  }
});

/** A repository with so many expired records, and how it removes them: at once, or later. */
function crowd(size: number, answer: (removed: number) => Any = (removed) => removed) {
  let left = size;
  return (limit: number) => {
    const removed = Math.min(limit, left);
    left -= removed;
    return answer(removed);
  };
}

test("a sweep goes on while there is more, with twenty thousand at most beside one request", async () => {
  const few = start(crowd(3007));
  few.time.advance(450);
  await few.useAndSweep();
  assert.ok(few.limits.length > 1 && Math.max(...few.limits) <= 1000, `${few.limits}`);
  assert.deepEqual(few.swept(), [{ type: "swept", count: 3007 }]);
  for (const answer of [(removed: Any) => removed, (removed: Any) => Promise.resolve(removed)]) {
    const many = start(crowd(50_000, answer));
    many.time.advance(450);
    await many.useAndSweep();
    assert.deepEqual(many.swept(), [{ type: "swept", count: 20_000 }]);
    assert.equal(
      many.limits.reduce((sum, limit) => sum + limit),
      20_000,
    );
  }
});

test("what one sweep leaves is removed beside the next request that writes, not an interval later", async () => {
  const { time, use, useAndSweep, limits, swept } = start(crowd(50_000));
  time.advance(450);
  await useAndSweep();
  for (const sweeps of [2, 3]) {
    await use();
    while (swept().length < sweeps) await settle();
  }
  assert.deepEqual(
    swept().map((event) => "count" in event && event.count),
    [20_000, 20_000, 10_000],
  );
  const asked = limits.length;
  await use();
  assert.equal(limits.length, asked, "there is no more");
});

test("sweep() goes on until there is no more, and says how many it was", async () => {
  const { store, swept } = start(crowd(30_001));
  assert.equal(await store.sweep(), 30_001);
  assert.deepEqual(swept(), [{ type: "swept", count: 30_001 }]);
  const empty = start(() => 0);
  assert.equal(await empty.store.sweep(), 0);
  assert.deepEqual(empty.events, []);
});

test("a sweep asks for no more at a time where a batch holds the process, or where it waits", async () => {
  const wait = (milliseconds: number) => {
    for (const began = performance.now(); performance.now() - began < milliseconds; );
  };
  const slow = start(
    crowd(300, (removed) => {
      wait(0.5);
      return removed;
    }),
  );
  await slow.store.sweep();
  assert.deepEqual(new Set(slow.limits), new Set([25]));
  const late = start(
    crowd(500, async (removed) => {
      // A turn of the loop may take no time at all.
      for (const began = performance.now(); performance.now() - began < 1; ) await settle();
      return removed;
    }),
  );
  await late.store.sweep();
  assert.deepEqual(new Set(late.limits), new Set([25]));
});

test("the rests of a sweep beside a request keep no process alive, and those of one that is waited for do", async () => {
  const keepsAlive: boolean[] = [];
  const { setTimeout: original } = globalThis;
  /** As a timer of Node's. */
  const watched = (act: () => void, milliseconds: number) => {
    original(act, milliseconds);
    const index = keepsAlive.push(true) - 1;
    return { unref: () => void keepsAlive.splice(index, 1, false) };
  };
  Reflect.set(globalThis, "setTimeout", watched);
  try {
    const asked = start(crowd(300));
    await asked.store.sweep();
    assert.deepEqual(new Set(keepsAlive.splice(0)), new Set([true]));
    const beside = start(crowd(300));
    beside.time.advance(450);
    await beside.use();
    while (beside.swept().length === 0) await new Promise((resolve) => original(resolve, 1));
    assert.ok(keepsAlive.includes(false));
    assert.equal(keepsAlive.filter((keeps) => keeps).length, 1, "the test's own, and no other");
  } finally {
    Reflect.set(globalThis, "setTimeout", original);
  }
});

test("a sweep that works for more than a moment lets others have their turn between its batches", async () => {
  let turns = 0;
  const seen: number[] = [];
  const busy = start((limit) => {
    seen.push(turns);
    for (const began = performance.now(); performance.now() - began < 2; );
    return seen.length < 5 ? limit : 0;
  });
  const timer = setInterval(() => (turns += 1), 1);
  const swept = await busy.store.sweep();
  assert.equal(
    swept,
    busy.limits.slice(0, -1).reduce((sum, limit) => sum + limit),
  );
  clearInterval(timer);
  assert.equal(new Set(seen).size, 5, `turns of others before each batch: ${seen}`);
});

test("a sweep that is under way is not begun twice, and no request waits for it", async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const { time, use, limits } = start(() => promise);
  time.advance(450);
  await use();
  assert.equal(limits.length, 1, "the request was answered, the sweep was not");
  time.advance(10_000);
  await use();
  assert.equal(limits.length, 1);
  resolve(0);
  await settle();
  await use();
  assert.equal(limits.length, 2);
});

test("a sweep that fails harms no request, is no unhandled rejection, and is tried again", async () => {
  const failures: (() => Any)[] = [
    () => Promise.reject(new Error("down")),
    () => {
      throw new Error("down");
    },
    () => "garbage",
  ];
  for (const fail of failures) {
    const { store, time, use, limits, events } = start(fail);
    for (const round of [1, 2]) {
      time.advance(450);
      await use();
      assert.equal(limits.length, round);
      const failures = events.filter(({ type }) => type === "sweep-failed");
      assert.equal(failures.length, round);
      for (const event of failures) {
        assert.ok("error" in event && refusal("ERR_SESSION_STORE")(event.error));
      }
    }
    await assert.rejects(store.sweep(), refusal("ERR_SESSION_STORE"));
  }
});

test("what was removed before a sweep failed is told", async () => {
  const { time, useAndSweep, limits, swept } = start((limit) =>
    limits.length < 3 ? limit : Promise.reject(new Error("down")),
  );
  time.advance(450);
  await useAndSweep();
  const [first = 0, second = 0] = limits;
  assert.deepEqual(swept(), [{ type: "swept", count: first + second }]);
});

test("with sweepInterval: false nothing sweeps but sweep() itself", async () => {
  const { time, use, limits, store } = start(() => 0, { sweepInterval: false });
  time.advance(90_000);
  await use();
  assert.equal(limits.length, 0);
  await store.sweep();
  assert.equal(limits.length, 1);
});

test("a repository without sweep is swept by nobody", async () => {
  const memory: Any = new MemorySessionRepository();
  const time = new Time();
  const bare = { ...around(memory, (_, perform) => perform()) };
  delete bare.sweep;
  const store = new ServerSessionStore<Any>(bare, { clock: time.clock });
  await new Visitor(store).visit((session) => session.set("a", 1));
  time.advance(10_000);
  await new Visitor(store).visit((session) => session.set("a", 1));
  assert.equal(await store.sweep(), 0);
});
