import assert from "node:assert/strict";
import { test } from "node:test";
import { MemorySessionRepository, ServerSessionStore } from "keepsake";
import { type Any, NOON, refusal, type Visitor } from "../kit.test.ts";
import { around, inFlight, opens, type Scene, scene, tokenOf } from "./server-kit.test.ts";

async function logins({ visitor }: Scene, count: number, subject: string): Promise<Visitor[]> {
  const visitors = Array.from({ length: count }, visitor);
  for (const each of visitors) await each.visit((session) => session.login(subject));
  return visitors;
}

const alive = async (visitors: readonly Visitor[]) => {
  const seen = await Promise.all(visitors.map((each) => each.see((session) => session.subject)));
  return seen.filter((subject) => subject !== undefined).length;
};

test("requirement 64: a list shows a subject's sessions, the most recently used first, by handles that open nothing", async () => {
  const stage = scene({ label: ({ headers }) => headers.get("user-agent") ?? undefined });
  const { store, time } = stage;
  const [phone, laptop] = [stage.visitor(), stage.visitor()];
  const headers = (agent: string) => ({ headers: { "user-agent": agent } });
  await phone.visit((session) => session.login("ada"), headers("phone"));
  time.advance(5);
  await laptop.visit((session) => session.set("cart", 1));
  time.advance(5);
  await laptop.visit((session) => session.login("ada"), headers("laptop"));
  await logins(stage, 2, "bob");
  time.advance(50);
  await phone.visit((session) => session.get("a"));
  const list = await store.list("ada");
  assert.deepEqual(
    list.map(({ id: _, ...summary }) => summary),
    [
      {
        subject: "ada",
        label: "phone",
        createdAt: new Date(NOON),
        authenticatedAt: new Date(NOON),
        lastUsedAt: new Date(NOON + 60_000),
        expiresAt: new Date(NOON + 160_000),
      },
      {
        subject: "ada",
        label: "laptop",
        createdAt: new Date(NOON + 5000),
        authenticatedAt: new Date(NOON + 10_000),
        lastUsedAt: new Date(NOON + 10_000),
        expiresAt: new Date(NOON + 110_000),
      },
    ],
  );
  const ids = await Promise.all([phone, laptop].map((each) => each.see(({ id }) => id)));
  assert.deepEqual(
    list.map(({ id }) => id),
    ids,
  );
  const shown = JSON.stringify(list);
  for (const { jar } of [phone, laptop]) {
    const { handle, credential } = tokenOf(jar.header);
    assert.ok(!shown.includes(credential));
    for (const cookie of [handle, `${handle}.`, `${handle}.${handle}${handle}`.slice(0, 66)]) {
      assert.equal(await opens(store, `__Host-session=${cookie}`), false);
    }
  }
});

test("requirement 64: a list has neither what expired, nor what ended, nor strangers; whoever the subject is", async () => {
  const stage = scene();
  const { store, time, visitor } = stage;
  await logins(stage, 1, "ada");
  time.advance(60);
  const [second, third] = await logins(stage, 2, "ada");
  await visitor().visit((session) => session.set("a", 1));
  time.advance(60);
  await second?.visit((session) => session.logout());
  assert.deepEqual(
    (await store.list("ada")).map(({ id }) => id),
    [await third?.see(({ id }) => id)],
  );
  for (const odd of ["", "nobody", "__proto__", "a\0b", "x".repeat(2000), undefined, null, 5]) {
    assert.deepEqual(await store.list(odd as Any), [], String(odd));
    assert.equal(await store.revokeAll(odd as Any), 0, String(odd));
  }
});

test("requirement 63: what a repository finds, though it has expired or is somebody else's, is neither listed nor ended", async () => {
  const stage = scene();
  const [ada, bob] = [await logins(stage, 1, "ada"), await logins(stage, 1, "bob")];
  const records = await Promise.all(
    [...ada, ...bob].map(async (each) => stage.record(await each.see(({ id }) => id))),
  );
  const [old] = records;
  const found = [...records, { ...old, handle: "A".repeat(22), expiresAt: NOON }];
  stage.tap(({ verb }, perform) => (verb === "findBySubject" ? found : perform()));
  assert.deepEqual(
    (await stage.store.list("ada")).map(({ id }) => id),
    [old?.handle],
  );
  assert.equal(await stage.store.revokeAll("ada"), 1);
  stage.tap((_, perform) => perform());
  assert.deepEqual([await alive(ada), await alive(bob)], [0, 1]);
});

