import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  CookieSessionStore,
  MemorySessionRepository,
  type Revocation,
  repositoryRevocation,
  ServerSessionStore,
  type SessionEvent,
  type SessionRecord,
} from "keepsake";
import { type Any, NOON, recorder, refusal, runs, SECRET, Time, Visitor } from "./kit.test.ts";
import { ABSOLUTE, loggedIn, opens, scene, thief, visitorOf } from "./revocation-kit.test.ts";
import { around, settle, type Verb } from "./server/server-kit.test.ts";

/** A worker makes none while a module is loaded. */
const newSignal = () => new AbortController().signal;
const HANDLES = ["A", "B", "C", "D"].map((letter) => `${letter.repeat(21)}A`);
const [A = "", B = "", C = ""] = HANDLES;

/** A revocation alone, over a repository whose calls can be watched and made to fail. */
function alone(inner: Any = new MemorySessionRepository()) {
  const time = new Time();
  const { events, onEvent } = recorder();
  const calls: Verb[] = [];
  const stage = { act: (_: Verb, perform: () => Any, __: readonly Any[]): Any => perform() };
  const repository = around(inner, ({ verb, args }, perform) => {
    calls.push(verb);
    return stage.act(verb, perform, args);
  });
  const revocation = repositoryRevocation(repository, { onEvent, timeout: 1 });
  const at = () => ({ now: time.now, signal: newSignal() });
  const until = () => time.now + 1000_000;
  return {
    time,
    events,
    calls,
    stage,
    repository,
    revocation,
    inner,
    revoke: (id: string) => revocation.revoke?.(id, until(), at()),
    revokeAll: (subject: string, except: string[] = [], now = time.now) =>
      revocation.revokeAll?.(subject, until(), { now, signal: newSignal(), except }),
    regenerate: (id: string, successor: string, subject: string | undefined = "ada") =>
      revocation.revoke?.(id, until(), { ...at(), successor: { id: successor, subject } }),
    successorOf: (id: string) => revocation.successorOf?.(id, at()),
    since: async (id: string, subject?: string, startedAt = NOON - 1) => {
      const session = { id, subject, startedAt, issuedAt: startedAt, endsAt: until() };
      const answer = await revocation.isRevoked(session, at());
      return answer instanceof Date ? answer.getTime() : answer;
    },
    record: (handle: string): SessionRecord | undefined =>
      inner.read(handle, { now: 0, signal: newSignal() }),
  };
}

test("a session has ended since it was revoked, and the second who revokes it is told so", async () => {
  const { time, since, revoke } = alone();
  assert.equal(await since(A), false);
  assert.equal(await revoke(A), true);
  time.advance(10);
  assert.equal(await revoke(A), false);
  assert.deepEqual([await since(A), await since(A, "ada"), await since(B)], [NOON, NOON, false]);
});

test("invariant 14, bounded: what is kept in mind vanishes when no token of the session opens any more", async () => {
  const { time, since, revoke, revokeAll, inner } = alone();
  await revoke(A);
  await revokeAll("ada");
  assert.equal(inner.size, 2);
  time.advance(999.999);
  assert.deepEqual([await since(A), await since(B, "ada")], [NOON, NOON]);
  time.advance(0.001);
  assert.deepEqual([await since(A), await since(B, "ada")], [false, false]);
  await revoke(C);
  await settle();
  assert.equal(inner.size, 1, "swept beside a write");
});

test("invariant 10, secrets stay secret: a record says that a session has ended, and nothing of it", async () => {
  const { store, repository } = scene();
  const { visitor, id, cookie } = await loggedIn(store);
  await visitor.visit((session) => session.logout());
  const record = await repository.read(id, { now: NOON, signal: newSignal() });
  const endsAt = NOON + ABSOLUTE * 1000 + 60_000;
  assert.deepEqual(record, {
    handle: id,
    version: 1,
    subject: undefined,
    label: undefined,
    createdAt: NOON,
    authenticatedAt: undefined,
    expiresAt: endsAt,
    endsAt,
    credentials: "{}",
    data: "{}",
    flash: "",
  });
  assert.ok(!JSON.stringify(record).includes(cookie));
});

test("asking reads once for a stranger's session, and twice at the same time for a user's", async () => {
  const { since, calls, stage } = alone();
  await since(A);
  assert.deepEqual(calls.splice(0), ["read"]);
  const { promise, resolve } = Promise.withResolvers<undefined>();
  stage.act = () => promise;
  const asked = since(A, "ada");
  await settle();
  assert.deepEqual(calls, ["read", "read"]);
  resolve(undefined);
  assert.equal(await asked, false);
});

