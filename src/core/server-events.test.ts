import assert from "node:assert/strict";
import { test } from "node:test";
import { type ServerSessionStoreOptions, SessionMiddleware } from "keepsake";
import {
  type Any,
  type Loose,
  OLD_SECRET,
  refusal,
  requestOf,
  SECRET,
  type Visitor,
} from "./kit.test.ts";
import {
  cookieOf,
  inFlight,
  NAME,
  type Scene,
  scene,
  settle,
  tokenOf,
} from "./server/server-kit.test.ts";

/** What an event says, without what differs from run to run. */
const brief = ({ type, ...rest }: Any) =>
  [type, rest.reason, rest.subject, rest.count].filter((each) => each !== undefined).join(" ");

interface Scenario {
  readonly options?: ServerSessionStoreOptions;
  readonly before?: (visitor: Visitor, scene: Scene) => unknown;
  readonly act: (visitor: Visitor, scene: Scene) => unknown;
  readonly events: readonly string[];
}

const set = (visitor: Visitor) => visitor.visit((session) => session.set("a", 1));
const read = (visitor: Visitor) => visitor.visit((session) => session.get("a"));
const login = (visitor: Visitor) => visitor.visit((session) => session.login("ada"));
const idOf = (visitor: Visitor) => tokenOf(visitor.jar.header).handle;
const after = async (seconds: number, visitor: Visitor, { time }: Scene) => {
  await login(visitor);
  time.advance(seconds);
};

const scenarios: Record<string, Scenario> = {
  "a stranger reads": { act: read, events: [] },
  "a stranger's first change": { act: set, events: ["created"] },
  "a stranger logs in": { act: login, events: ["created ada", "login ada"] },
  "a visitor with a session logs in": { before: set, act: login, events: ["login ada"] },
  "a change, and a reading": {
    before: set,
    act: async (v) => [await set(v), await read(v)],
    events: [],
  },
  "a use is noted": { before: (v, s) => after(50, v, s), act: read, events: [] },
  "a new token": {
    before: login,
    act: (v) => v.visit((s) => s.regenerate()),
    events: ["regenerated"],
  },
  "a logout": { before: login, act: (v) => v.visit((s) => s.logout()), events: ["ended logout"] },
  "a session is destroyed": {
    before: login,
    act: (v) => v.visit((s) => s.destroy()),
    events: ["ended logout"],
  },
  "a logout and a login in one request": {
    before: login,
    act: (v) => v.visit((s) => [s.logout(), s.login("bob")]),
    events: ["ended logout", "created bob", "login bob"],
  },
  "the last flash value is read": {
    before: (v) => v.visit((s) => s.flash("a", 1)),
    act: read,
    events: ["ended spent"],
  },
  "a revocation": {
    before: login,
    act: (v, { store }) => store.revoke(idOf(v)),
    events: ["ended revoked"],
  },
  "a revocation of nothing": { act: (_, { store }) => store.revoke("A".repeat(22)), events: [] },
  "a subject's sessions are revoked": {
    before: async (v, s) => [await login(v), await login(s.visitor())],
    act: (_, { store }) => store.revokeAll("ada"),
    events: ["ended revoked", "ended revoked"],
  },
  "an eviction": {
    options: { subjectLimit: { sessions: 1, beyond: "evict-oldest" } },
    before: login,
    act: (_, s) => login(s.visitor()),
    events: ["created ada", "login ada", "ended evicted"],
  },
  "a renewal begins": {
    options: { renewAfter: 10 },
    before: (v, s) => after(20, v, s),
    act: read,
    events: ["renewed"],
  },
  "a renewal ends": {
    options: { renewAfter: 10 },
    before: async (v, s) => [await after(20, v, s), await read(v)],
    act: read,
    events: [],
  },
  "a session has run out": {
    before: (v, s) => after(200, v, s),
    act: read,
    events: ["token-refused no-session"],
  },
  "a token that nobody issued": {
    act: (v) => read(holding(v, `${"A".repeat(22)}.${"A".repeat(43)}`)),
    events: ["token-refused no-session"],
  },
  "a known handle and another credential": {
    before: login,
    act: (v) => read(holding(v, `${idOf(v)}.${"A".repeat(43)}`)),
    events: ["token-refused unknown-credential"],
  },
  "what is no token": { act: (v) => read(holding(v, "junk")), events: [] },
  "a token without the right MAC": {
    options: { secret: SECRET },
    act: (v) => read(holding(v, `${"A".repeat(22)}.${"A".repeat(43)}.${"A".repeat(22)}`)),
    events: [],
  },
  "a token of before the login": {
    before: set,
    act: async (v) => {
      const old = v.jar.value(NAME) ?? "";
      await login(v);
      await read(holding(v, old));
    },
    events: ["login ada", "token-refused retired"],
  },
  "a token of after its grace": {
    options: { renewAfter: 10, idleTimeout: 500 },
    before: (v, s) => after(20, v, s),
    act: async (v, { time }) => {
      const old = v.jar.value(NAME) ?? "";
      await read(v);
      await read(v);
      time.advance(31);
      await read(holding(v, old));
    },
    events: ["renewed", "token-refused grace-over"],
  },
  "two tokens that are both good": {
    before: set,
    act: async (v, s) => {
      const other = s.visitor();
      await set(other);
      await v.visit((session) => session.get("a"), {
        cookie: `${v.jar.header}; ${other.jar.header}`,
      });
    },
    events: ["created", "duplicate-token"],
  },
  "stored data that cannot be read": {
    before: async (v, s) => {
      await set(v);
      damage(s, idOf(v), { data: "{" });
    },
    act: read,
    events: ["data-refused the stored record cannot be read"],
  },
  "stored credentials that cannot be read": {
    before: async (v, s) => {
      await set(v);
      damage(s, idOf(v), { credentials: "{" });
    },
    act: read,
    events: ["data-refused the stored record cannot be read"],
  },
  "the library's own write fails": {
    before: (v, s) => after(50, v, s),
    act: async (v, s) => {
      s.tap(({ verb }, perform) => (verb === "touch" ? Promise.reject() : perform()));
      await read(v);
    },
    events: ["touch-failed"],
  },
  "the application's write fails": {
    before: login,
    act: async (v, s) => {
      s.tap(({ verb }, perform) => (verb === "update" ? Promise.reject() : perform()));
      await assert.rejects(set(v), refusal("ERR_SESSION_STORE"));
    },
    events: ["save-failed"],
  },
  "the repository is down, and back": {
    act: async (v, s) => {
      s.tap(() => Promise.reject(new Error("down")));
      for (let count = 0; count < 9; count += 1) {
        await assert.rejects(s.store.sweep(), refusal("ERR_SESSION_STORE"));
      }
      s.tap((_, perform) => perform());
      s.time.advance(2);
      await set(v);
    },
    events: ["store-down", "store-up", "created"],
  },
  "what expired is removed": {
    before: (v, s) => after(200, v, s),
    act: (_, { store }) => store.sweep(),
    events: ["swept 1"],
  },
};

