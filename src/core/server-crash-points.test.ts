import assert from "node:assert/strict";
import { test } from "node:test";
import { type ServerSessionStoreOptions, SessionError, SessionMiddleware } from "keepsake";
import { type Any, type Loose, requestOf, type Visitor } from "./kit.test.ts";
import { type Around, inFlight, type Scene, scene, settle } from "./server/server-kit.test.ts";

/** What a repository does at the call where it fails. */
const faults: Record<string, (perform: () => Any) => Any> = {
  "throws and has done nothing": () => {
    throw new Error("connection refused");
  },
  "throws and has done it": (perform) => {
    perform();
    throw new Error("connection reset");
  },
  "rejects and has done it, later": async (perform) => {
    await settle();
    perform();
    throw new Error("connection reset");
  },
  "never answers and has done nothing": () => new Promise(() => {}),
  "never answers and has done it": (perform) => {
    perform();
    return new Promise(() => {});
  },
};

interface Scenario {
  readonly options?: ServerSessionStoreOptions;
  /** What was before. */
  readonly before?: (visitor: Visitor, scene: Scene) => Promise<unknown>;
  /** What the request does. */
  readonly act: (session: Loose) => unknown;
  /** What another request of the visitor does while this one is under way. */
  readonly meanwhile?: (session: Loose) => unknown;
  /** How many tokens may be good afterwards: the two of a renewal, otherwise one. */
  readonly tokens?: number;
  /** How it has to be in the end, when the request was made again. */
  readonly after: (session: Loose) => void;
}

const anonymous = (visitor: Visitor) => visitor.visit((s) => s.update({ cart: ["tea"], role: 1 }));
const asAda = (visitor: Visitor) => visitor.visit((session) => session.login("ada"));
const isAda = ({ subject }: Loose) => assert.equal(subject, "ada");
const isChanged = (session: Loose) => assert.equal(session.get("a"), 1);
const isStranger = (session: Loose) => assert.equal(session.isNew, true);

const scenarios: Record<string, Scenario> = {
  "a stranger logs in": { act: (s) => s.login("ada"), after: isAda },
  "a visitor with a session logs in": {
    before: anonymous,
    act: (s) => s.login("ada", { keep: ["cart"] }),
    after: (s) => {
      isAda(s);
      assert.equal(s.get("role"), undefined);
    },
  },
  "a login meets a conflict": {
    before: anonymous,
    meanwhile: (s) => s.set("other", 1),
    act: (s) => s.login("ada"),
    after: isAda,
  },
  "a login beyond the limit of sessions": {
    options: { subjectLimit: { sessions: 1, beyond: "evict-oldest" } },
    before: async (visitor, { visitor: another }) => {
      await asAda(another());
      await anonymous(visitor);
    },
    act: (s) => s.login("ada"),
    after: isAda,
  },
  "another user logs in over the first": {
    before: asAda,
    act: (s) => s.login("bob"),
    after: ({ subject }) => assert.equal(subject, "bob"),
  },
  "a user logs out": { before: asAda, act: (s) => s.logout(), after: isStranger },
  "a user logs out while a request writes": {
    before: asAda,
    meanwhile: (s) => s.set("a", 1),
    act: (s) => s.logout(),
    after: isStranger,
  },
  "a user logs out and another logs in, in one request": {
    before: asAda,
    act: (s) => {
      s.logout();
      s.login("bob");
    },
    after: ({ subject }) => assert.equal(subject, "bob"),
  },
  "a new token": { before: asAda, act: (s) => s.regenerate(), after: () => {} },
  "a stranger's first change": {
    act: (s) => s.set("a", 1),
    after: isChanged,
  },
  "a change": { before: asAda, act: (s) => s.set("a", 1), after: isChanged },
  "a change meets a conflict": {
    before: asAda,
    meanwhile: (s) => s.set("n", 1),
    act: (s) => s.set("a", 1),
    after: (s) => {
      isChanged(s);
      assert.equal(s.get("n"), 1);
    },
  },
  "a renewal begins": {
    options: { renewAfter: 10 },
    before: async (visitor, { time }) => {
      await asAda(visitor);
      time.advance(20);
    },
    act: (s) => s.get("a"),
    tokens: 2,
    after: isAda,
  },
  "a renewal ends": {
    options: { renewAfter: 10 },
    before: async (visitor, { time }) => {
      await asAda(visitor);
      time.advance(20);
      await visitor.visit((s) => s.get("a"));
    },
    act: (s) => s.get("a"),
    tokens: 2,
    after: isAda,
  },
  "a use is noted": {
    before: async (visitor, { time }) => {
      await asAda(visitor);
      time.advance(50);
    },
    act: (s) => s.get("a"),
    after: isAda,
  },
  "the last flash value is read": {
    before: (visitor) => visitor.visit((s) => s.flash("note", "bye")),
    act: (s) => s.get("note"),
    after: isStranger,
  },
};

