import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  CookieSessionStore,
  InMemorySessionStore,
  MemorySessionRepository,
  type Revocation,
  repositoryRevocation,
  SessionError,
  type SessionStore,
} from "keepsake";
import { type Any, type Loose, refusal, requestOf, runs, SECRET, Time } from "../core/kit.test.ts";
import {
  inFlight,
  loggedIn,
  NAME,
  opens,
  recording,
  scene,
  thief,
  visitorOf,
} from "../core/revocation-kit.test.ts";
import { around } from "../core/server/server-kit.test.ts";

const CLEARED = new RegExp(`^${NAME}=; .*Max-Age=0`);
const GONE = refusal("ERR_SESSION_GONE");

const pairOf = ([line = ""]: readonly string[]): string => line.split(";")[0] ?? "";

/** Requests that were loaded with one cookie, by several processes. */
async function beside(
  count: number,
  start: (store: CookieSessionStore<Any>) => ReturnType<typeof loggedIn> = loggedIn,
) {
  const { time, store, another, events } = scene();
  const { cookie, id } = await start(store);
  const flights = await Promise.all(
    Array.from({ length: count }, (_, index) => inFlight(index === 0 ? store : another(), cookie)),
  );
  const [first, second] = flights;
  assert.ok(first && second);
  return { time, store, another, events, cookie, id, flights, first, second };
}

for (const end of ["logout", "destroy"] as const) {
  test(`invariant 5, the dead stay dead: ${end}() beside a regenerate() ends what the session has become`, async () => {
    for (const start of [
      (store: CookieSessionStore<Any>) => loggedIn(store),
      (store: CookieSessionStore<Any>) => visitorOf(store),
    ]) {
      const { time, another, cookie, first, second } = await beside(2, start);
      first.session.regenerate();
      second.session[end]();
      const next = pairOf(await first.finish());
      assert.equal(await opens(another(), next), true);
      time.advance(1);
      assert.match((await second.finish())[0] ?? "", CLEARED);
      for (const each of [cookie, next]) assert.equal(await opens(another(), each), false);
    }
  });
}

test("invariant 5: a logout follows a session through all handles that it got, and 16 are enough", async () => {
  for (const count of [1, 2, 16, 17]) {
    const { store, another, cookie, second: late } = await beside(2);
    const user = thief(store, cookie);
    for (let index = 0; index < count; index += 1) await user.visit((s) => s.regenerate());
    late.session.logout();
    if (count <= 16) assert.match((await late.finish())[0] ?? "", CLEARED);
    else await assert.rejects(late.finish(), refusal("ERR_SESSION_GONE", "more than 16", "again"));
    assert.equal(await opens(another(), user.jar.header ?? ""), count > 16);
  }
});

test("a logout beside another's login leaves that alone, as a server-side store does", async () => {
  const { time, another, first, second } = await beside(2);
  time.advance(1);
  first.session.login("ada");
  second.session.logout();
  const next = pairOf(await first.finish());
  assert.deepEqual(await second.finish(), []);
  assert.equal(await opens(another(), next), true);
});

test("invariant 6: of a logout beside a session that ended for good, the cookie is another's by now", async () => {
  const ends: Record<string, (store: CookieSessionStore<Any>, user: Any) => unknown> = {
    "by a logout": (_, user) => user.visit((session: Loose) => session.logout()),
    "by revokeAll": (store) => store.revokeAll("ada"),
  };
  for (const [name, end] of Object.entries(ends)) {
    const { time, store, another, cookie, second: late } = await beside(2);
    const user = thief(store, cookie);
    await user.visit((session) => session.regenerate());
    time.advance(1);
    await end(store, user);
    time.advance(1);
    const { cookie: newer } = await loggedIn(store);
    late.session.logout();
    assert.deepEqual(await late.finish(), [], name);
    assert.equal(await opens(another(), newer), true, name);
  }
});

test("what follows a logout beside a regenerate() begins another session", async () => {
  for (const act of [(s: Loose) => s.set("b", 2), (s: Loose) => s.login("bob")]) {
    const { store, another, first, second } = await beside(2);
    first.session.regenerate();
    second.session.logout();
    act(second.session);
    const [next, other] = [pairOf(await first.finish()), pairOf(await second.finish())];
    assert.equal(await opens(another(), next), false);
    assert.equal(await thief(store, other).see((session) => session.get("a")), undefined);
    assert.equal(await opens(store, other), true);
  }
});

