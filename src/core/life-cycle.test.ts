import assert from "node:assert/strict";
import { test } from "node:test";
import { createSessionConfig, type Pending, Session } from "keepsake";
import { type Any, type Loose, NOON, refusal, seeded, Time } from "./kit.test.ts";

function sessions() {
  const time = new Time();
  const random = seeded();
  const config = createSessionConfig("test", {
    clock: time.clock,
    random,
    idleTimeout: 100,
    absoluteTimeout: 1000,
  });
  const fresh = (data: Any = {}): Loose => new Session<Record<string, Any>>(data, { config });
  const loaded = (data: Any = {}, state: Any = {}): Loose =>
    new Session<Record<string, Any>>(data, { config, id: "old", createdAt: NOON, ...state });
  return { time, random, fresh, loaded };
}

test("a new session has a handle of 16 random bytes as soon as one asks, and keeps it", () => {
  const { fresh, random } = sessions();
  const session = fresh();
  assert.equal(random.calls, 0, "a stranger costs no randomness");
  assert.match(session.id, /^[\w-]{22}$/);
  assert.equal(session.id, session.id);
  assert.equal(random.calls, 1);
  assert.deepEqual([session.isNew, session.isEmpty, session.modified], [true, true, false]);
});

test("a loaded session is what the store says", () => {
  const { loaded } = sessions();
  const session = loaded({ a: 1 }, { subject: "ada", authenticatedAt: NOON + 5 });
  assert.deepEqual([session.id, session.isNew, session.isEmpty], ["old", false, false]);
  assert.equal(session.subject, "ada");
  assert.deepEqual(session.createdAt, new Date(NOON));
  assert.deepEqual(session.authenticatedAt, new Date(NOON + 5));
  assert.equal(session.pending, "none");
});

test("invariant 9, time ends sessions: expiresAt is now + idle, never later than the absolute end since login or creation", () => {
  const { time, fresh, loaded } = sessions();
  assert.deepEqual(fresh().expiresAt, new Date(NOON + 100_000));
  const session = loaded();
  time.advance(950);
  assert.deepEqual(session.expiresAt, new Date(NOON + 1_000_000));
  session.login("ada");
  assert.deepEqual(session.expiresAt, new Date(time.now + 100_000));
  time.advance(950);
  assert.deepEqual(session.expiresAt, new Date(NOON + 1_950_000), "the login moved the end");
});

test("invariant 7, login changes the token: a new handle, a new authentication, and only what keep names", () => {
  const { time, loaded } = sessions();
  const session = loaded({ cart: ["tea"], role: "admin", color: "red" });
  time.advance(10);
  session.login("ada", { keep: ["cart", "none", "toString"] });
  assert.notEqual(session.id, "old");
  assert.equal(session.pending, "login");
  assert.equal(session.subject, "ada");
  assert.deepEqual(session.authenticatedAt, new Date(NOON + 10_000));
  assert.deepEqual(session.toObject(), { cart: ["tea"] });
  assert.equal(session.isNew, false);
});

test("invariant 7, login changes the token: keep names nothing by default", () => {
  const { loaded } = sessions();
  for (const options of [undefined, {}, { keep: [] }]) {
    const session = loaded({ role: "admin" });
    session.login("ada", options);
    assert.deepEqual(session.toObject(), {});
  }
});

test("the same user logs in again: all data stays, handle and authentication are new; another user's login starts empty", () => {
  const { time, loaded } = sessions();
  const state = { subject: "ada", authenticatedAt: NOON };
  const again = loaded({ cart: ["tea"] }, state);
  time.advance(10);
  again.login("ada");
  assert.deepEqual(again.toObject(), { cart: ["tea"] });
  assert.notEqual(again.id, "old");
  assert.deepEqual(again.authenticatedAt, new Date(NOON + 10_000));
  const other = loaded({ cart: ["tea"] }, state);
  other.login("bob");
  assert.deepEqual(other.toObject(), {});
});

test("a subject is text of 1 to 1,024 characters, and a refused login changes nothing", () => {
  const { loaded } = sessions();
  for (const subject of [
    "",
    "x".repeat(1025),
    "\ud800",
    7,
    null,
    undefined,
    {},
    ["ada"],
    "a\0",
  ] as Any[]) {
    const session = loaded({ a: 1 });
    assert.throws(() => session.login(subject), refusal("ERR_SESSION_VALUE", "String(user.id)"));
    assert.deepEqual([session.id, session.pending, session.modified], ["old", "none", false]);
    assert.deepEqual(session.toObject(), { a: 1 });
  }
  for (const subject of ["x", "x".repeat(1024), "é\u0001💥"]) {
    const session = loaded();
    session.login(subject);
    assert.equal(session.subject, subject);
  }
});

