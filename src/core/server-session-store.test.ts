import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { MemorySessionRepository, ServerSessionStore } from "keepsake";
import { fromBase64url } from "#base64url";
import { type Any, type Loose, refusal, requestOf, runs, SECRET, visit } from "./kit.test.ts";
import {
  BOTH,
  cookieOf,
  inFlight,
  NAME,
  opens,
  scene,
  settle,
  tokenOf,
  withData,
} from "./server/server-kit.test.ts";

test("requirement 22, invariant 1, nothing for strangers: reading, or doing nothing, makes no record and sets no cookie", async () => {
  const stage = scene();
  const acts: ((session: Loose) => unknown)[] = [
    () => {},
    (s) => [s.id, s.isNew, s.get("a"), s.has("a"), s.toObject(), s.expiresAt, { ...s.data }],
    (s) => [s.set("a", 1), s.delete("a")],
    (s) => [s.set("a", 1), s.clear()],
    (s) => [s.login("ada"), s.logout()],
    (s) => [s.set("a", 1), s.destroy()],
    (s) => s.regenerate(),
  ];
  for (const act of acts) {
    assert.deepEqual((await visit(stage.store, act)).setCookie, [], String(act));
  }
  assert.deepEqual([stage.calls, stage.memory.size, stage.events], [[], 0, []]);
});

test("a load and a save of a repository that answers at once are done at once", async () => {
  const at = (store: Any, cookie: string | null, act: (session: Loose) => void) => {
    const request = requestOf(cookie === null ? {} : { cookie });
    const response = { headers: new Headers() };
    const session = store.load(request);
    act(session);
    assert.equal(store.save(request, response, session), undefined, String(act));
    const [line] = response.headers.getSetCookie();
    return line === undefined ? cookie : cookieOf([line]);
  };
  for (const options of BOTH) {
    const { store, time, calls } = scene({ ...options, renewAfter: 1 });
    const acts: ((session: Loose) => void)[] = [
      (session) => session.set("a", 1),
      (session) => session.get("a"),
      (session) => session.set("a", 2),
      (session) => session.flash("b", 1),
      (session) => session.get("b"),
      (session) => session.login("ada"),
      (session) => session.regenerate(),
      (session) => [session.logout(), session.login("bob")],
      () => time.advance(2),
      (session) => session.set("a", 3),
      (session) => session.set("a", 4),
    ];
    let cookie: string | null = null;
    for (const act of acts) cookie = at(store, cookie, act);
    assert.equal(calls.filter((verb) => verb === "create" || verb === "update").length, 11);
    assert.equal(await opens(store, cookie), true);
    at(store, cookie, (session) => session.destroy());
    assert.equal(await opens(store, cookie), false);
  }
});

test("requirement 3, invariant 2, strict: what the server did not issue is never adopted", async () => {
  for (const options of BOTH) {
    const stage = scene(options);
    const [one, two] = [await withData(stage), await withData(stage)];
    const mac = one.cookie?.split(".")[2] ?? "";
    const made = [
      `${"A".repeat(22)}.${"A".repeat(43)}`,
      `${one.handle}.${"A".repeat(43)}`,
      `${one.handle}.${two.credential}`,
      `${two.handle}.${one.credential}`,
    ];
    for (const token of [...made, ...made.map((each) => `${each}.${mac}`)]) {
      const { session, finish } = await inFlight(stage.store, `${NAME}=${token}`);
      assert.equal(session.isNew, true, token);
      session.set("mine", 1);
      const issued = tokenOf(cookieOf(await finish()));
      assert.ok(!token.includes(issued.handle) && !token.includes(issued.credential), token);
    }
    assert.equal(stage.record("A".repeat(22)), undefined);
    assert.equal(await one.visitor.see((session) => session.get("a")), 1);
  }
});