function holding(visitor: Visitor, token: string): Visitor {
  visitor.jar.store(`${NAME}=${token}; Path=/; Secure`);
  return visitor;
}

function damage({ memory, record }: Scene, handle: string, changes: Any): void {
  const before = record(handle);
  assert.ok(before);
  const context = { now: 0, signal: new AbortController().signal, before };
  memory.update(handle, before.version, { ...before, ...changes }, context);
}

for (const [name, { options, before, act, events }] of Object.entries(scenarios)) {
  test(`requirement 93: ${name}: ${events.length === 0 ? "no event" : events.join(", ")}`, async () => {
    const stage = scene(options);
    const visitor = stage.visitor();
    const told = (event: Any) => void stage.events.push(event);
    const visit = visitor.visit.bind(visitor);
    visitor.visit = (handler, more) => visit(handler, { onEvent: told, ...more });
    await before?.(visitor, stage);
    stage.events.length = 0;
    await act(visitor, stage);
    await settle();
    assert.deepEqual(stage.events.map(brief), events);
  });
}

test("requirement 8, invariant 10: no event, error, inspection or stored record has a token, whatever happens", async () => {
  const tokens = new Set<string>();
  const texts: string[] = [];
  for (const [name, { options, before, act }] of Object.entries(scenarios)) {
    const stage = scene({ secret: [SECRET, OLD_SECRET], ...options });
    const visitor = stage.visitor();
    const receive = visitor.jar.receive.bind(visitor.jar);
    visitor.jar.receive = (response) => {
      for (const line of response.headers.getSetCookie())
        tokens.add(cookieOf([line]).split("=")[1] ?? "");
      receive(response);
    };
    const write = console.warn;
    console.warn = (...parts: unknown[]) => void texts.push(parts.join(" "));
    try {
      await before?.(visitor, stage);
      await act(visitor, stage);
    } catch (error) {
      texts.push(`${(error as Error).stack} ${JSON.stringify(error)} ${name}`);
    } finally {
      console.warn = write;
    }
    for (const event of stage.events) {
      const { error } = event as { error?: Error };
      texts.push(JSON.stringify(event), `${error?.stack} ${JSON.stringify(error)} ${error?.cause}`);
    }
    const { id } = (await inFlight(stage.store, visitor.jar.header)).session;
    texts.push(JSON.stringify(stage.record(id) ?? null), JSON.stringify(stage.store));
  }
  assert.ok(tokens.size > 20);
  for (const token of tokens) {
    const [, credential = ""] = token.split(".");
    if (credential === "") continue;
    for (const text of texts) assert.ok(!text.includes(credential), text);
  }
});

test("requirement 93: an event is told once it is so: what was not written is not told", async () => {
  const acts: ((session: Loose) => unknown)[] = [
    (session) => session.login("ada"),
    (session) => session.regenerate(),
    (session) => session.logout(),
  ];
  for (const act of acts) {
    const stage = scene();
    const visitor = stage.visitor();
    await set(visitor);
    stage.events.length = 0;
    stage.tap(({ verb }, perform) => (verb === "update" ? Promise.reject(new Error()) : perform()));
    const middleware = new SessionMiddleware<Any>(stage.store, { onEvent: () => {} });
    const request = requestOf({ cookie: visitor.jar.header ?? "" });
    const session = await middleware.load(request);
    act(session);
    const response = { headers: new Headers() };
    await assert.rejects(async () => middleware.save(request, response, session));
    assert.deepEqual(stage.events, []);
    assert.deepEqual(response.headers.getSetCookie(), []);
  }
});
