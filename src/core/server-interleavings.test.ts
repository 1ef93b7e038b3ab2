import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ServerSessionStore, type ServerSessionStoreOptions, SessionError } from "keepsake";
import { type Any, Jar, type Loose, runs } from "./kit.test.ts";
import { inFlight, type Scene, scene } from "./server/server-kit.test.ts";

/** Bytes from a seed decide how long everything takes, so that a failure can be repeated. */
function dice(seed: number): (sides: number) => number {
  let state = seed >>> 0 || 1;
  return (sides) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % sides;
  };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}

/** Lets most calls of the repository take some turns before they are done, and some before that is known. */
function slow({ tap }: Scene, roll: (sides: number) => number): void {
  const later = async (perform: () => Any) => {
    await turns(roll(12));
    const answer = perform();
    await turns(roll(12));
    return answer;
  };
  tap((_, perform) => (roll(4) === 0 ? perform() : later(perform)));
}

interface Answer {
  readonly error: string | undefined;
  readonly setCookie: readonly string[];
}

/** A request from loading to saving, with a handler that takes some turns. */
async function request(
  store: ServerSessionStore<Any>,
  cookie: string | null,
  act: (session: Loose) => unknown,
  roll: (sides: number) => number,
): Promise<Answer> {
  await turns(roll(60));
  const { session, finish } = await inFlight(store, cookie);
  await turns(roll(60));
  act(session);
  await turns(roll(60));
  try {
    return { error: undefined, setCookie: await finish() };
  } catch (error) {
    assert.ok(error instanceof SessionError, `${error}`);
    return { error: error.code, setCookie: [] };
  }
}

function visitorOf(stage: Scene, options: ServerSessionStoreOptions = {}) {
  const stores = [stage.store, stage.another(options)];
  const visitor = stage.visitor();
  return { stores, visitor, storeAt: (index: number) => stores[index % 2] ?? stage.store };
}

const seeds = fc.integer({ min: 1, max: 2 ** 31 });

test("invariant 4, no lost update: what was answered with success is there, whatever two processes do at the same time", async () => {
  const what = fc.constantFrom("set", "modify", "read", "flash", "in place", "regenerate");
  await fc.assert(
    fc.asyncProperty(
      seeds,
      fc.array(what, { minLength: 2, maxLength: 12 }),
      async (seed, kinds) => {
        const stage = scene({ renewAfter: 10, encrypt: seed % 2 === 0 });
        const { visitor, storeAt } = visitorOf(stage);
        await visitor.visit((session) => session.update({ list: [] }));
        stage.time.advance(seed % 3 === 0 ? 20 : 0);
        const roll = dice(seed);
        slow(stage, roll);
        const cookie = visitor.jar.header;
        const acts: Record<string, (session: Loose, index: number) => unknown> = {
          set: (session, index) => session.set(`k${index}`, index),
          modify: (session) => session.modify("n", (n: Any) => (n ?? 0) + 1),
          read: (session) => session.get("list"),
          flash: (session, index) => session.flash(`f${index}`, index),
          "in place": (session, index) =>
            session.modify("list", (list: Any) => [...(list ?? []), index]),
          regenerate: (session) => session.regenerate(),
        };
        const answers = await Promise.all(
          kinds.map((kind, index) =>
            request(storeAt(index), cookie, (session) => acts[kind]?.(session, index), roll),
          ),
        );
        stage.tap((_, perform) => perform());
        const done = kinds.map((kind, index) => ({ kind, index, ...answers[index] }));
        for (const { error } of done)
          assert.ok(error === undefined || error === "ERR_SESSION_GONE");
        const good = (kind: string) => done.filter((each) => each.kind === kind && !each.error);
        if (!kinds.includes("regenerate")) assert.ok(done.every(({ error }) => !error));
        // The last token that was handed out opens the session.
        const issued = good("regenerate").flatMap(({ setCookie = [] }) => setCookie);
        const jars = [cookie, ...issued.map((line) => line.split(";")[0] ?? "")];
        let data: Any;
        for (const each of jars) {
          const { session } = await inFlight(stage.store, each);
          if (!session.isNew) data = session.toObject();
        }
        assert.ok(data, "somebody still has the session");
        for (const { index } of good("set")) assert.equal(data[`k${index}`], index);
        for (const { index } of good("flash")) assert.equal(data[`f${index}`], index);
        assert.equal(data.n ?? 0, good("modify").length);
        assert.equal(data.list.length, good("in place").length);
        const keys = Object.keys(data).filter((key) => key.startsWith("k"));
        assert.equal(
          keys.length,
          good("set").length,
          "nothing is there that was answered with an error",
        );
      },
    ),
    runs(60),
  );
});