test("requirement 4: a handle that is taken is left alone, and another is tried", async () => {
  const taken = new Uint8Array(16).fill(1);
  let handles = 0;
  let byte = 0;
  const random = (length: number) =>
    length === 16 && handles++ < 2 ? taken : new Uint8Array(length).fill(byte++);
  const stage = scene({ random });
  const first = await withData(stage, { mine: 1 });
  const before = stage.record(first.handle);
  const second = await withData(stage, { theirs: 1 });
  assert.notEqual(second.handle, first.handle);
  assert.deepEqual(stage.record(first.handle), before);
  assert.deepEqual(await second.visitor.see((session) => session.toObject()), { theirs: 1 });
});

test("requirement 4: where every handle is taken, the store gives up and says why", async () => {
  const random = (length: number) => new Uint8Array(length);
  const stage = scene({ random });
  await withData(stage);
  const failed = visit(stage.store, (session) => session.set("a", 1), { onEvent: () => {} });
  await assert.rejects(failed, refusal("ERR_SESSION_STORE", "random"));
  assert.equal(stage.calls.filter((verb) => verb === "create").length, 9);
});

test("requirement 5, invariant 10: no stored record has a token or a part that opens anything, in any spelling", async () => {
  for (const options of BOTH) {
    const stage = scene({ ...options, renewAfter: 10, idleTimeout: 9000, absoluteTimeout: 9999 });
    const credentials: string[] = [];
    const handles = new Set<string>();
    for (let count = 0; count < 50; count += 1) {
      const { visitor, handle } = await withData(stage);
      handles.add(handle);
      for (const act of [
        (s: Loose) => s.get("a"),
        (s: Loose) => s.login("ada"),
        (s: Loose) => s.regenerate(),
        (s: Loose) => s.get("a"),
      ]) {
        credentials.push(tokenOf(visitor.jar.header).credential);
        stage.time.advance(11);
        await visitor.visit(act);
      }
      credentials.push(tokenOf(visitor.jar.header).credential);
    }
    const stored = [...handles].map((handle) => JSON.stringify(stage.record(handle)));
    for (const credential of credentials) {
      const bytes = fromBase64url(credential) ?? new Uint8Array();
      const hex = Array.from(bytes, (each) => each.toString(16).padStart(2, "0")).join("");
      const spellings = [
        credential,
        hex,
        [...bytes].join(","),
        btoa(String.fromCharCode(...bytes)),
      ];
      for (const text of stored) {
        for (const spelling of spellings) assert.ok(!text.includes(spelling));
      }
    }
  }
});

test("requirement 7: ten thousand tokens that are none cost no look-up and no exception", async () => {
  const stage = scene({ secret: SECRET });
  const { handle, credential } = await withData(stage);
  stage.calls.length = 0;
  const check = async (token: string) => {
    const session = await stage.store.load(requestOf({ cookie: `${NAME}=${token}` }));
    assert.equal(session.isNew, true);
  };
  const letter = fc.constantFrom(
    ..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
  );
  const part = (length: number) =>
    fc.string({ unit: letter, minLength: length, maxLength: length });
  const visible = fc.string({ maxLength: 200 }).map((text) => text.replace(/[^\x21-\x7e]|;/g, ""));
  await fc.assert(fc.asyncProperty(visible, check), runs(3000));
  await fc.assert(
    fc.asyncProperty(part(22), part(43), part(22), (...parts) => check(parts.join("."))),
    runs(3000),
  );
  await fc.assert(
    fc.asyncProperty(part(22), (mac) => check(`${handle}.${credential}.${mac}`)),
    runs(3000),
  );
  for (const odd of ["../../etc/passwd", "__proto__", "x".repeat(3000), "%00", handle, ".", ".."]) {
    await check(odd);
  }
  assert.deepEqual(stage.calls, []);
});

test("requirement 7: without a secret what is malformed costs no look-up, and what is well-formed one", async () => {
  const stage = scene();
  for (const token of [
    "junk",
    "a.b",
    `${"A".repeat(22)}.${"A".repeat(42)}B`,
    `${"A".repeat(21)}B.${"A".repeat(43)}`,
  ]) {
    assert.equal(await opens(stage.store, `${NAME}=${token}`), false);
  }
  assert.deepEqual(stage.calls, []);
  await opens(stage.store, `${NAME}=${"A".repeat(22)}.${"A".repeat(43)}`);
  assert.deepEqual(stage.calls, ["read"]);
});

