import assert from "node:assert/strict";
import { test } from "node:test";
import { InMemorySessionStore } from "keepsake";
import { type Any, type Loose, refusal, requestOf, Visitor, visit } from "../core/kit.test.ts";
import { inFlight, start } from "./memory-kit.test.ts";

const NAME = "__Host-session";

test("invariant 1, nothing for strangers: reading creates no record, nor does setting and taking back", async () => {
  const store = new InMemorySessionStore<Any>();
  for (const act of [
    () => {},
    (s: Loose) => [s.id, s.get("a"), s.toObject()],
    (s: Loose) => [s.set("a", 1), s.delete("a")],
    (s: Loose) => [s.login("ada"), s.logout()],
    (s: Loose) => s.regenerate(),
  ]) {
    assert.deepEqual((await visit(store, act)).setCookie, []);
  }
  assert.equal(store.size, 0);
});

test("invariant 2, strict: a handle without its credential, or with another's, is nobody's session", async () => {
  const { store, id, cookie } = await start();
  const other = new Visitor(store);
  await other.visit((session) => session.set("b", 2));
  const credential = other.jar.value(NAME)?.split(".")[1] ?? "";
  const token = cookie.slice(NAME.length + 1);
  for (const bad of [
    id,
    `${id}.`,
    `${id}.${"A".repeat(43)}`,
    `${id}.${credential}`,
    `${"A".repeat(22)}.${credential}`,
    `${token}A`,
    `${token}=`,
    token.slice(0, -1),
    `${token}.x`,
    `__proto__.${credential}`,
    "../../etc/passwd",
  ]) {
    const { session, setCookie } = await visit(store, (s) => s.set("c", 3), {
      cookie: `${NAME}=${bad}`,
    });
    assert.deepEqual(session.toObject(), { c: 3 }, bad);
    assert.notEqual(session.id, id);
    assert.equal(setCookie.length, 1);
  }
});

test("requirement 45: a credential has one spelling, its last bits included", async () => {
  const { cookie, alive } = await start();
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const accepted: string[] = [];
  for (const last of letters) {
    if (await alive(cookie.slice(0, -1) + last)) accepted.push(last);
  }
  assert.deepEqual(accepted, [cookie.at(-1)]);
});

test("invariant 4, no lost update: requests at the same time that change different keys, or modify one, lose nothing", async () => {
  const { store, cookie, visitor } = await start();
  const requests = await Promise.all(Array.from({ length: 50 }, () => inFlight(store, cookie)));
  requests.forEach(({ session }, index) => {
    session.set(`k${index}`, index);
    session.modify("a", (a) => a + 1);
  });
  const answers = await Promise.all(requests.map(({ finish }) => finish()));
  assert.deepEqual(answers.flat(), []);
  const data = await visitor.see((session) => session.toObject());
  assert.equal(data.a, 51);
  assert.equal(Object.keys(data).length, 52);
});

test("invariant 4, no lost update: reading the last flash value ends no session that another request is filling", async () => {
  const store = new InMemorySessionStore<Any>();
  const visitor = new Visitor(store);
  await visitor.visit((session) => session.flash("note", "saved"));
  const reading = await inFlight(store, visitor.jar.header ?? "");
  assert.equal(reading.session.get("note"), "saved");
  await visitor.visit((session) => session.set("cart", ["tea"]));
  assert.deepEqual(
    await reading.finish(),
    [],
    "the cookie of the session that goes on is not deleted",
  );
  assert.deepEqual(await visitor.see((session) => session.toObject()), { cart: ["tea"] });
});