test("a logout on an answer that another process still had reaches the session under its new handle", async () => {
  const { store, another } = scene();
  const elsewhere = another({ cacheFor: 60 });
  const { visitor, cookie } = await loggedIn(store);
  assert.equal(await opens(elsewhere, cookie), true);
  await visitor.visit((session) => session.regenerate());
  const late = await inFlight(elsewhere, cookie);
  assert.equal(late.session.subject, "ada");
  late.session.logout();
  assert.match((await late.finish())[0] ?? "", CLEARED);
  assert.equal(await opens(another(), visitor.jar.header ?? ""), false);
});

test("revoke() ends a session under the handle that it has by now", async () => {
  const { store, another } = scene();
  const { visitor, id } = await loggedIn(store);
  for (const _ of [1, 2]) await visitor.visit((session) => session.regenerate());
  await store.revoke(id);
  assert.equal(await opens(another(), visitor.jar.header ?? ""), false);
  await store.revoke(id);
});

test("a successor that cannot be ended is a 503, and the logout can be repeated", async () => {
  const memory = new MemorySessionRepository();
  let down = "";
  const repository = around(memory, ({ verb, args }, perform) => {
    if (verb === "create" && args[0] === down) throw new Error("down");
    return perform();
  });
  const { store, another } = scene(repository);
  const { cookie } = await loggedIn(store);
  const [first, late] = [await inFlight(store, cookie), await inFlight(another(), cookie)];
  first.session.regenerate();
  down = first.session.id;
  const next = pairOf(await first.finish());
  late.session.logout();
  await assert.rejects(late.finish(), refusal("ERR_SESSION_STORE"));
  assert.equal(await opens(another(), next), true);
  down = "";
  assert.match((await late.finish())[0] ?? "", CLEARED);
  assert.equal(await opens(another(), next), false);
});

/** Keeps in mind which handles have ended, in one step, and tells nothing of successors unless it is asked to. */
function listOfEnded(more: Partial<Revocation> = {}) {
  const ended = new Map<string, string>();
  const revocation: Revocation = {
    cacheFor: 0,
    isRevoked: ({ id }) => ended.has(id),
    revoke(id, _, { successor }) {
      if (ended.has(id)) return false;
      ended.set(id, successor?.id ?? "");
      return true;
    },
    ...more,
  };
  return { ended, revocation };
}

test("invariant 5: where the revocation cannot tell a successor, a logout that did not reach the session is a 409", async () => {
  const acts: Record<string, (session: Loose) => unknown> = {
    logout: (session) => session.logout(),
    destroy: (session) => session.destroy(),
    "logout and login": (session) => [session.logout(), session.login("bob")],
  };
  for (const [name, act] of Object.entries(acts)) {
    for (const isEarly of [false, true]) {
      let isAsked = true;
      const { ended, revocation } = listOfEnded({
        isRevoked: ({ id }) => isAsked && ended.has(id),
      });
      const { with: withOwn } = scene();
      const store = withOwn(revocation);
      const { visitor, cookie } = await loggedIn(store);
      const late = await inFlight(store, cookie);
      await visitor.visit((session) => session.regenerate());
      act(late.session);
      // The other request was quicker between the question and the end.
      isAsked = !isEarly;
      await assert.rejects(
        late.finish(),
        refusal("ERR_SESSION_GONE", "successorOf", "again"),
        name,
      );
      isAsked = true;
      assert.equal(await opens(store, visitor.jar.header ?? ""), true);
      await visitor.visit((session) => session.logout());
      assert.equal(visitor.jar.header, null, "and again it reaches it");
    }
  }
});

test("a callback that tells successors has its sessions followed", async () => {
  for (const wait of [false, true]) {
    const { ended, revocation } = listOfEnded({
      successorOf: (id) => {
        const successor = ended.get(id) || undefined;
        return wait ? Promise.resolve(successor) : successor;
      },
    });
    const { with: withOwn } = scene();
    const store = withOwn(revocation);
    const { visitor, cookie } = await loggedIn(store);
    const [late, later] = [await inFlight(store, cookie), await inFlight(store, cookie)];
    await visitor.visit((session) => session.regenerate());
    for (const { session } of [late, later]) session.logout();
    assert.match((await late.finish())[0] ?? "", CLEARED);
    assert.deepEqual(await later.finish(), [], "it has ended for good by now");
    assert.equal(await opens(store, visitor.jar.header ?? ""), false);
  }
});

test("a function alone ends nothing at a regenerate(), so that there is nothing to follow", async () => {
  let isOver = false;
  const { with: withOwn } = scene();
  const store = withOwn({ cacheFor: 0, isRevoked: () => isOver });
  const { cookie } = await loggedIn(store);
  const late = await inFlight(store, cookie);
  late.session.logout();
  isOver = true;
  assert.deepEqual(await late.finish(), []);
});