test("a login that fails over what keep names leaves the session as it was", () => {
  const { loaded } = sessions();
  const session = loaded({ cart: [], b: 1 });
  session.get("cart").push(new Date(0));
  assert.throws(() => session.login("ada", { keep: ["b", "cart"] }), refusal("ERR_SESSION_VALUE"));
  assert.equal(session.subject, undefined);
  assert.deepEqual(session.keys(), ["cart", "b"]);
});

test("regenerate: a new handle, everything else as it was", () => {
  const { time, loaded } = sessions();
  const session = loaded({ a: 1 }, { subject: "ada", authenticatedAt: NOON + 5 });
  time.advance(10);
  session.regenerate();
  assert.notEqual(session.id, "old");
  assert.equal(session.pending, "regenerate");
  assert.deepEqual(session.toObject(), { a: 1 });
  assert.deepEqual([session.subject, session.authenticatedAt?.getTime()], ["ada", NOON + 5]);
  assert.deepEqual(session.createdAt, new Date(NOON));
  assert.equal(session.modified, true);
});

test("logout: an empty stranger, who may begin anew", () => {
  const { time, loaded } = sessions();
  const session = loaded({ a: 1 }, { subject: "ada", authenticatedAt: NOON, flash: { f: 1 } });
  session.flash("g", 1);
  time.advance(10);
  session.logout();
  assert.deepEqual(
    [session.size, session.subject, session.authenticatedAt],
    [0, undefined, undefined],
  );
  assert.deepEqual([session.isNew, session.isEmpty, session.pending], [true, true, "end"]);
  assert.notEqual(session.id, "old");
  assert.deepEqual(session.createdAt, new Date(NOON + 10_000));
  assert.deepEqual(session.changes, []);
  session.set("b", 2);
  assert.deepEqual(session.toStored().data, { b: 2 });
  assert.equal(session.pending, "end");
});

/** Every method that changes a session. */
const CHANGES: [string, (session: Loose) => unknown][] = [
  ["set", (s) => s.set("a", 1)],
  ["update", (s) => s.update({ a: 1 })],
  ["update of nothing", (s) => s.update({})],
  ["delete", (s) => s.delete("a")],
  ["clear", (s) => s.clear()],
  ["modify", (s) => s.modify("a", () => 1)],
  ["flash", (s) => s.flash("a", 1)],
  ["login", (s) => s.login("ada")],
  ["logout", (s) => s.logout()],
  ["regenerate", (s) => s.regenerate()],
  ["destroy", (s) => s.destroy()],
  ["data.a =", (s) => Object.assign(s.data, { a: 1 })],
  ["delete data.a", (s) => Reflect.deleteProperty(s.data, "a")],
  ["defineProperty", (s) => Object.defineProperty(s.data, "a", { value: 1 })],
];

for (const [name, change] of CHANGES) {
  test(`destroy: ${name} throws ERR_SESSION_DESTROYED afterwards, and reading does not`, () => {
    const { loaded } = sessions();
    const session = loaded({ a: 1 });
    session.destroy();
    assert.throws(() => change(session), refusal("ERR_SESSION_DESTROYED", "logout()"));
    assert.deepEqual([session.size, session.get("a"), session.pending], [0, undefined, "end"]);
    assert.equal(session.modified, true);
  });
}

type Verb = "login" | "logout" | "regenerate" | "destroy";

test("pending says what the save must do, whatever the order of login, logout, regenerate and destroy", () => {
  const table: [Verb[], Pending, Pending][] = [
    [[], "none", "none"],
    [["login"], "login", "login"],
    [["regenerate"], "regenerate", "regenerate"],
    [["logout"], "end", "none"],
    [["destroy"], "end", "none"],
    [["login", "regenerate"], "login", "login"],
    [["regenerate", "login"], "login", "login"],
    [["login", "login"], "login", "login"],
    [["login", "logout"], "end", "none"],
    [["logout", "login"], "end", "login"],
    [["logout", "regenerate"], "end", "regenerate"],
    [["logout", "login", "regenerate"], "end", "login"],
    [["logout", "login", "logout"], "end", "none"],
    [["regenerate", "destroy"], "end", "none"],
    [["logout", "destroy"], "end", "none"],
  ];
  const { fresh, loaded } = sessions();
  for (const [verbs, ofLoaded, ofNew] of table) {
    for (const [session, expected] of [
      [loaded({ a: 1 }), ofLoaded],
      [fresh({ a: 1 }), ofNew],
    ] as const) {
      for (const verb of verbs) {
        if (verb === "login") session.login("ada");
        else session[verb]();
      }
      assert.equal(session.pending, expected, verbs.join(", "));
    }
  }
});