test("requirement 60, invariant 5, the dead stay dead: no writer brings back a session that ended, whatever the order", async () => {
  const ends = fc.constantFrom("logout", "destroy", "revoke", "revokeAll");
  const what = fc.constantFrom("set", "read", "regenerate", "login", "flash", "modify", "logout");
  await fc.assert(
    fc.asyncProperty(
      seeds,
      ends,
      fc.array(what, { minLength: 1, maxLength: 8 }),
      async (seed, end, kinds) => {
        const stage = scene({ renewAfter: 10, encrypt: seed % 2 === 0 });
        const { visitor, storeAt, stores } = visitorOf(stage);
        await visitor.visit((session) => session.login("ada"));
        stage.time.advance(seed % 3 === 0 ? 20 : 0);
        const id = await visitor.see((session) => session.id);
        const roll = dice(seed);
        slow(stage, roll);
        const cookie = visitor.jar.header;
        let isOver = false;
        const ending = async () => {
          await turns(roll(100));
          if (end === "revoke") isOver = await stage.store.revoke(id, { subject: "ada" });
          else if (end === "revokeAll") isOver = (await stage.store.revokeAll("ada")) > 0;
          else {
            const { setCookie } = await request(stage.store, cookie, (s) => s[end](), roll);
            isOver = setCookie.some((line) => line.includes("Max-Age=0"));
          }
        };
        const acts: Record<string, (session: Loose, index: number) => unknown> = {
          set: (session, index) => session.set(`k${index}`, index),
          modify: (session) => session.modify("n", (n: Any) => (n ?? 0) + 1),
          read: (session) => session.get("list"),
          flash: (session, index) => session.flash(`f${index}`, index),
          regenerate: (session) => session.regenerate(),
          login: (session) => session.login("bob"),
          logout: (session) => session.logout(),
        };
        const [answers] = await Promise.all([
          Promise.all(
            kinds.map((kind, index) =>
              request(storeAt(index), cookie, (session) => acts[kind]?.(session, index), roll),
            ),
          ),
          ending(),
        ]);
        stage.tap((_, perform) => perform());
        const tokens = [cookie, ...answers.flatMap(({ setCookie }) => setCookie)];
        for (const each of tokens) {
          for (const store of stores) {
            const { session } = await inFlight(store, each?.split(";")[0] ?? null);
            if (session.isNew) continue;
            assert.notEqual(
              isOver && session.subject === "ada" && session.id === id,
              true,
              "revived",
            );
            if (isOver) assert.equal(session.subject, "bob", "only a login goes on");
          }
        }
        for (const { error } of answers) {
          assert.ok([undefined, "ERR_SESSION_GONE"].includes(error), `${error}`);
        }
      },
    ),
    runs(60),
  );
});