test("what is no handle is no successor, but a failure; and whoever goes round in circles is left", async () => {
  for (const answer of ["", "x", 7, false, {}] as Any[]) {
    const { with: withOwn } = scene();
    const store = withOwn(listOfEnded({ successorOf: () => answer }).revocation);
    const { visitor, cookie } = await loggedIn(store);
    const late = await inFlight(store, cookie);
    await visitor.visit((session) => session.regenerate());
    late.session.logout();
    await assert.rejects(late.finish(), refusal("ERR_SESSION_STORE", "successor"));
  }
  const { with: withOwn } = scene();
  const { revocation } = listOfEnded({ successorOf: (id) => id });
  const store = withOwn(revocation);
  const { id } = await loggedIn(store);
  await store.revoke(id);
  await assert.rejects(store.revoke(id), GONE);
});

test("what a function given to modify() throws when it runs again is the application's fault, in every store", async () => {
  const { another } = scene();
  for (const store of [another({ cacheFor: 0 }), new InMemorySessionStore<Any>()]) {
    const { visitor, cookie } = await visitorOf(store, (session) => {
      session.login("ada");
      session.set("list", [1]);
    });
    const { session, finish } = await inFlight(store, cookie);
    session.modify("list", (list: number[]) => [...list, 2]);
    session.login("ada");
    await visitor.visit((other) => other.logout());
    await assert.rejects(finish(), refusal("ERR_SESSION_VALUE", "ran again"));
  }
});

test("two stores that share a revocation: what one has ended the other refuses at once", async () => {
  for (const end of ["revoke", "revokeAll", "logout"] as const) {
    const { with: withOwn, time } = scene();
    const revocation = repositoryRevocation(new MemorySessionRepository(), { cacheFor: 60 });
    const [one, other] = [withOwn(revocation), withOwn(revocation)];
    const { visitor, cookie, id } = await loggedIn(one);
    assert.equal(await opens(other, cookie), true);
    time.advance(1);
    if (end === "revoke") await one.revoke(id);
    else if (end === "revokeAll") await one.revokeAll("ada");
    else await visitor.visit((session) => session.logout());
    assert.equal(await opens(other, cookie), false, end);
  }
});

test("of two stores that share a revocation none waits longer than its own time limit", async () => {
  const revocation = recording();
  const { with: withOwn } = scene();
  const [patient, hasty] = [withOwn(revocation), withOwn(revocation, { timeout: 0.01 })];
  const { cookie } = await visitorOf(patient);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  revocation.answer = () => promise;
  const slow = opens(patient, cookie);
  await assert.rejects(opens(hasty, cookie), refusal("ERR_SESSION_STORE", "within 0.01 s"));
  resolve(false);
  assert.equal(await slow, true);
});

/** A request of a schedule: which token it presents, what it does, and how many others begin before it is saved. */
interface Step {
  readonly from: number;
  readonly act: keyof typeof ACTS;
  readonly lasts: number;
}

const ACTS = {
  regenerate: (session: Loose) => session.regenerate(),
  logout: (session: Loose) => session.logout(),
  destroy: (session: Loose) => session.destroy(),
  set: (session: Loose) => session.set("b", 2),
  login: (session: Loose) => session.login("ada"),
  "logout and set": (session: Loose) => [session.logout(), session.set("c", 3)],
  "logout and login": (session: Loose) => [session.logout(), session.login("bob")],
};
const ENDS = ["logout", "destroy", "logout and set", "logout and login"];

const schedule = fc.array(
  fc.record({
    from: fc.nat(4),
    act: fc.constantFrom<Step["act"][]>(
      ...(["regenerate", "regenerate", "regenerate", "logout", "logout"] as const),
      ...(Object.keys(ACTS) as Step["act"][]),
    ),
    lasts: fc.nat(4),
  }),
  { minLength: 2, maxLength: 7 },
);

interface Outcome {
  /** `"ok"`, or the code of the error. */
  answer: string;
  /** What the client has after it. */
  token: string;
  /** The first session of which this client's goes on, by `regenerate()` alone. */
  line: number;
  readonly loadedLine: number | undefined;
}

