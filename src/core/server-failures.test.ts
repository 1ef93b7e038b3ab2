import assert from "node:assert/strict";
import { test } from "node:test";
import { type Session, SessionError, SessionMiddleware } from "keepsake";
import { type Any, type Loose, refusal, requestOf, withWaits } from "./kit.test.ts";
import {
  type Around,
  inFlight,
  opens,
  scene,
  settle,
  type Verb,
} from "./server/server-kit.test.ts";

const never = () => new Promise<never>(() => {});
const FAST = { timeout: 0.04 };

const failures: Record<string, Around> = {
  throws: () => {
    throw new Error("down");
  },
  rejects: () => Promise.reject(new Error("down")),
  hangs: never,
  "answers garbage": () => ({ handle: 1 }),
};

/** A request through the middleware; gives the error it fails with, and what the response has. */
async function answer(store: Any, cookie: string | null, act: (session: Loose) => unknown) {
  const middleware = new SessionMiddleware<Any>(store, { onEvent: () => {} });
  const response = { headers: new Headers(), status: 200 };
  const request = requestOf(cookie === null ? {} : { cookie });
  let session: Session<Any> | undefined;
  try {
    session = await middleware.load(request);
    await act(session);
    await middleware.save(request, response, session);
    return { response, session, error: undefined };
  } catch (error) {
    assert.ok(error instanceof SessionError, `${error}`);
    return { response, session, error };
  }
}

for (const [how, act] of Object.entries(failures)) {
  test(`requirement 91, invariant 13, down is not anonymous: a repository that ${how} is a 503, and no handler sees a stranger`, async () => {
    const { tap, store, visitor } = scene(FAST);
    const each = visitor();
    await each.visit((session) => session.login("ada"));
    tap(act);
    const { result, waits } = await withWaits(() => answer(store, each.jar.header, () => {}));
    const { session, error, response } = result;
    assert.equal(session, undefined);
    assert.deepEqual([error?.code, error?.status], ["ERR_SESSION_STORE", 503]);
    assert.match(String(error?.headers["retry-after"]), /^[123]$/);
    assert.deepEqual(response.headers.getSetCookie(), []);
    assert.ok(waits <= 40, `${waits} ms`);
  });

  test(`a load of a repository that ${how} is a promise that is not kept, and throws nothing at once`, async () => {
    const { tap, store, visitor } = scene(FAST);
    const each = visitor();
    await each.visit((session) => session.set("a", 1));
    tap(act);
    // Also where it is not even asked any more.
    for (let count = 0; count < 7; count += 1) {
      const loading = store.load(requestOf({ cookie: each.jar.header ?? "" }));
      assert.ok(loading instanceof Promise);
      await assert.rejects(loading, refusal("ERR_SESSION_STORE"));
    }
  });

  test(`a save to a repository that ${how} is a promise that is not kept, and throws nothing at once`, async () => {
    const { tap, store, visitor } = scene(FAST);
    const each = visitor();
    await each.visit((session) => session.set("a", 1));
    const cookie = each.jar.header ?? "";
    const saves: [Record<string, string>, (session: Loose) => void][] = [
      [{}, (session) => session.set("a", 2)],
      [{}, (session) => session.login("ada")],
      [{ cookie }, (session) => session.set("a", 2)],
      [{ cookie }, (session) => session.login("ada")],
      [{ cookie }, (session) => session.logout()],
    ];
    for (const [headers, change] of saves) {
      tap((_, perform) => perform());
      const request = requestOf(headers);
      const session = await store.load(request);
      change(session);
      tap(act);
      const saving = store.save(request, { headers: new Headers() }, session);
      assert.ok(saving instanceof Promise);
      await assert.rejects(saving, refusal("ERR_SESSION_STORE"));
    }
  });

  test(`requirement 92: a write that ${how} is never answered as a success, and carries no token`, async () => {
    const acts: [Verb, (session: Loose) => unknown][] = [
      ["update", (session) => session.set("a", 1)],
      ["update", (session) => session.login("bob")],
      ["update", (session) => session.regenerate()],
      ["update", (session) => session.logout()],
      ["update", (session) => session.flash("note", 1)],
    ];
    for (const [verb, change] of acts) {
      const { tap, store, visitor } = scene(FAST);
      const each = visitor();
      await each.visit((session) => session.login("ada"));
      tap((call, perform) => (call.verb === verb ? act(call, perform) : perform()));
      const { error, response } = await answer(store, each.jar.header, change);
      assert.equal(error?.code, "ERR_SESSION_STORE", String(change));
      assert.deepEqual(response.headers.getSetCookie(), []);
      tap((_, perform) => perform());
      assert.equal(await each.see((session) => session.subject), "ada");
    }
    const { tap, store, memory } = scene(FAST);
    tap((call, perform) => (call.verb === "create" ? act(call, perform) : perform()));
    const { error, response } = await answer(store, null, (session) => session.login("ada"));
    assert.equal(error?.code, "ERR_SESSION_STORE");
    assert.deepEqual(response.headers.getSetCookie(), []);
    assert.equal(memory.size, 0);
  });

  test(`a use that cannot be noted because the repository ${how} harms nobody, and is an event`, async () => {
    const { tap, store, visitor, time, events } = scene(FAST);
    const each = visitor();
    await each.visit((session) => session.login("ada"));
    time.advance(50);
    tap((call, perform) => (call.verb === "touch" ? act(call, perform) : perform()));
    const { error, session } = await answer(store, each.jar.header, (s) => s.get("a"));
    assert.deepEqual([error, session?.subject], [undefined, "ada"]);
    assert.equal(events.at(-1)?.type, "touch-failed");
  });
}