test("what has ended twice has ended since the first time", async () => {
  const { time, since, revoke, revokeAll } = alone();
  await revoke(A);
  time.advance(10);
  await revokeAll("ada");
  assert.equal(await since(A, "ada"), NOON);
  time.advance(10);
  await revoke(B);
  assert.equal(await since(B, "ada"), NOON + 10_000);
});

test("a note is kept as long as any revokeAll asked for", async () => {
  const { time, since, revokeAll, revocation } = alone();
  await revokeAll("ada");
  await revocation.revokeAll?.("ada", time.now + 1000, {
    now: time.now,
    signal: newSignal(),
    except: [],
  });
  time.advance(999.999);
  assert.equal(await since(A, "ada"), NOON);
});

test("all sessions of a subject that began until then have ended, but the one that is spared", async () => {
  const { since, revokeAll } = alone();
  await revokeAll("ada", [A]);
  assert.equal(await since(A, "ada"), false);
  assert.equal(await since(B, "ada", NOON), NOON, "to the millisecond");
  assert.equal(await since(B, "ada", NOON + 1), false);
  assert.equal(await since(B, "bob"), false);
  assert.equal(await since(B), false);
});

test("invariant 5, the dead stay dead: to be spared by a later revokeAll brings nobody back", async () => {
  const { time, since, revokeAll } = alone();
  await revokeAll("ada", [A]);
  time.advance(10);
  await revokeAll("ada", [B]);
  assert.equal(await since(A, "ada"), NOON + 10_000);
  assert.equal(await since(B, "ada"), NOON);
  assert.equal(await since(B, "ada", NOON + 1), false);
  time.advance(10);
  await revokeAll("ada", [B]);
  assert.equal(await since(B, "ada"), NOON);
  assert.equal(await since(B, "ada", NOON + 1), false, "spared both times");
  await revokeAll("ada", [], NOON + 5000);
  assert.equal(await since(B, "ada", NOON + 5000), NOON + 5000, "asked for earlier, come later");
  assert.equal(await since(B, "ada", NOON + 5001), false);
  assert.equal(await since(C, "ada", NOON + 20_000), NOON + 20_000);
});

test("property: who has ended is who any revokeAll has ended, in whatever order they come", async () => {
  const time = fc.integer({ min: 0, max: 6 });
  const spared = fc.option(fc.constantFrom(...HANDLES), { nil: undefined });
  const act = fc.record({ at: time, spared });
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 6 }), async (acts) => {
      const { since, revokeAll } = alone();
      for (const each of acts) {
        await revokeAll("ada", each.spared === undefined ? [] : [each.spared], NOON + each.at);
      }
      for (const id of HANDLES) {
        for (let startedAt = 0; startedAt <= 7; startedAt += 1) {
          const ends = acts.some((each) => each.spared !== id && startedAt <= each.at);
          const found = await since(id, "ada", NOON + startedAt);
          assert.equal(found !== false, ends, `${id} of ${startedAt}`);
        }
      }
    }),
    runs(),
  );
});

test("revokeAll of many processes at once: none is lost", async () => {
  const { stage, since, revokeAll } = alone();
  stage.act = async (_, perform) => {
    await settle();
    return perform();
  };
  const times = Array.from({ length: 20 }, (_, index) => NOON + index);
  await Promise.all(times.map((now, index) => revokeAll("ada", [HANDLES[index % 4] ?? ""], now)));
  for (const id of HANDLES) {
    const startedAt = NOON + 15;
    assert.notEqual(await since(id, "ada", startedAt), false);
    assert.equal(await since(id, "ada", NOON + 20), false);
  }
});

test("a spared session goes on under its successor, and one that was not spared does not", async () => {
  const { since, revocation, time, revokeAll, revoke } = alone();
  const regenerate = (id: string, successor: string) => {
    const context = {
      now: time.now,
      signal: newSignal(),
      successor: { id: successor, subject: "ada" },
    };
    return revocation.revoke?.(id, time.now + 1000_000, context);
  };
  await regenerate(A, B);
  assert.equal(await since(B, "ada"), false, "nobody was signed out");
  await revokeAll("ada", [B]);
  await regenerate(B, C);
  assert.deepEqual([await since(B, "ada"), await since(C, "ada")], [NOON, false]);
  await revokeAll("ada", [B]);
  assert.equal(await since(C, "ada"), false, "by a request that was in flight");
  const [, , , D = ""] = HANDLES;
  await regenerate(A, D);
  assert.equal(await since(D, "ada"), NOON);
  await revoke(C);
  assert.equal(await since(C, "ada"), NOON);
});

