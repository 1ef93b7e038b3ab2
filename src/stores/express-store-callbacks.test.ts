import assert from "node:assert/strict";
import { test } from "node:test";
import session from "express-session";
import { type Any, refusal } from "../core/kit.test.ts";
import { at, DAY, NOW, newRecord, nextOf, stateOf } from "./_bridge-kit.test.ts";
import { type ExpressStore, fromExpressStore } from "./express-store.ts";

type Callback = (error?: unknown, session?: unknown) => void;
type Answer = (callback: Callback) => unknown;

/** A store that holds a record, and answers one of its functions for that in its own way. */
async function start(name: "get" | "set" | "destroy", answer: Answer) {
  const memory: ExpressStore = new session.MemoryStore();
  const record = newRecord();
  const { handle } = record;
  await fromExpressStore(memory).create(handle, record, at());
  let isHealed = false;
  const isOdd = (asked: string, sid: string) => asked === name && sid === handle && !isHealed;
  const repository = fromExpressStore({
    get: (sid, callback) => (isOdd("get", sid) ? answer(callback) : memory.get(sid, callback)),
    set: (sid, value, callback) =>
      isOdd("set", sid) ? answer(callback) : memory.set(sid, value, callback),
    destroy: (sid, callback) =>
      isOdd("destroy", sid) ? answer(callback) : memory.destroy(sid, callback),
  });
  const verbs = {
    get: async () => repository.read(handle, at()),
    set: async () => repository.update(handle, 1, nextOf(record), at()),
    destroy: async () => repository.delete(handle, at()),
  };
  const heal = () => {
    isHealed = true;
  };
  return { act: verbs[name], record, heal, repository, handle };
}

const failure = new Error("out of order");
const functions = ["get", "set", "destroy"] as const;

const failing: Record<string, Answer> = {
  "calls back with an error": (callback) => callback(failure),
  "calls back with an error later": (callback) => setImmediate(callback, failure),
  "throws at once": () => {
    throw failure;
  },
  "gives a promise that is broken": () => Promise.reject(failure),
  "calls back with an error and gives a promise that is broken": async (callback) => {
    callback(failure);
    throw new Error("again");
  },
  "calls back with an error, then without": (callback) => {
    callback(failure);
    callback(null, undefined);
  },
};

for (const [how, answer] of Object.entries(failing)) {
  test(`a store that ${how} has failed, and is asked again by the next request`, async () => {
    for (const name of functions) {
      const { act, record, heal, repository, handle } = await start(name, answer);
      await assert.rejects(act, failure, name);
      heal();
      assert.deepEqual(await repository.read(handle, at()), record);
    }
  });
}

const doing: Record<string, Answer> = {
  "calls back at once": (callback) => callback(),
  "calls back with null": (callback) => callback(null, null),
  "calls back with what is no error, but false": (callback) => callback(false, ""),
  "calls back twice": (callback) => {
    callback(null);
    callback(null);
  },
  "calls back, then again with an error": (callback) => {
    callback(null);
    callback(failure);
  },
  "calls back, then throws": (callback) => {
    callback(null);
    throw failure;
  },
  "calls back, and gives a promise that is broken": async (callback) => {
    callback(null);
    throw failure;
  },
  "gives a promise that is kept, and calls back afterwards": async (callback) => {
    setImmediate(callback, null);
    return "too early";
  },
};

for (const [how, answer] of Object.entries(doing)) {
  test(`a store that ${how} has done it, or found nothing`, async () => {
    for (const name of functions) {
      const { act } = await start(name, answer);
      const done = { get: undefined, set: "updated", destroy: true };
      assert.equal(await act(), done[name], name);
    }
  });
}

test("of a promise that is kept nothing follows: only the callback says whether there is a session", async () => {
  for (const name of functions) {
    const { act } = await start(name, async () => undefined);
    assert.equal(await stateOf(act()), "pending", name);
  }
});