/** A scene with a visitor and what was before. */
async function prepare({ options, before }: Scenario) {
  const stage = scene({ idleTimeout: 500, timeout: 0.02, ...options });
  const visitor = stage.visitor();
  await before?.(visitor, stage);
  return { ...stage, visitor };
}

/** Makes the request; `failAt` is the call that fails. Gives the error that it was answered with, if any. */
async function request(
  { store, tap, visitor }: Awaited<ReturnType<typeof prepare>>,
  { act, meanwhile }: Scenario,
  failAt = -1,
  fault = (perform: () => Any): Any => perform(),
  made: string[] = [],
): Promise<SessionError | undefined> {
  let isOthers = false;
  const around: Around = ({ verb }, perform) => {
    if (isOthers) return perform();
    made.push(verb);
    return made.length - 1 === failAt ? fault(perform) : perform();
  };
  tap(around);
  const middleware = new SessionMiddleware<Any>(store, { onEvent: () => {} });
  const cookie = visitor.jar.header;
  const asked = requestOf(cookie === null ? {} : { cookie });
  const response = { headers: new Headers(), status: 200 };
  try {
    const session = await middleware.load(asked);
    act(session);
    isOthers = true;
    if (meanwhile !== undefined) {
      const other = await inFlight(store, cookie);
      meanwhile(other.session);
      await other.finish();
    }
    isOthers = false;
    await middleware.save(asked, response, session);
    visitor.jar.receive(response);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof SessionError, `${error}`);
    for (const line of [error.headers["set-cookie"] ?? []].flat()) {
      assert.match(line, /Max-Age=0/, "an error carries no token");
      visitor.jar.store(line);
    }
    return error;
  } finally {
    tap((_, perform) => perform());
    await settle();
    await settle();
  }
}

/** How many records there are that somebody can open, and each must be whole. */
async function live(
  { memory, store }: Pick<Scene, "memory" | "store">,
  cookies: readonly (string | null)[],
) {
  const found: Loose[] = [];
  for (const cookie of new Set(cookies)) {
    const { session } = await inFlight(store, cookie);
    if (!session.isNew) found.push(session);
  }
  for (const subject of ["ada", "bob"]) {
    for (const { credentials, data } of memory.findBySubject(subject, {
      now: 0,
      signal: new AbortController().signal,
    })) {
      assert.equal(typeof JSON.parse(credentials).current.hash, "string");
      JSON.parse(data);
    }
  }
  return found;
}

for (const [name, scenario] of Object.entries(scenarios)) {
  test(`requirement 57, whatever call fails: ${name}`, async () => {
    const { tokens = 1 } = scenario;
    const clean = await prepare(scenario);
    const made: string[] = [];
    assert.equal(await request(clean, scenario, undefined, undefined, made), undefined);
    await clean.visitor.visit(scenario.after);
    assert.ok(made.length > 0);

    for (const [failAt, verb] of made.entries()) {
      for (const [how, fault] of Object.entries(faults)) {
        const what = `call ${failAt + 1} (${verb}) ${how}`;
        const stage = await prepare(scenario);
        const { visitor, time } = stage;
        const old = visitor.jar.header;
        const error = await request(stage, scenario, failAt, fault);
        if (error !== undefined) assert.equal(error.code, "ERR_SESSION_STORE", what);

        const alive = await live(stage, [old, visitor.jar.header]);
        assert.ok(alive.length <= tokens, `${what}: two live tokens`);
        const [opened] = alive;
        if (opened?.subject !== undefined && visitor.jar.header === old) {
          const before = await prepare(scenario);
          const was = (await inFlight(before.store, before.visitor.jar.header)).session.subject;
          assert.equal(opened.subject, was, `${what}: the old token opens what the login made`);
        }

        // The visitor tries again, and once more when what ended is remembered no longer.
        const again = await request(stage, scenario);
        if (again !== undefined) {
          assert.equal(again.code, "ERR_SESSION_GONE", what);
          time.advance(121);
          assert.equal(await request(stage, scenario), undefined, what);
        }
        await visitor.visit(scenario.after);
        const left = await live(stage, [old, visitor.jar.header]);
        assert.ok(left.length <= tokens, `${what}: two live tokens in the end`);
      }
    }
  });
}