test("invariant 5, the dead stay dead: no request in flight brings back a session that ended, and its change fails", async () => {
  const changes: ((session: Loose) => unknown)[] = [
    (session) => session.set("b", 1),
    (session) => session.delete("a"),
    (session) => session.get("list").push(2),
    (session) => session.flash("note", 1),
    (session) => session.regenerate(),
  ];
  for (const end of ["logout", "destroy"] as const) {
    for (const change of changes) {
      const { store, visitor, cookie, alive } = await start();
      const late = await inFlight(store, cookie);
      change(late.session);
      await visitor.visit((session) => session[end]());
      await assert.rejects(late.finish, refusal("ERR_SESSION_GONE"));
      assert.equal(await alive(cookie), false);
    }
  }
});

test("invariant 6, a late response never harms: only a login goes on from a session that ended, under a new token", async () => {
  const { store, visitor, cookie, id, alive } = await start();
  const late = await inFlight(store, cookie);
  late.session.login("ada");
  await visitor.visit((session) => session.logout());
  const [line = ""] = await late.finish();
  assert.equal(await alive(cookie), false);
  const session = (await store.load(requestOf({ cookie: line.split(";")[0] ?? "" }))) as Loose;
  assert.deepEqual([session.subject, session.toObject()], ["ada", {}]);
  assert.notEqual(session.id, id);
});

test("invariant 6, a late response never harms: a logout that comes too late takes no newer token away", async () => {
  for (const after of [() => {}, (session: Loose) => session.flash("note", "bye")]) {
    const { store, visitor, cookie } = await start();
    const late = await inFlight(store, cookie);
    late.session.logout();
    after(late.session);
    await visitor.visit((session) => session.login("ada"));
    const failed = after.length > 0;
    if (failed) await assert.rejects(late.finish, refusal("ERR_SESSION_GONE"));
    else assert.deepEqual(await late.finish(), []);
    assert.equal(await visitor.see((session) => session.subject), "ada");
  }
});

test("invariant 5, the dead stay dead: a login of the same user brings back no data of a session that ended meanwhile", async () => {
  const { store, visitor } = await start();
  await visitor.visit((session) => session.login("ada"));
  await visitor.visit((session) => session.set("cart", ["tea"]));
  const late = await inFlight(store, visitor.jar.header ?? "");
  late.session.login("ada");
  await visitor.visit((session) => session.logout());
  const [line = ""] = await late.finish();
  const session = (await store.load(requestOf({ cookie: line.split(";")[0] ?? "" }))) as Loose;
  assert.deepEqual([session.subject, session.toObject()], ["ada", {}]);
});

test("invariant 5, the dead stay dead: a late request that only read, or read a flash value, is dropped without a word", async () => {
  const { store, visitor, cookie, alive } = await start();
  await visitor.visit((session) => session.flash("note", 1));
  const late = await inFlight(store, cookie);
  assert.equal(late.session.get("note"), 1);
  await visitor.visit((session) => session.logout());
  assert.deepEqual(await late.finish(), []);
  assert.equal(await alive(cookie), false);
});

test("invariant 7, login changes the token: the old one is dead at once", async () => {
  const { store, visitor, id, cookie, alive } = await start();
  await visitor.visit((session) => session.login("ada", { keep: ["a"] }));
  assert.equal(await alive(cookie), false);
  assert.deepEqual(await visitor.see((s) => [s.subject, s.toObject()]), ["ada", { a: 1 }]);
  // The handle stays, so that the login is one update of one record.
  assert.equal(await visitor.see((session) => session.id), id);
  assert.equal(store.size, 1);
});

test("a record that the serializer cannot read is no session, and an event, never an empty session", async () => {
  const events: string[] = [];
  let broken = false;
  const serializer = {
    parse: (text: string) => (broken ? undefined : JSON.parse(text)),
    stringify: (value: unknown) => JSON.stringify(value),
  };
  const store = new InMemorySessionStore<Any>({
    serializer,
    onEvent: ({ type }) => events.push(type),
  });
  const visitor = new Visitor(store);
  await visitor.visit((session) => session.login("ada"));
  broken = true;
  assert.equal(await visitor.see((session) => session.subject), undefined);
  assert.deepEqual(events, ["created", "login", "data-refused"]);
});
