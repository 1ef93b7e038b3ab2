import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { CookieSessionStore, type CookieSessionStoreOptions, xchachaSealer } from "keepsake";
import {
  type Any,
  Jar,
  OLD_SECRET,
  OLDEST_SECRET,
  recorder,
  requestOf,
  SECRET,
  seeded,
  Time,
  Visitor,
} from "../core/kit.test.ts";

const NAME = "__Host-session";
const storeOf = (options: CookieSessionStoreOptions = {}) =>
  new CookieSessionStore<Any>({ secret: SECRET, ...options });
const keyIdOf = (token = "") => token.split(".")[1];

/** A visitor who has been given a session. */
async function withSession(store = storeOf(), data: Any = { a: 1 }, jar = new Jar()) {
  const visitor = new Visitor(store, jar);
  const { session } = await visitor.visit((fresh) => fresh.update(data));
  return { visitor, id: session.id, token: visitor.jar.value(NAME) ?? "", jar };
}

test("invariant 10, secrets stay secret: no token, secret or value in what is inspected, printed, thrown or told", async () => {
  const { events, onEvent } = recorder();
  const store = storeOf({ onEvent, random: seeded() });
  const { visitor, token } = await withSession(store, { a: "marker-value" });
  const other = await withSession(store, { a: "marker-value" });
  const seen: unknown[] = [store, store.load(requestOf({ cookie: visitor.jar.header ?? "" }))];
  seen.push(store.load(requestOf({ cookie: `${NAME}=${token}; ${NAME}=${other.token}` })));
  for (const act of [
    (session: Any) => session.set("b", "x".repeat(5000)),
    (session: Any) => session.set("b", new Map()),
    (session: Any) => session.getOrThrow("none"),
  ]) {
    await assert.rejects(visitor.visit(act, { onEvent }), (error) => seen.push(error) > 0);
  }
  assert.deepEqual(
    new Set(events.map(({ type }) => type)),
    new Set(["duplicate-token", "save-failed"]),
  );
  const depth = Number.POSITIVE_INFINITY;
  const shown = [...seen, ...events, store.vary].flatMap((each) => [
    inspect(each, { depth, showHidden: true }),
    inspect(each, { depth, showHidden: true, customInspect: false }),
    JSON.stringify(each),
    String(each),
  ]);
  const body = token.split(".")[2] ?? "";
  for (const hidden of [SECRET, token, body.slice(0, 20), "marker-value"]) {
    assert.ok(!shown.join("\n").includes(hidden), `${hidden} is shown`);
  }
});

test("invariant 11, sealed to its place: a token moved to another cookie's name is no session", async () => {
  const { token } = await withSession();
  const names: [CookieSessionStoreOptions, string][] = [
    [{ cookie: { name: "other" } }, "__Host-other"],
    [{ cookie: { prefix: "none" } }, "session"],
    [{ cookie: { prefix: "__Secure-" } }, "__Secure-session"],
    [{}, `${NAME}-seen`],
  ];
  for (const [options, name] of names) {
    const session = await storeOf(options).load(requestOf({ cookie: `${name}=${token}` }));
    assert.equal(session.isNew, true);
  }
  const other = storeOf({ audience: "other" });
  assert.equal((await other.load(requestOf({ cookie: `${NAME}=${token}` }))).isNew, true);
});

test("invariant 11, sealed to its place: a note of use is no session, and a session no note", async () => {
  const time = new Time();
  const store = storeOf({ clock: time.clock, idleTimeout: 100 });
  const { visitor } = await withSession(store);
  time.advance(50);
  await visitor.visit((session) => session.get("a"));
  const note = visitor.jar.value(`${NAME}-seen`);
  assert.ok(note);
  assert.equal((await store.load(requestOf({ cookie: `${NAME}=${note}` }))).isNew, true);
});

test("invariant 12, keys rotate without logging anyone out: three keys over time, and a save seals anew", async () => {
  const jar = new Jar();
  const visitorOf = (...secret: string[]) => new Visitor(storeOf({ secret }), jar);
  const idOf = (secret: string) =>
    keyIdOf(xchachaSealer(secret).seal(new Uint8Array(), { purpose: "", name: "", now: 0 }));
  await visitorOf(OLDEST_SECRET).visit((session) => session.login("ada"));
  const id = await visitorOf(OLDEST_SECRET).see((session) => session.id);
  const timeline = [
    [OLDEST_SECRET, OLD_SECRET],
    [OLD_SECRET, OLDEST_SECRET],
    [OLD_SECRET],
    [SECRET, OLD_SECRET],
    [SECRET],
  ];
  for (const [step, secrets] of timeline.entries()) {
    const visitor = visitorOf(...secrets);
    assert.deepEqual(await visitor.see((s) => [s.subject, s.id]), ["ada", id], `step ${step}`);
    await visitor.visit((session) => session.set("step", step));
    assert.equal(keyIdOf(jar.value(NAME)), idOf(secrets[0] ?? ""));
  }
  assert.equal(await visitorOf(OLD_SECRET).see((session) => session.isNew), true);
});

test("requirement 47: nothing is compressed: how long a token is depends on how long the data is, and on nothing else", async () => {
  const texts = ["x".repeat(900), Array.from({ length: 900 }, (_, at) => at % 10).join("")];
  const lengths: number[] = [];
  for (const text of texts) lengths.push((await withSession(storeOf(), { text })).token.length);
  assert.equal(lengths[0], lengths[1]);
  assert.ok((lengths[0] ?? 0) > 1200);
});

test("requirement 32: a session cannot be read from its cookie, however it is decoded", async () => {
  const { visitor, token } = await withSession(storeOf(), { email: "ada@example.com" });
  await visitor.visit((session) => session.login("ada-the-subject", { keep: ["email"] }));
  for (const each of [token, visitor.jar.value(NAME) ?? ""]) {
    const body = (each.split(".")[2] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const bytes = globalThis.atob(body);
    for (const text of [each, bytes, decodeURIComponent(each)]) {
      assert.doesNotMatch(text, /email|ada@|subject|YWRh|ZW1haWw/);
    }
  }
});