test("a session that ended tells under which handle it goes on, and since when it has ended", async () => {
  const { time, since, regenerate, revoke, successorOf, inner } = alone();
  assert.equal(await successorOf(A), undefined);
  for (const [id, subject] of [
    [A, "ada"],
    [B, undefined],
  ] as const) {
    assert.equal(await regenerate(id, C, subject), true);
    time.advance(1);
    assert.equal(await regenerate(id, id, subject), false, "only the first goes on");
    assert.equal(await revoke(id), false);
    assert.equal(await successorOf(id), C);
    assert.equal(await since(id), time.now - 1000);
  }
  assert.equal(inner.size, 2);
  await revoke(C);
  assert.equal(await successorOf(C), undefined, "ended for good");
});

test("where the record of a session that ended is damaged, nobody knows whether it goes on", async () => {
  for (const data of ["junk", "[]", '{"successor":7}', "", undefined]) {
    const { since, regenerate, successorOf, stage } = alone();
    await regenerate(A, B);
    stage.act = (verb, perform) => (verb === "read" ? { ...perform(), data } : perform());
    await assert.rejects(
      async () => successorOf(A),
      refusal("ERR_SESSION_STORE", "damaged", "again"),
    );
    assert.equal(await since(A), NOON);
  }
});

test("invariant 13: the time is the store's, however wrong the system's clock is", async () => {
  // Years before and after this is run.
  for (const now of [Date.UTC(2001, 0), Date.UTC(2190, 0)]) {
    const { time, store, another } = scene();
    time.now = now;
    const [one, two] = [await loggedIn(store), await loggedIn(store)];
    time.advance(1);
    await one.visitor.visit((session) => session.logout());
    assert.equal(await opens(another(), one.cookie), false);
    assert.equal(await opens(another(), two.cookie), true);
    await store.revokeAll("ada");
    assert.equal(await opens(another(), two.cookie), false);
  }
});

test("two stores whose clocks differ have each its own time, also while both ask", async () => {
  const seen: number[] = [];
  const inner = around(new MemorySessionRepository(), async ({ args }, perform) => {
    seen.push(args.at(-1).now);
    await settle();
    return perform();
  });
  const revocation = repositoryRevocation(inner);
  const ask = (now: number) => revocation.revoke?.(A, now + 1000_000, { now, signal: newSignal() });
  await Promise.all([ask(NOON), ask(NOON + 5000)]);
  assert.deepEqual([...new Set(seen)].sort(), [NOON, NOON + 5000]);
  assert.ok(seen.filter((now) => now === NOON).length >= 1);
});

test("a successor that could not be noted leaves the session under its first handle alive", async () => {
  const { since, revocation, time, revokeAll, stage } = alone();
  await revokeAll("ada", [A]);
  stage.act = (verb, perform) => {
    if (verb === "create") throw new Error("down");
    return perform();
  };
  const context = { now: time.now, signal: newSignal(), successor: { id: B, subject: "ada" } };
  const attempt = async () => revocation.revoke?.(A, time.now + 1000, context);
  await assert.rejects(attempt, refusal("ERR_SESSION_STORE"));
  assert.equal(await since(A, "ada"), false);
});

test("a record that is damaged lets nobody in: the session has ended, whoever was spared", async () => {
  const badNotes = [
    "junk",
    "[]",
    '{"notBefore":"x"}',
    '{"notBefore":0,"except":{}}',
    '{"notBefore":0,"except":{"ids":[7],"notBefore":0}}',
  ];
  const damages: [Any, number, number][] = [
    ...badNotes.map((data): [Any, number, number] => [{ data }, NOON, 0]),
    [{ data: undefined }, NOON, 1],
    [{ version: "x", endsAt: null, credentials: 7, data: "" }, NOON, 1],
    [{ createdAt: undefined, data: 7 }, 8.64e15, 1],
  ];
  for (const [damage, end, told] of damages) {
    const { since, revoke, revokeAll, stage, events } = alone();
    await revoke(A);
    await revokeAll("ada", [B]);
    await revokeAll("ada", [B], NOON - 5000);
    assert.equal(await since(B, "ada"), false);
    stage.act = (verb, perform) =>
      verb === "read" && perform() !== undefined ? { ...perform(), ...damage } : perform();
    assert.equal(await since(A), end, JSON.stringify(damage));
    assert.equal(await since(B, "ada"), end, JSON.stringify(damage));
    const types = events.map(({ type }) => type);
    assert.deepEqual(types, told === 0 ? [] : ["data-refused", "data-refused"]);
  }
});