/** Runs a schedule. `stores` take turns. Saves that are due together go on at the same time if `atOnce`. */
async function run(
  stores: readonly SessionStore<Any>[],
  time: Time,
  steps: readonly Step[],
  atOnce: boolean,
) {
  const outcomes: Outcome[] = [];
  const due: { readonly at: number; save(): Promise<void> }[] = [];
  const saveThoseDue = async (now: number) => {
    const saves = due.filter(({ at }) => at === now);
    if (atOnce) await Promise.all(saves.map(({ save }) => save()));
    else for (const { save } of saves) await save();
  };
  const begin = async ({ act, from, lasts }: Step, at: number) => {
    const store = stores[at % stores.length];
    assert.ok(store);
    const before = outcomes.findLast((each, index) => index <= from && each.token !== "");
    const token = before?.token ?? "";
    const request = requestOf(token === "" ? {} : { cookie: token });
    const session: Any = await store.load(request);
    const wasNew = session.isNew;
    const loadedLine = wasNew ? undefined : before?.line;
    const outcome: Outcome = { answer: "", token: "", line: at, loadedLine };
    outcomes.push(outcome);
    const save = async () => {
      time.advance(0.01);
      const response = { headers: new Headers() };
      try {
        ACTS[act](session);
        await store.save(request, response, session);
        outcome.answer = "ok";
      } catch (error) {
        outcome.answer = error instanceof SessionError ? error.code : String(error);
        return;
      }
      const lines = response.headers.getSetCookie();
      outcome.token = lines.length === 0 ? token : pairOf(lines);
      if (CLEARED.test(lines[0] ?? "")) outcome.token = "";
      const goesOn = act === "regenerate" || act === "set" || lines.length === 0;
      if (goesOn && before !== undefined && !(wasNew && lines.length > 0))
        outcome.line = before.line;
    };
    due.push({ at: at + lasts, save });
  };
  for (const [index, step] of steps.entries()) {
    time.advance(0.01);
    await begin(step, index);
    await saveThoseDue(index);
  }
  for (let now = steps.length; now <= steps.length + 4; now += 1) await saveThoseDue(now);
  return outcomes;
}

const FIRST: Step = { from: 0, act: "login", lasts: 0 };

/** After a logout that was answered as done, nothing that the session has become by `regenerate()` opens. */
async function checkEnds(
  fresh: SessionStore<Any>,
  steps: readonly Step[],
  outcomes: readonly Outcome[],
): Promise<void> {
  for (const [index, { answer, loadedLine }] of outcomes.entries()) {
    if (answer !== "ok" || loadedLine === undefined) continue;
    if (!ENDS.includes(steps[index]?.act ?? "")) continue;
    for (const { token, line } of outcomes) {
      if (line !== loadedLine || token === "") continue;
      assert.equal(
        (await fresh.load(requestOf({ cookie: token }))).isNew,
        true,
        `request ${index}`,
      );
    }
  }
}

test("property: whatever the order, the same tokens are alive as with a server-side store", async () => {
  await fc.assert(
    fc.asyncProperty(schedule, async (others) => {
      const steps = [FIRST, ...others];
      const [time, sameTime] = [new Time(), new Time()];
      const server = new InMemorySessionStore<Any>({ clock: sameTime.clock });
      const sealed = (cacheFor = 0) =>
        new CookieSessionStore<Any>({
          secret: SECRET,
          clock: time.clock,
          revocation: repositoryRevocation(repository, { cacheFor, onEvent() {} }),
          onEvent() {},
        });
      const repository = new MemorySessionRepository();
      const stores = [sealed(), sealed()];
      const outcomes = await run(stores, time, steps, false);
      const expected = await run([server], sameTime, steps, false);
      const alive = (store: SessionStore<Any>, all: readonly Outcome[]) =>
        Promise.all(
          all.map(async ({ token, answer }) => {
            const { isNew, subject } = await store.load(requestOf({ cookie: token }));
            return `${answer}: ${isNew ? "none" : subject}`;
          }),
        );
      assert.deepEqual(await alive(sealed(), outcomes), await alive(server, expected));
      await checkEnds(sealed(), steps, outcomes);
      await checkEnds(server, steps, expected);
    }),
    runs(300),
  );
});

test("property: after a logout no token of its session opens, with stale answers and saves at the same time", async () => {
  await fc.assert(
    fc.asyncProperty(schedule, fc.infiniteStream(fc.nat(9)), async (others, delays) => {
      const steps = [FIRST, ...others];
      const time = new Time();
      const repository = around(new MemorySessionRepository(), async (_, perform) => {
        const { value: delay } = delays.next();
        for (let turn = 0; turn < delay; turn += 1) await undefined;
        return perform();
      });
      const sealed = () =>
        new CookieSessionStore<Any>({
          secret: SECRET,
          clock: time.clock,
          revocation: repositoryRevocation(repository, { onEvent() {} }),
          onEvent() {},
        });
      const outcomes = await run([sealed(), sealed()], time, steps, true);
      for (const { answer } of outcomes) assert.match(answer, /^(ok|ERR_SESSION_GONE)$/);
      await checkEnds(sealed(), steps, outcomes);
    }),
    runs(200),
  );
});