test("requirement 91: a request without a token, or with what is none, is not kept waiting by a repository that is down", async () => {
  const { tap, store, calls } = scene();
  tap(never);
  for (const cookie of [null, "__Host-session=junk", "other=1"]) {
    const { error, session } = await answer(store, cookie, (s) => s.get("a"));
    assert.deepEqual([error, session?.isNew], [undefined, true]);
  }
  assert.deepEqual(calls, []);
});

test("requirement 92: a save that fails, and is repeated because the session ended, has no second time limit", async () => {
  const acts: ((session: Loose) => unknown)[] = [
    (session) => session.logout(),
    (session) => session.destroy(),
    (session) => [session.logout(), session.set("a", 1)],
    (session) => [session.logout(), session.login("bob")],
  ];
  for (const act of acts) {
    const { tap, store, visitor } = scene({ timeout: 0.2 });
    const each = visitor();
    await each.visit((session) => session.login("ada"));
    tap(({ verb }, perform) => (verb === "read" ? perform() : never()));
    const { result, waits } = await withWaits(() => answer(store, each.jar.header, act));
    assert.equal(result.error?.code, "ERR_SESSION_STORE");
    // Timers count whole milliseconds.
    assert.ok(waits >= 100 && waits < 210, `${waits} ms`);
  }
});

test("invariant 17: an end that could be saved takes the token away, though what came after it could not", async () => {
  const { tap, store, visitor } = scene(FAST);
  const each = visitor();
  await each.visit((session) => session.login("ada"));
  tap(({ verb }, perform) => (verb === "create" ? never() : perform()));
  const { error, response } = await answer(store, each.jar.header, (session) => {
    session.logout();
    session.set("a", 1);
  });
  assert.equal(error?.code, "ERR_SESSION_STORE");
  assert.deepEqual(response.headers.getSetCookie(), []);
  assert.match(String(error?.headers["set-cookie"]), /Max-Age=0/);
  assert.match(String(error?.headers["retry-after"]), /^[123]$/);
  assert.equal(await opens(store, each.jar.header), false);
});

test("a waiter behind a write that hangs has its answer in time, and the line goes on afterwards", async () => {
  const { tap, store, visitor } = scene(FAST);
  const each = visitor();
  await each.visit((session) => session.set("n", 0));
  let isFirst = true;
  tap(({ verb }, perform) => {
    if (verb !== "update" || !isFirst) return perform();
    isFirst = false;
    return never();
  });
  const flights = await Promise.all(
    Array.from({ length: 5 }, () => inFlight(store, each.jar.header)),
  );
  const saves = flights.map(({ session, finish }) => {
    session.modify("n", (n: Any) => n + 1);
    return finish().then(
      () => "saved",
      (error) => error.code,
    );
  });
  const codes = await Promise.all(saves);
  assert.equal(codes[0], "ERR_SESSION_STORE");
  await each.visit((session) => session.modify("n", (n: Any) => n + 1));
  const saved = codes.filter((code) => code === "saved").length;
  assert.equal(await each.see((session) => session.get("n")), saved + 1);
});

test("a repository where every update conflicts is given up on in time", async () => {
  const { tap, store, visitor } = scene({ timeout: 0.1 });
  const each = visitor();
  await each.visit((session) => session.set("a", 1));
  tap(({ verb }, perform) => (verb === "update" ? "conflict" : perform()));
  const { result, waits } = await withWaits(() =>
    answer(store, each.jar.header, (session) => session.set("a", 2)),
  );
  refusal("ERR_SESSION_STORE", "too many others")(result.error);
  assert.ok(waits < 200, `${waits} ms`);
});

