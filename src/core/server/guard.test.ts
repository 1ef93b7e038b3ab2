import assert from "node:assert/strict";
import { test } from "node:test";
import {
  MemorySessionRepository,
  SessionError,
  type SessionEvent,
  type SessionRecord,
} from "keepsake";
import { type Any, NOON, refusal, seeded, Time, withWaits } from "../kit.test.ts";
import { type GuardOptions, RepositoryGuard } from "./guard.ts";
import { type Around, around, settle } from "./server-kit.test.ts";

const HANDLE = "AAAAAAAAAAAAAAAAAAAAAA";
const RECORD: SessionRecord = {
  handle: HANDLE,
  version: 1,
  subject: undefined,
  label: undefined,
  createdAt: NOON,
  authenticatedAt: undefined,
  expiresAt: NOON + 1000,
  endsAt: NOON + 2000,
  credentials: "{}",
  data: "{}",
  flash: "",
};

function start(act: Around = (_, perform) => perform(), options: Partial<GuardOptions> = {}) {
  const time = new Time();
  const events: SessionEvent[] = [];
  const memory = new MemorySessionRepository();
  const state = { act };
  const guard = new RepositoryGuard(
    around(memory, (call, perform) => state.act(call, perform)),
    {
      owner: "TestStore",
      timeout: 40,
      clock: time.clock,
      random: seeded(),
      onEvent: (event) => void events.push(event),
      ...options,
    },
  );
  return { time, events, memory, guard, state };
}

const never = () => new Promise(() => {});
const down = () => {
  throw new Error("down");
};

/** Every call there is. */
const calls: Record<string, (guard: RepositoryGuard) => Promise<unknown>> = {
  create: async (guard) => guard.begin().create(RECORD),
  read: async (guard) => guard.begin().read(HANDLE),
  update: async (guard) => guard.begin().update(RECORD, { ...RECORD, version: 2 }),
  touch: async (guard) => guard.begin().touch(HANDLE, NOON + 1500),
  delete: async (guard) => guard.begin().delete(HANDLE),
  findBySubject: async (guard) => guard.begin().findBySubject("ada"),
  sweep: async (guard) => guard.begin().sweep(10),
};

test("a repository that answers, at once or later, is answered for", async () => {
  const later: Around = async (_, perform) => perform();
  for (const act of [undefined, later]) {
    const { guard } = start(act);
    const operation = guard.begin();
    assert.equal(await operation.create(RECORD), true);
    assert.equal(await operation.create(RECORD), false);
    assert.deepEqual(await operation.read(HANDLE), RECORD);
    assert.equal(await operation.read("BBBBBBBBBBBBBBBBBBBBBA"), undefined);
    assert.equal(await operation.update(RECORD, { ...RECORD, version: 2 }), "updated");
    assert.equal(await operation.update(RECORD, { ...RECORD, version: 2 }), "conflict");
    assert.equal(await operation.touch(HANDLE, NOON + 1500), true);
    assert.deepEqual(await operation.findBySubject("ada"), []);
    assert.equal(await operation.sweep(10), 0);
    assert.equal(await operation.delete(HANDLE), true);
    assert.equal(await operation.delete(HANDLE), false);
  }
});

test("every verb is told the time and a signal, and update what was there before", async () => {
  const seen: Any[] = [];
  const { guard } = start(({ args }, perform) => {
    seen.push(args.at(-1));
    return perform();
  });
  for (const call of Object.values(calls)) await call(guard);
  assert.equal(seen.length, 7);
  for (const context of seen) {
    assert.equal(context.now, NOON);
    assert.ok(context.signal instanceof AbortSignal);
    assert.equal(context.signal.aborted, false);
  }
  assert.deepEqual(seen[2].before, { subject: RECORD.subject, endsAt: RECORD.endsAt });
});

