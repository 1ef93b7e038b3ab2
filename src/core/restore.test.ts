import assert from "node:assert/strict";
import { test } from "node:test";
import { NOON } from "./kit.test.ts";
import { beginSession, restoreSession } from "./restore.ts";
import { internals } from "./session.ts";
import { createSessionConfig } from "./session-config.ts";
import type { StoredState } from "./session-state.ts";

const HANDLE = "AAAAAAAAAAAAAAAAAAAAAA";
const SECRET = "A".repeat(43);

/** A session as a store restores it, and what of its state it has asked for. */
function restored() {
  const asked = new Set<string>();
  const state: StoredState = {
    id: HANDLE,
    subject: "ada",
    createdAt: NOON,
    authenticatedAt: undefined,
    antiForgerySecret: SECRET,
  };
  const origin = new Proxy(state, {
    get(target, key, receiver) {
      asked.add(String(key));
      return Reflect.get(target, key, receiver);
    },
  });
  const config = createSessionConfig("test", { clock: () => NOON });
  const contents = { data: { a: 1, cart: ["tea"] }, flash: { note: "hi" } };
  return {
    session: restoreSession<Record<string, unknown>>(config, origin, contents),
    origin,
    asked,
  };
}

test("a store that makes a session's handle and secret late is asked for neither where only data is used", () => {
  const { session, asked } = restored();
  session.get("a");
  assert.equal(session.modified, false);
  assert.deepEqual([...asked], []);
  session.set("a", 2);
  assert.deepEqual([session.modified, session.subject, session.isEmpty], [true, "ada", false]);
  assert.equal(session.isNew, false);
  assert.equal(asked.has("id") || asked.has("antiForgerySecret"), false);
  assert.equal(session.id, HANDLE);
  assert.equal(internals.antiForgerySecret(session), SECRET);
});

test("a session that was restored has all that its store knew, and leads back to it", () => {
  const { session, origin } = restored();
  assert.equal(internals.origin(session), origin);
  const { id, isNew, subject, createdAt } = session;
  assert.deepEqual([id, isNew, subject, createdAt.getTime()], [HANDLE, false, "ada", NOON]);
  assert.deepEqual(session.toObject(), { a: 1, cart: ["tea"], note: "hi" });
  session.regenerate();
  assert.notEqual(session.id, HANDLE);
  assert.notEqual(internals.antiForgerySecret(session), SECRET);
  assert.equal(internals.storedAntiForgerySecret(session), SECRET);
});

test("a session of nobody is new, empty and unchanged, and becomes whatever is made of it", () => {
  const config = createSessionConfig("test", { clock: () => NOON });
  const session = beginSession<Record<string, unknown>>(config);
  assert.equal(internals.origin(session), undefined);
  assert.equal(internals.isLoaded(session), false);
  assert.deepEqual([session.modified, session.isNew, session.isEmpty], [false, true, true]);
  session.set("a", 1);
  assert.deepEqual([session.modified, session.isEmpty], [true, false]);
  assert.equal(session.createdAt.getTime(), NOON);
});

test("modified is whether there is a change or something pending, whatever was done", () => {
  const acts: ((session: ReturnType<typeof restored>["session"]) => unknown)[] = [
    (session) => session.get("a"),
    (session) => session.get("cart"),
    (session) => (session.get("cart") as string[]).push("milk"),
    (session) => session.get("note"),
    (session) => session.set("a", 1),
    (session) => session.delete("b"),
    (session) => session.delete("a"),
    (session) => session.flash("b", 1),
    (session) => session.clear(),
    (session) => session.login("eve"),
    (session) => session.regenerate(),
    (session) => session.logout(),
  ];
  const seen = acts.map((act) => {
    const { session } = restored();
    act(session);
    assert.equal(session.modified, session.changes.length > 0 || session.pending !== "none");
    return session.modified;
  });
  assert.deepEqual(seen, [
    false,
    false,
    true,
    true,
    true,
    false,
    true,
    true,
    true,
    true,
    true,
    true,
  ]);
});