test("what is no record at all, or another's, is a failure", async () => {
  const { since, revoke, stage } = alone();
  await revoke(A);
  for (const answer of ["junk", 7, false, {}, { handle: B }, []]) {
    const scene = alone();
    scene.stage.act = () => answer;
    await assert.rejects(scene.since(A), refusal("ERR_SESSION_STORE"), JSON.stringify(answer));
  }
  stage.act = (_, perform) => Promise.resolve(perform());
  assert.equal(await since(A), NOON);
});

test("a damaged note is mended by the next revokeAll", async () => {
  const { time, since, revokeAll, stage } = alone();
  await revokeAll("ada", [A]);
  stage.act = (verb, perform) => (verb === "read" ? { ...perform(), data: "junk" } : perform());
  time.advance(1);
  await revokeAll("ada", [A]);
  stage.act = (_, perform) => perform();
  assert.equal(await since(A, "ada"), NOON, "nobody knows whom the first one spared");
  assert.equal(await since(A, "ada", NOON + 1), false);
});

test("nobody is signed out by whoever ends a session with a made-up handle, nor brought back", async () => {
  const { since, revoke, revokeAll, regenerate, stage, inner } = alone();
  let handle = "";
  stage.act = (verb, perform, [first]) => {
    if (verb === "create") handle = first;
    return perform();
  };
  await revokeAll("bob");
  const made = handle;
  inner.delete(made);
  assert.equal(await revoke(made), true);
  assert.equal(await since(A, "bob"), false);
  await revokeAll("bob", [B]);
  assert.deepEqual([await since(A, "bob"), await since(B, "bob")], [NOON, false]);
  assert.equal(await revoke(made), false);
  inner.delete(made);
  await regenerate(made, C);
  assert.equal(await since(A, "bob"), false, "nor where it went on");
  inner.delete(made);
  await revokeAll("bob", [B]);
  assert.equal(await since(A, "bob"), NOON);
});

test("an expired record that no sweep has met keeps nobody from revoking", async () => {
  const memory = new MemorySessionRepository();
  const kept = new Map<string, number>();
  const stubborn = around(memory, ({ verb, args }, perform) => {
    const [handle, record] = args;
    if (verb === "delete") kept.delete(handle);
    if (verb !== "create") return perform();
    const isTaken = kept.has(handle);
    if (!isTaken) kept.set(handle, record.expiresAt);
    return isTaken ? false : perform();
  });
  const { time, since, revoke, revokeAll } = alone({ ...stubborn, size: 0 });
  for (const round of [1, 2]) {
    assert.equal(await revoke(A), true, `round ${round}`);
    assert.equal(await revoke(A), false);
    await revokeAll("ada");
    assert.deepEqual([await since(A), await since(B, "ada", time.now)], [time.now, time.now]);
    time.advance(1000);
    assert.deepEqual([await since(A), await since(B, "ada")], [false, false]);
  }
});

test("a repository that always conflicts is given up in time", async () => {
  const { stage, revokeAll } = alone();
  await revokeAll("ada");
  stage.act = (verb, perform) => (verb === "update" ? "conflict" : perform());
  await assert.rejects(async () => revokeAll("ada"), refusal("ERR_SESSION_STORE", "too many"));
});

test("invariant 13: over a repository that fails, hangs or answers junk a request with a token is a 503", async () => {
  const fail = {
    throws: () => {
      throw new Error("down");
    },
    rejects: () => Promise.reject(new Error("down")),
    hangs: () => new Promise(() => {}),
    "answers junk": () => "junk",
  };
  for (const [name, act] of Object.entries(fail)) {
    const { stage, repository, time, events } = alone();
    const onEvent = (event: SessionEvent) => void events.push(event);
    const revocation = repositoryRevocation(repository, {
      timeout: 0.01,
      cacheFor: 0,
      onEvent,
    });
    const store = new CookieSessionStore<Any>({ secret: SECRET, clock: time.clock, revocation });
    const { visitor, cookie } = await visitorOf(store);
    stage.act = act;
    for (let tries = 0; tries < 6; tries += 1) {
      await assert.rejects(opens(store, cookie), refusal("ERR_SESSION_STORE", "repository"), name);
    }
    assert.deepEqual(events, [{ type: "store-down" }], "and is spared for a while");
    await assert.rejects(
      visitor.visit((s) => s.logout()),
      refusal("ERR_SESSION_STORE"),
    );
    assert.equal(visitor.jar.header, cookie);
    stage.act = (_, perform) => perform();
    time.advance(2);
    assert.equal(await opens(store, cookie), true);
    assert.deepEqual(
      events.map(({ type }) => type),
      ["store-down", "store-up"],
    );
  }
});