for (const [verb, call] of Object.entries(calls)) {
  test(`requirement 91, invariant 13, down is not anonymous: ${verb} that fails is a 503 that names the store, keeps the cause, and asks to come back`, async () => {
    const failures: Around[] = [
      down,
      () => Promise.reject(new Error("down")),
      () => Promise.reject(),
    ];
    for (const act of failures) {
      const { guard } = start(act);
      const error: Any = await call(guard).catch((reason: unknown) => reason);
      refusal("ERR_SESSION_STORE", "TestStore", "failed")(error);
      assert.equal(error.status, 503);
      assert.match(error.headers["retry-after"], /^[123]$/);
      if (act !== failures[2]) assert.equal(error.cause.message, "down");
    }
  });

  test(`requirement 91: ${verb} that does not answer is a 503 within the time limit, and its signal is aborted`, async () => {
    let signal: AbortSignal | undefined;
    const { guard } = start(({ args }) => {
      signal = args.at(-1).signal;
      return never();
    });
    const began = performance.now();
    const { waits } = await withWaits(() =>
      assert.rejects(call(guard), refusal("ERR_SESSION_STORE", "did not answer within 0.04 s")),
    );
    const took = performance.now() - began;
    assert.ok(took >= 35 && waits <= 40, `${took} ms, of which it waited ${waits}`);
    assert.equal(signal?.aborted, true);
  });

  test(`requirement 91: ${verb} that answers what is no answer is a 503`, async () => {
    const shared = [null, "yes", Number.NaN, {}, [{}], Symbol("x"), () => true];
    const own: Record<string, Any[]> = {
      create: [undefined, 1],
      read: [false, 0, "", { ...RECORD, handle: "other" }],
      update: [undefined, true, "gone "],
      touch: [undefined, 0],
      delete: [undefined, 0],
      findBySubject: [undefined, [RECORD, null]],
      sweep: [undefined, 1.5, true, -1],
    };
    for (const answer of [...shared, ...(own[verb] ?? [])]) {
      const { guard } = start(() => answer);
      await assert.rejects(call(guard), refusal("ERR_SESSION_STORE", "no answer"), String(answer));
    }
  });

  test(`a late answer, or a late failure, of ${verb} is of no interest, and no unhandled rejection`, async () => {
    const late = Promise.withResolvers();
    const { guard, events } = start(() => late.promise, { timeout: 5 });
    for (let count = 0; count < 3; count += 1) await assert.rejects(call(guard));
    late.reject(new Error("late"));
    await settle();
    assert.deepEqual(events, []);
  });
}

function brokenRecords(): Any[] {
  const wrong: Record<string, Any[]> = {
    handle: [undefined, null, 1],
    version: [undefined, "1", 1.5, Number.NaN],
    subject: [null, 1],
    label: [null, {}],
    createdAt: [undefined, "now", new Date(0)],
    authenticatedAt: [null, "now", 1.5],
    expiresAt: [undefined, Number.POSITIVE_INFINITY],
    endsAt: [undefined, 1n],
    credentials: [undefined, {}, null],
    data: [undefined, {}, new Uint8Array()],
    flash: [undefined, null],
  };
  return Object.entries(wrong).flatMap(([name, values]) =>
    values.map((value) => ({ ...RECORD, [name]: value })),
  );
}

test("a record that is damaged is none, and an event, and no fault of the repository", async () => {
  for (const broken of brokenRecords().filter(({ handle }) => handle === HANDLE)) {
    const { guard, events } = start(({ verb }) => (verb === "read" ? broken : [broken, RECORD]));
    for (let count = 0; count < 9; count += 1) {
      assert.equal(await guard.begin().read(HANDLE), undefined);
    }
    assert.deepEqual(await guard.begin().findBySubject("ada"), [RECORD]);
    assert.equal(events.length, 10);
    assert.deepEqual(new Set(events.map(({ type }) => type)), new Set(["data-refused"]));
  }
});

test("requirement 91: a call that was left little time, because it waited for other writers, says nothing of the repository", async () => {
  const { guard, events, state } = start(never, { timeout: 60 });
  for (let count = 0; count < 6; count += 1) {
    const operation = guard.begin();
    await new Promise((resolve) => setTimeout(resolve, 40));
    await assert.rejects(async () => operation.read(HANDLE), refusal("ERR_SESSION_STORE"));
  }
  assert.deepEqual(events, []);
  state.act = (_, perform) => perform();
  assert.equal(await guard.begin().read(HANDLE), undefined);
});

test("requirement 91: a call leaves no timer behind, whether it is answered, fails or comes too late", async () => {
  const running = new Set<unknown>();
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  const patched = globalThis as Any;
  patched.setTimeout = (act: () => void, after: number) => {
    const timer = set(() => {
      running.delete(timer);
      act();
    }, after);
    running.add(timer);
    return timer;
  };
  patched.clearTimeout = (timer: Any) => {
    running.delete(timer);
    clear(timer);
  };
  try {
    const later: Around = async (_, perform) => perform();
    for (const act of [later, () => Promise.reject(new Error("down")), never]) {
      await Promise.allSettled(Object.values(calls).map((call) => call(start(act).guard)));
      await Promise.resolve();
      assert.equal(running.size, 0);
    }
  } finally {
    Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
  }
});