test("requirement 63: revokeAll ends all sessions of a subject, or all but one, and nobody else's", async () => {
  const stage = scene();
  const [ada, bob] = [await logins(stage, 50, "ada"), await logins(stage, 50, "bob")];
  const [mine] = ada;
  assert.ok(mine);
  const except = await mine.see(({ id }) => id);
  assert.equal(await stage.store.revokeAll("ada", { except }), 49);
  assert.deepEqual([await alive(ada), await alive(bob)], [1, 50]);
  assert.equal(await mine.see((session) => session.subject), "ada");
  assert.equal(await stage.store.revokeAll("ada"), 1);
  assert.deepEqual([await alive(ada), await alive(bob)], [0, 50]);
  assert.equal(await stage.store.revokeAll("ada"), 0);
});

test("requirement 63: revokeAll ends what begins while it runs, as far as it is asked to go", async () => {
  const stage = scene();
  await logins(stage, 3, "ada");
  const late = stage.visitor();
  let rounds = 0;
  stage.tap(async ({ verb }, perform) => {
    const answer = perform();
    if (verb === "findBySubject" && rounds++ === 0) {
      await late.visit((session) => session.login("ada"));
    }
    return answer;
  });
  assert.equal(await stage.store.revokeAll("ada"), 4);
  assert.equal(await alive([late]), 0);
});

test("revokeAll ends nothing where except is no handle, and says what it has to be", async () => {
  const stage = scene();
  const visitors = await logins(stage, 1, "ada");
  for (const except of [null, 5, ["a"], {}] as Any[]) {
    await assert.rejects(
      stage.store.revokeAll("ada", { except }),
      refusal("ERR_SESSION_VALUE", "except", "session.id"),
    );
  }
  assert.equal(await alive(visitors), 1);
});

test("requirement 63: revoke ends one session, by its handle and, where that is asked, only the subject's own", async () => {
  const stage = scene();
  const { store } = stage;
  const [ada, bob] = [await logins(stage, 1, "ada"), await logins(stage, 1, "bob")];
  const id = (await ada[0]?.see((session) => session.id)) ?? "";
  assert.equal(await store.revoke(id, { subject: "bob" }), false);
  assert.equal(await alive(ada), 1);
  assert.equal(await store.revoke(id, { subject: "ada" }), true);
  assert.equal(await alive(ada), 0);
  assert.equal(await store.revoke(id, { subject: "ada" }), false, "twice");
  const bobs = (await bob[0]?.see((session) => session.id)) ?? "";
  assert.equal(await store.revoke(bobs), true);
  assert.equal(await alive(bob), 0);
});

test("requirement 63: a stranger, whose subject is undefined, revokes nobody's session", async () => {
  const stage = scene();
  const ada = await logins(stage, 1, "ada");
  const id = (await ada[0]?.see((session) => session.id)) ?? "";
  const { subject } = (await inFlight(stage.store, null)).session;
  assert.equal(await stage.store.revoke(id, { subject }), false);
  assert.equal(await alive(ada), 1);
  assert.equal(await stage.store.revoke(id, {}), true);
});

test("requirement 7: what cannot be a handle is refused before the repository", async () => {
  const { store, calls } = scene();
  const odd = [
    "",
    "x",
    "a".repeat(23),
    "a\0".repeat(11),
    "../../../../etc/passwd",
    "a b".repeat(7),
    `${"A".repeat(21)}B`,
  ];
  for (const id of [...odd, "x".repeat(100_000), undefined, null, 5, {}]) {
    assert.equal(await store.revoke(id as Any), false, String(id).slice(0, 30));
  }
  assert.deepEqual(calls, []);
  assert.equal(await store.revoke("A".repeat(22)), false, "one that nobody has");
});

test("requirement 60, invariant 5: a change in flight during a revocation fails, and its own logout takes nothing away", async () => {
  const stage = scene();
  const [ada] = await logins(stage, 1, "ada");
  const cookie = ada?.jar.header ?? null;
  const change = await inFlight(stage.store, cookie);
  const logout = await inFlight(stage.store, cookie);
  const reading = await inFlight(stage.store, cookie);
  change.session.set("a", 1);
  logout.session.logout();
  await stage.store.revoke(change.session.id);
  await assert.rejects(change.finish(), refusal("ERR_SESSION_GONE"));
  assert.deepEqual([await logout.finish(), await reading.finish()], [[], []]);
  assert.equal(await opens(stage.store, cookie), false);
});

test("a request may revoke its own session: what it changes then fails, and a login in it is a new session", async () => {
  const stage = scene();
  for (const [act, outcome] of [
    ["set", "ERR_SESSION_GONE"],
    ["login", "ada"],
  ] as const) {
    const [visitor] = await logins(stage, 1, "ada");
    const { session, finish } = await inFlight(stage.store, visitor?.jar.header ?? null);
    const { id } = session;
    assert.equal(await stage.store.revokeAll("ada"), 1);
    if (act === "set") session.set("a", 1);
    else session.login("ada");
    const result = await finish().catch((error) => error.code);
    if (act === "set") assert.equal(result, outcome);
    else {
      const after = await inFlight(stage.store, result[0].split(";")[0]);
      assert.equal(after.session.subject, outcome);
      assert.notEqual(after.session.id, id);
    }
  }
});