test("a store that never calls back is left to the caller's time limit, and holds up no other session", async () => {
  for (const name of functions) {
    const { act, repository } = await start(name, () => undefined);
    const stuck = act();
    const other = newRecord();
    assert.equal(await repository.create(other.handle, other, at()), true);
    assert.equal(await stateOf(stuck), "pending", name);
  }
});

test("ENOENT is nothing to read and nothing to remove, as express-session has it, but a write that failed", async () => {
  const missing = Object.assign(new Error("no such file"), { code: "ENOENT" });
  for (const answer of [
    (callback: Callback) => callback(missing),
    () => Promise.reject(missing),
    () => {
      throw missing;
    },
  ]) {
    assert.equal(await (await start("get", answer)).act(), undefined);
    assert.equal(await (await start("destroy", answer)).act(), true);
    await assert.rejects((await start("set", answer)).act, missing);
  }
});

test("a session that is none is refused, not taken for no session", async () => {
  const { record } = await start("get", () => undefined);
  const cookie = { originalMaxAge: null };
  for (const found of [
    true,
    1,
    "text",
    JSON.stringify({ cookie, keepsake: record }),
    [],
    {},
    { cookie },
    { cookie, keepsake: JSON.stringify(record) },
    { cookie, keepsake: null },
    { cookie, keepsake: [record] },
    { cookie, keepsake: { ...record, version: "1" } },
  ]) {
    const { act } = await start("get", (callback) => callback(null, found));
    await assert.rejects(act, /is not a session record/, JSON.stringify(found));
  }
});

test("what a database has made null of an absent field is absent", async () => {
  const { act, record } = await start("get", (callback) => {
    const keepsake = { ...record, subject: null, label: null, authenticatedAt: null };
    callback(null, { cookie: {}, keepsake });
  });
  assert.deepEqual(await act(), record);
});

test("a store finds in the cookie what stores look for: expires, maxAge, originalMaxAge, toJSON", async () => {
  const sessions: Any[] = [];
  const repository = fromExpressStore({
    get: (_, callback) => callback(null, sessions.at(-1)),
    set: (_, value, callback) => {
      sessions.push(value);
      callback();
    },
    destroy: (_, callback) => callback(),
  });
  const record = newRecord();
  const start = Date.now();
  await repository.create(record.handle, record, at());
  const [{ cookie }] = sessions;
  assert.ok(cookie.expires instanceof Date);
  assert.ok(cookie.expires.getTime() >= start + cookie.maxAge);
  assert.ok(cookie.maxAge > DAY);
  assert.equal(cookie.originalMaxAge, cookie.maxAge);
  const { expires, ...others } = JSON.parse(JSON.stringify(cookie));
  assert.equal(new Date(expires).getTime(), cookie.expires.getTime());
  assert.deepEqual(others, {
    originalMaxAge: cookie.maxAge,
    maxAge: cookie.maxAge,
    httpOnly: true,
    path: "/",
  });
  assert.deepEqual(cookie.toJSON(), { ...cookie });
  // Some add members of their own.
  Object.assign(sessions[0], { __lastAccess: 1 });
  assert.equal(await repository.touch(record.handle, NOW + 2 * DAY, at()), true);
  assert.equal("__lastAccess" in sessions[1], false);
});

test("bad options are refused, and what is no store of express-session", () => {
  const store = new session.MemoryStore();
  for (const options of [{ expiry: "sweep" }, { persistent: 1 }, { ttl: 3600 }, "memory"]) {
    assert.throws(() => fromExpressStore(store, options as Any), refusal("ERR_SESSION_CONFIG"));
  }
  for (const wrong of [undefined, null, session, session.MemoryStore, {}, new Map()]) {
    assert.throws(() => fromExpressStore(wrong as Any), refusal("ERR_SESSION_CONFIG"));
  }
  assert.deepEqual(fromExpressStore(store, { persistent: false, expiry: "nothing" }).capabilities, {
    persistent: false,
    shared: false,
    atomic: false,
    expiry: "nothing",
  });
  assert.equal(fromExpressStore(store).capabilities.expiry, "database");
});