test("all calls of one operation share its time limit", async () => {
  let asked = 0;
  const { guard, state } = start(
    (_, perform) => {
      asked += 1;
      return new Promise((resolve) => setTimeout(() => resolve(perform()), 25));
    },
    { timeout: 60 },
  );
  const operation = guard.begin();
  await assert.rejects(
    async () => {
      while (asked < 20) await operation.read(HANDLE);
    },
    refusal("ERR_SESSION_STORE", "did not answer"),
  );
  assert.ok(asked <= 3, `${asked} calls of 25 ms within 60`);
  state.act = (_, perform) => perform();
  assert.equal(await guard.begin().read(HANDLE), undefined, "another operation has its own");
});

test("waiting for others, and making room for them, are within the time limit, and are no failure of the repository", async () => {
  const { guard, events } = start(undefined, { timeout: 30 });
  for (let count = 0; count < 6; count += 1) {
    await assert.rejects(
      guard.begin().wait(never() as Promise<void>),
      refusal("ERR_SESSION_STORE"),
    );
  }
  const operation = guard.begin();
  await assert.rejects(
    async () => {
      for (let tries = 1; ; tries += 1) await operation.pause(tries);
    },
    refusal("ERR_SESSION_STORE", "too many others"),
  );
  assert.deepEqual(events, []);
  assert.equal(await guard.begin().read(HANDLE), undefined);
});

test("requirement 91: after five failures nothing is asked for a while, then one caller at a time, until that succeeds", async () => {
  let asked = 0;
  const { time, events, guard, state } = start(() => {
    asked += 1;
    return down();
  });
  const read = async () => guard.begin().read(HANDLE);
  for (let count = 0; count < 20; count += 1) await assert.rejects(read());
  assert.equal(asked, 5);
  assert.deepEqual(events, [{ type: "store-down" }]);
  // At once: it does not even make a promise.
  assert.throws(
    () => guard.begin().read(HANDLE),
    refusal("ERR_SESSION_STORE", "not asked for now"),
  );

  time.advance(1.5);
  const probe = Promise.withResolvers();
  state.act = () => {
    asked += 1;
    return probe.promise;
  };
  const first = read();
  for (let count = 0; count < 20; count += 1)
    await assert.rejects(read(), refusal("ERR_SESSION_STORE"));
  assert.equal(asked, 6, "one probe");
  probe.resolve(undefined);
  assert.equal(await first, undefined);
  assert.deepEqual(events, [{ type: "store-down" }, { type: "store-up" }]);
  await read();
  assert.equal(asked, 7);
});

test("a probe that hangs, or answers what throws when it is looked at, does not keep the others out for ever", async () => {
  const hostile = {
    get handle(): string {
      throw new Error("lazy, and the connection is gone");
    },
  };
  for (const answer of [never(), hostile]) {
    const { time, guard, state } = start(down);
    const read = async () => guard.begin().read(HANDLE);
    for (let count = 0; count < 5; count += 1) await assert.rejects(read());
    time.advance(1.5);
    state.act = () => answer;
    await assert.rejects(read(), refusal("ERR_SESSION_STORE"));
    time.advance(1.5);
    state.act = (_, perform) => perform();
    assert.equal(await read(), undefined);
  }
});

test("an answer without its promise's manners is waited for as well", async () => {
  const { guard, state } = start();
  // biome-ignore lint/suspicious/noThenProperty: that is the point
  state.act = () => ({ then: (resolve: (answer: boolean) => void) => resolve(true) });
  assert.equal(await guard.begin().create(RECORD), true);
  state.act = () => ({
    // biome-ignore lint/suspicious/noThenProperty: that is the point
    get then() {
      throw new Error("hostile");
    },
  });
  await assert.rejects(async () => guard.begin().create(RECORD), refusal("ERR_SESSION_STORE"));
});

test("an error of this library is passed on as it is", async () => {
  const error = new SessionError("ERR_SESSION_CONFIG", "the table is missing");
  const { guard } = start(() => Promise.reject(error));
  await assert.rejects(
    async () => guard.begin().read(HANDLE),
    (thrown) => thrown === error,
  );
});

test("a repository that cannot find by subject says so, and one that cannot sweep has nothing to sweep", async () => {
  const memory: Any = new MemorySessionRepository();
  const { capabilities, create, read, update, touch } = memory;
  const bare: Any = { capabilities, create, read, update, touch, delete: memory.delete };
  const guard = new RepositoryGuard(bare, start().guard.options);
  assert.equal(await guard.begin().sweep(10), 0);
  await assert.rejects(
    async () => guard.begin().findBySubject("ada"),
    refusal("ERR_SESSION_CONFIG", "TestStore", "cannot find"),
  );
});