test("requirement 63: a revocation takes effect also where the user logs in again in that moment", async () => {
  const stage = scene();
  const [ada] = await logins(stage, 1, "ada");
  const id = (await ada?.see((session) => session.id)) ?? "";
  let isFirst = true;
  stage.tap(async ({ verb }, perform) => {
    const answer = perform();
    if (verb === "read" && isFirst) {
      isFirst = false;
      stage.time.advance(1);
      await ada?.visit((session) => session.login("ada"));
    }
    return answer;
  });
  assert.equal(await stage.store.revoke(id, { subject: "ada" }), true);
  assert.equal(await alive(ada === undefined ? [] : [ada]), 0);
});

test("requirement 63: a revocation spares a session that became another subject's in that moment", async () => {
  const stage = scene();
  const [ada] = await logins(stage, 1, "ada");
  const id = (await ada?.see((session) => session.id)) ?? "";
  let isFirst = true;
  stage.tap(async ({ verb }, perform) => {
    const answer = perform();
    if (verb === "read" && isFirst) {
      isFirst = false;
      await ada?.visit((session) => session.login("bob"));
    }
    return answer;
  });
  assert.equal(await stage.store.revoke(id, { subject: "ada" }), false);
  assert.equal(await ada?.see((session) => session.subject), "bob");
});

test("a session whose stored credentials are damaged can be listed and revoked", async () => {
  const stage = scene();
  const [ada] = await logins(stage, 1, "ada");
  const id = (await ada?.see((session) => session.id)) ?? "";
  const record = stage.record(id);
  assert.ok(record);
  const context = { now: NOON, signal: new AbortController().signal, before: record };
  stage.memory.update(id, record.version, { ...record, credentials: "{", version: 9 }, context);
  assert.equal((await stage.store.list("ada")).length, 1);
  assert.equal(await stage.store.revoke(id), true);
  assert.equal((await stage.store.list("ada")).length, 0);
});

test("requirement 92: an administration that fails is never answered as if it had been done", async () => {
  const stage = scene();
  const [ada] = await logins(stage, 1, "ada");
  const id = (await ada?.see((session) => session.id)) ?? "";
  for (const answer of [() => "garbage", () => Promise.reject(new Error("down"))]) {
    stage.tap(answer);
    for (const act of [
      () => stage.store.list("ada"),
      () => stage.store.revoke(id),
      () => stage.store.revokeAll("ada"),
      () => stage.store.sweep(),
    ]) {
      await assert.rejects(act, refusal("ERR_SESSION_STORE"));
    }
    stage.tap((_, perform) => perform());
    stage.time.advance(2);
    await stage.store.list("ada");
  }
  assert.equal(await alive(ada === undefined ? [] : [ada]), 1);
});

test("requirement 63: a repository that cannot find by subject says so where it is asked to", async () => {
  const bare: Any = around(new MemorySessionRepository(), (_, perform) => perform());
  delete bare.findBySubject;
  const store = new ServerSessionStore(bare);
  for (const act of [() => store.list("ada"), () => store.revokeAll("ada")]) {
    await assert.rejects(
      act,
      refusal("ERR_SESSION_CONFIG", "cannot find the sessions of a subject"),
    );
  }
  assert.equal(await store.revoke("A".repeat(22)), false);
});

for (const [how, fail] of [
  ["at once", () => assert.fail("down")],
  ["later", () => Promise.reject(new Error("down"))],
] as const) {
  test(`requirement 64: revokeAll tries every session, also behind one whose record fails ${how}`, async () => {
    const stage = scene();
    const { store, tap } = stage;
    const visitors = await logins(stage, 20, "ada");
    const handles = visitors.map(({ jar }) => tokenOf(jar.header).handle);
    tap(({ verb, args }, perform) =>
      verb === "update" && args[0] === handles[3] ? fail() : perform(),
    );
    await assert.rejects(store.revokeAll("ada"), refusal("ERR_SESSION_STORE"));
    assert.equal(await alive(visitors), 1);
    tap((_, perform) => perform());
    assert.equal(await store.revokeAll("ada"), 1);
  });
}

test("requirement 64: a revocation that waits in line, beside one that fails at once, is not left to fail unseen", async () => {
  const stage = scene();
  const { store, tap, time } = stage;
  const [first] = await logins(stage, 2, "ada");
  // A use is noted behind a turn of the loop, so whoever writes the same session stands in line.
  time.advance(50);
  const flight = await inFlight(store, first?.jar.header ?? null);
  flight.session.get("a");
  tap(({ verb }, perform) => (verb === "update" ? assert.fail("down") : perform()));
  const saving = flight.finish();
  await assert.rejects(store.revokeAll("ada"), refusal("ERR_SESSION_STORE"));
  await saving;
});