test("requirement 61, invariant 6: twenty requests in flight during a login, answered in any order, leave the browser logged in", async () => {
  const what = fc.constantFrom("set", "read", "flash", "regenerate", "logout");
  await fc.assert(
    fc.asyncProperty(seeds, fc.array(what, { maxLength: 20 }), async (seed, kinds) => {
      const stage = scene();
      const { visitor, storeAt } = visitorOf(stage);
      await visitor.visit((session) => session.set("cart", ["tea"]));
      const roll = dice(seed);
      slow(stage, roll);
      const cookie = visitor.jar.header;
      const acts: Record<string, (session: Loose) => unknown> = {
        set: (session) => session.set("a", 1),
        read: (session) => session.get("cart"),
        flash: (session) => session.flash("note", 1),
        regenerate: (session) => session.regenerate(),
        logout: (session) => session.logout(),
      };
      // They have begun when the login has, and end after it.
      const flights = await Promise.all(kinds.map((_, index) => inFlight(storeAt(index), cookie)));
      const login = await inFlight(stage.store, cookie);
      login.session.login("ada", { keep: ["cart"] });
      const loggedIn = await login.finish();
      const answers = await Promise.all(
        flights.map(async ({ session, finish }, index) => {
          acts[kinds[index] ?? "read"]?.(session);
          await turns(roll(30));
          return finish().catch((error) => {
            assert.equal(error.code, "ERR_SESSION_GONE");
            return [];
          });
        }),
      );
      stage.tap((_, perform) => perform());
      const responses = [...answers, loggedIn];
      const jar = new Jar();
      jar.store(cookieLine(cookie));
      while (responses.length > 0) {
        const [lines = []] = responses.splice(roll(responses.length), 1);
        for (const line of lines) jar.store(line);
      }
      const { session } = await inFlight(stage.store, jar.header);
      assert.equal(session.subject, "ada");
      assert.deepEqual(session.toObject(), { cart: ["tea"] });
    }),
    runs(60),
  );
});

function cookieLine(cookie: string | null): string {
  return `${cookie}; Path=/; Secure; HttpOnly`;
}

test("requirement 67, invariant 8: a lossy browser with many tabs is logged out by nothing, and there is one successor at a time", async () => {
  await fc.assert(
    fc.asyncProperty(seeds, async (seed) => {
      const stage = scene({ renewAfter: 10, encrypt: seed % 2 === 0 });
      const { visitor, storeAt } = visitorOf(stage);
      await visitor.visit((session) => session.login("ada"));
      const roll = dice(seed);
      slow(stage, roll);
      let count = 0;
      for (let round = 0; round < 12; round += 1) {
        stage.time.advance(roll(25));
        const cookie = visitor.jar.header;
        const tabs = Array.from({ length: 1 + roll(5) }, (_, index) =>
          request(storeAt(index), cookie, (s) => s.modify("n", (n: Any) => (n ?? 0) + 1), roll),
        );
        count += tabs.length;
        const answers = await Promise.all(tabs);
        const issued = new Set(answers.flatMap(({ setCookie }) => setCookie));
        assert.ok(issued.size <= 1, "two successors");
        for (const { error, setCookie } of answers) {
          assert.equal(error, undefined);
          // One response in five gets lost.
          if (roll(5) > 0) for (const line of setCookie) visitor.jar.store(line);
        }
      }
      stage.tap((_, perform) => perform());
      const { session } = await inFlight(stage.store, visitor.jar.header);
      assert.deepEqual([session.subject, session.get("n")], ["ada", count]);
    }),
    runs(40),
  );
});

test("requirement 96: five hundred requests of fifty users at once, and nobody gets another's session", async () => {
  const stage = scene();
  const { storeAt } = visitorOf(stage);
  const visitors = Array.from({ length: 50 }, () => stage.visitor());
  for (const [index, visitor] of visitors.entries()) {
    await visitor.visit((session) => session.login(`user ${index}`));
  }
  const roll = dice(1);
  slow(stage, roll);
  let wrong = 0;
  const answers = await Promise.all(
    Array.from({ length: 500 }, (_, index) => {
      const user = index % 50;
      const act = (session: Loose) => {
        if (session.subject !== `user ${user}`) wrong += 1;
        if ((session.get("mine") ?? user) !== user) wrong += 1;
        session.set("mine", user);
        session.modify("n", (n: Any) => (n ?? 0) + 1);
      };
      return request(storeAt(index >> 3), visitors[user]?.jar.header ?? null, act, roll);
    }),
  );
  assert.equal(wrong, 0);
  assert.deepEqual(
    answers.flatMap(({ setCookie }) => setCookie),
    [],
  );
  for (const [index, visitor] of visitors.entries()) {
    assert.deepEqual(await visitor.see((s) => [s.get("mine"), s.get("n")]), [index, 10]);
  }
});