test("requirement 8: nothing that can be looked at shows a token, a hash of one, or a secret", async () => {
  const stage = scene({ secret: SECRET });
  const { cookie, handle, credential } = await withData(stage);
  const session = await stage.store.load(requestOf({ cookie: cookie ?? "" }));
  const hash = JSON.parse(stage.record(handle)?.credentials ?? "").current.hash;
  for (const each of [stage.store, session]) {
    const shown = inspect(each, { depth: 99, showHidden: true, customInspect: false });
    for (const secret of [credential, hash, SECRET]) {
      assert.ok(!shown.includes(secret) && !JSON.stringify(each).includes(secret));
    }
  }
});

test("requirement 55: nothing is shared between requests, or with what is stored", async () => {
  for (const options of BOTH) {
    const stage = scene(options);
    const { cookie } = await withData(stage, { list: [1], deep: { list: [1] } });
    const [one, two] = [await inFlight(stage.store, cookie), await inFlight(stage.store, cookie)];
    one.session.get("list").push(99);
    one.session.data.deep.list.push(99);
    assert.deepEqual(two.session.toObject(), { list: [1], deep: { list: [1] } });
    const { session } = await inFlight(stage.store, cookie);
    assert.deepEqual(session.toObject(), { list: [1], deep: { list: [1] } }, "it was never saved");
    await one.finish();
    one.session.get("list").push(100);
    assert.deepEqual((await inFlight(stage.store, cookie)).session.get("list"), [1, 99]);
  }
});

test("requirement 56: keys of the application shadow nothing of the store's records", async () => {
  for (const options of BOTH) {
    const stage = scene(options);
    const names = [
      "handle",
      "version",
      "subject",
      "credentials",
      "expiresAt",
      "id",
      "save",
      "then",
      "toJSON",
      "__proto__",
    ];
    const data = Object.fromEntries(names.map((name, index) => [name, index]));
    const { visitor } = await withData(stage, data);
    await visitor.visit((session) => session.login("ada", { keep: names }));
    assert.deepEqual(await visitor.see((session) => session.toObject()), data);
    assert.equal(await visitor.see((session) => session.subject), "ada");
  }
});

test("a session that another store has loaded, or nobody, is stored as a new one", async () => {
  const [one, two] = [scene(), scene()];
  const { cookie, handle } = await withData(one);
  const { session } = await inFlight(one.store, cookie);
  session.set("b", 2);
  const response = { headers: new Headers() };
  await two.store.save(requestOf(), response, session);
  const issued = cookieOf(response.headers.getSetCookie());
  assert.deepEqual((await inFlight(two.store, issued)).session.toObject(), { a: 1, b: 2 });
  assert.equal(tokenOf(issued).handle, handle);
  assert.equal(await opens(one.store, issued), false);
});

test("what is asked of a repository: one read to load, one write to change, none to read", async () => {
  const stage = scene();
  const { visitor } = await withData(stage);
  const costs: [(session: Loose) => unknown, string][] = [
    [(s) => s.get("a"), "read"],
    [(s) => s.set("a", 2), "read update"],
    [(s) => s.login("ada"), "read update"],
    [(s) => s.regenerate(), "read update"],
    [(s) => [s.logout(), s.login("bob")], "read update create"],
    [(s) => s.logout(), "read update"],
    [(s) => s.set("a", 1), "create"],
    [(s) => s.destroy(), "read update"],
  ];
  for (const [act, expected] of costs) {
    stage.calls.length = 0;
    await visitor.visit(act);
    assert.equal(stage.calls.join(" "), expected, String(act));
  }
});

test("a store of one's own is a class over one's own repository", async () => {
  class MySessionStore extends ServerSessionStore {
    constructor() {
      super(new MemorySessionRepository());
    }
  }
  const store = new MySessionStore();
  assert.deepEqual([store.vary, await store.sweep()], [["Cookie"], 0]);
  await settle();
});