test("one repository for a server-side store and a revocation: neither sees the other's records", async () => {
  const repository = new MemorySessionRepository();
  const { time, store: sealed, another } = scene(repository);
  const options = { clock: time.clock, onEvent() {}, secret: SECRET };
  const server = new ServerSessionStore<Any>(repository, options);
  const mine = new Visitor(server);
  await mine.visit((session) => session.login("ada"));
  const other = await loggedIn(sealed);
  const third = await loggedIn(sealed);
  time.advance(1);
  await sealed.revoke(other.id);
  await sealed.revokeAll("ada", { except: third.id });
  const [entry, ...others] = await server.list("ada");
  assert.deepEqual([entry?.subject, others.length], ["ada", 0]);
  assert.equal(await mine.see((session) => session.subject), "ada");
  assert.equal(await server.revoke(other.id), false);
  const made = thief(sealed, `__Host-session=${other.id}.${"A".repeat(43)}`);
  assert.equal(await new Visitor(server, made.jar).see((session) => session.isNew), true);
  assert.equal(await server.revokeAll("ada"), 1);
  assert.equal(await server.sweep(), 0);
  assert.equal(await opens(another(), other.cookie), false);
  assert.equal(await opens(another(), third.cookie), true);
});

test("a login in the line after revokeAll goes on, by the system's clock too", async () => {
  const revocation = repositoryRevocation(new MemorySessionRepository());
  const store = new CookieSessionStore<Any>({ secret: SECRET, revocation });
  for (let round = 0; round < 20; round += 1) {
    await store.revokeAll("ada");
    const { cookie } = await loggedIn(store);
    assert.equal(await opens(store, cookie), true);
  }
});

test("a repository without sweep, and verbs that are no promises, will do", async () => {
  const inner: Any = around(new MemorySessionRepository(), (_, perform) => perform());
  delete inner.sweep;
  delete inner.findBySubject;
  const { time, since, revoke } = alone(inner);
  await revoke(A);
  time.advance(600);
  await revoke(B);
  assert.equal(await since(A), NOON);
});

test("requirement 77: expired records are swept beside a revocation, once in a while, and nobody waits for it", async () => {
  const { time, calls, stage, revoke } = alone();
  stage.act = (verb, perform) => (verb === "sweep" ? new Promise(() => {}) : perform());
  await revoke(A);
  assert.ok(!calls.includes("sweep"));
  time.advance(450);
  await revoke(B);
  await revoke(C);
  assert.equal(calls.filter((verb) => verb === "sweep").length, 1);
});

test("it can be made at the top of a module, where workers give no random bytes", async () => {
  const random = () => {
    throw new Error("not allowed within global scope");
  };
  const revocation = repositoryRevocation(new MemorySessionRepository(), { random });
  new CookieSessionStore({ secret: SECRET, revocation, random });
});

test("options that are none, and what is no repository, throw at construction", () => {
  const memory: Any = new MemorySessionRepository();
  const bad = (repository: Any, options: Any, ...words: string[]) =>
    assert.throws(
      () => repositoryRevocation(repository, options),
      refusal("ERR_SESSION_CONFIG", "repositoryRevocation", ...words),
    );
  bad(undefined, {}, "repository");
  bad({}, {}, "repository");
  bad(memory, { cacheFor: -1 }, "cacheFor");
  bad(memory, { cacheFor: "5" }, "cacheFor");
  bad(memory, { timeout: 0 }, "timeout");
  bad(memory, { timeout: 2000 }, "timeout", "milliseconds");
  bad(memory, { clock: () => 0 }, 'no option "clock"');
  bad(memory, { random: 7 }, "random");
  bad(memory, { onEvent: 7 }, "onEvent");
  bad(memory, { cachefor: 1 }, 'no option "cachefor"');
  bad(memory, null, "must be an object");
  const same: Revocation = repositoryRevocation(memory, { cacheFor: 0 });
  assert.equal(same.cacheFor, 0);
  assert.equal("cacheFor" in repositoryRevocation(memory), false);
});