test("requirement 91: while the breaker is open nobody is anonymous, and answers are fast", async () => {
  const { tap, store, visitor, calls, time } = scene(FAST);
  const each = visitor();
  await each.visit((session) => session.login("ada"));
  tap(() => Promise.reject(new Error("down")));
  const ask = () =>
    Promise.all(Array.from({ length: 1000 }, () => answer(store, each.jar.header, () => {})));
  const first = await ask();
  const before = calls.length;
  tap(never);
  const { result, waits } = await withWaits(ask);
  assert.ok([...first, ...result].every(({ error }) => error?.code === "ERR_SESSION_STORE"));
  assert.equal(calls.length, before, "nothing is asked while it is open");
  assert.equal(waits, 0, "nothing is waited for");
  tap((_, perform) => perform());
  time.advance(2);
  const { session } = await answer(store, each.jar.header, () => {});
  assert.equal(session?.subject, "ada");
});

test("requirement 91: writes that fail are given up on although reads are answered, and reads go on", async () => {
  const { tap, store, visitor, calls, events, time } = scene();
  const each = visitor();
  await each.visit((session) => session.set("n", 0));
  events.length = 0;
  tap(({ verb }, perform) => {
    if (verb === "read") return perform();
    throw new Error("attempt to write a readonly database");
  });
  const write = (n: number) => answer(store, each.jar.header, (session) => session.set("n", n));
  for (let n = 1; n <= 5; n += 1) refusal("ERR_SESSION_STORE")((await write(n)).error);
  assert.deepEqual(events, [{ type: "store-down" }]);
  calls.length = 0;
  refusal("ERR_SESSION_STORE", "is not asked for now")((await write(6)).error);
  assert.deepEqual(calls, ["read"]);
  assert.equal(await each.see((session) => session.get("n")), 0);
  tap(({ verb }, perform) => {
    if (verb === "read") throw new Error("down");
    return perform();
  });
  for (let n = 1; n <= 5; n += 1) await assert.rejects(each.see(() => {}));
  time.advance(2);
  tap((_, perform) => perform());
  await each.see(() => {});
  assert.deepEqual(events, [{ type: "store-down" }], "one of the two is still down");
  assert.equal((await write(7)).error, undefined);
  assert.deepEqual(events, [{ type: "store-down" }, { type: "store-up" }]);
  assert.equal(await each.see((session) => session.get("n")), 7);
});

test("requests that are never finished leave nothing behind that holds up the next one", async () => {
  const { store, visitor } = scene();
  const each = visitor();
  await each.visit((session) => session.set("n", 0));
  for (let count = 0; count < 1000; count += 1) {
    const { session } = await inFlight(store, each.jar.header);
    session.set("n", count);
  }
  await each.visit((session) => session.modify("n", (n: Any) => n + 1));
  assert.equal(await each.see((session) => session.get("n")), 1);
});

test("a record that was made, and is not known to be, is removed again: nobody will ever hold its token", async () => {
  for (const fail of [() => never(), () => Promise.reject(new Error("connection reset"))]) {
    const { tap, store, memory } = scene(FAST);
    tap(({ verb }, perform) => {
      const done = perform();
      return verb === "create" ? fail() : done;
    });
    const { error } = await answer(store, null, (session) => session.login("ada"));
    assert.equal(error?.code, "ERR_SESSION_STORE");
    await settle();
    assert.equal(memory.size, 0);
  }
});

test("an update that was done, and is not known to be, is not done twice", async () => {
  const { tap, visitor } = scene();
  const each = visitor();
  await each.visit((session) => session.set("n", 0));
  tap(({ verb }, perform) => {
    const done = perform();
    if (verb === "update") throw new Error("connection reset");
    return done;
  });
  await assert.rejects(
    each.visit((session) => session.modify("n", (n: Any) => n + 1), { onEvent: () => {} }),
    refusal("ERR_SESSION_STORE"),
  );
  await settle();
  tap((_, perform) => perform());
  assert.equal(await each.see((session) => session.get("n")), 1);
});

test("requirement 91: two tokens beside a database that may be up again fail as one does, and nothing fails unseen", async () => {
  const { tap, store, visitor, time } = scene();
  const [one, other] = [visitor(), visitor()];
  for (const each of [one, other]) await each.visit((session) => session.set("a", 1));
  tap(async () => {
    await settle();
    throw new Error("down");
  });
  for (let attempt = 0; attempt < 5; attempt += 1)
    await assert.rejects(opens(store, one.jar.header), refusal("ERR_SESSION_STORE"));
  time.advance(5);
  const both = `${one.jar.header}; ${other.jar.header}`;
  await assert.rejects(opens(store, both), refusal("ERR_SESSION_STORE"));
  await settle();
});
