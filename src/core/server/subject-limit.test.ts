import assert from "node:assert/strict";
import { test } from "node:test";
import { type Any, NOON, refusal, Visitor } from "../kit.test.ts";
import { inFlight, opens, type Scene, scene } from "./server-kit.test.ts";

const LIMITED = { sessions: 3, beyond: "evict-oldest" } as const;
const REFUSED = { sessions: 3, beyond: "refuse" } as const;

/** So many visitors who log in as one user, a second apart. */
async function logins(
  { visitor, time }: Scene,
  count: number,
  subject = "ada",
): Promise<Visitor[]> {
  const visitors: Visitor[] = [];
  for (let index = 0; index < count; index += 1) {
    const each = visitor();
    await each.visit((session) => session.login(subject));
    visitors.push(each);
    time.advance(1);
  }
  return visitors;
}

const subjects = (visitors: readonly Visitor[]) =>
  Promise.all(visitors.map((each) => each.see((session) => session.subject)));

test("requirement 65: evict-oldest ends the oldest session of the subject, and nobody else's", async () => {
  const stage = scene({ subjectLimit: LIMITED });
  const [bob] = await logins(stage, 1, "bob");
  const ada = await logins(stage, 5);
  assert.deepEqual(await subjects(ada), [undefined, undefined, "ada", "ada", "ada"]);
  assert.deepEqual(await subjects([bob as Visitor]), ["bob"]);
  const evicted = stage.events.filter((event) => event.type === "ended");
  assert.deepEqual(
    evicted.map(({ reason }) => reason),
    ["evicted", "evicted"],
  );
});

test("requirement 65: refuse answers a login too many with a 409 that says what to do; nothing is stored, no token issued", async () => {
  const stage = scene({ subjectLimit: REFUSED });
  const ada = await logins(stage, 3);
  const before = stage.memory.size;
  const stranger = stage.visitor();
  await assert.rejects(
    stranger.visit((session) => session.login("ada"), { onEvent: () => {} }),
    refusal("ERR_SESSION_LIMIT", "3 sessions", "revoke()"),
  );
  assert.equal(stage.memory.size, before);
  assert.deepEqual(stranger.jar.names, []);

  const known = stage.visitor();
  await known.visit((session) => session.set("cart", 1));
  const cookie = known.jar.header;
  const failed = known.visit((session) => session.login("ada"), { onEvent: () => {} });
  await assert.rejects(failed, refusal("ERR_SESSION_LIMIT"));
  assert.equal(known.jar.header, cookie);
  assert.equal(await known.see((session) => session.get("cart")), 1, "the session stays as it was");

  await ada[0]?.visit((session) => session.logout());
  await known.visit((session) => session.login("ada"));
  assert.equal(await known.see((session) => session.subject), "ada");
});

test("requirement 65: who logs in again, in the same session or after a logout in the same request, is not one more", async () => {
  for (const subjectLimit of [LIMITED, REFUSED]) {
    const stage = scene({ subjectLimit });
    const ada = await logins(stage, 3);
    await ada[1]?.visit((session) => session.login("ada"));
    await ada[2]?.visit((session) => {
      session.logout();
      session.login("ada");
    });
    assert.deepEqual(await subjects(ada), ["ada", "ada", "ada"], subjectLimit.beyond);
  }
});

test("requirement 65: sessions that expired, ended or became somebody else's do not count", async () => {
  const stage = scene({ subjectLimit: REFUSED });
  const [first, second] = await logins(stage, 3);
  await first?.visit((session) => session.logout());
  await second?.visit((session) => session.login("bob"));
  await logins(stage, 2);
  stage.time.advance(200);
  assert.equal((await subjects(await logins(stage, 3))).length, 3);
});

test("requirement 65: of sessions that began in the same millisecond the one that logs in counts as the newest", async () => {
  for (const order of ["toSorted", "toReversed"] as const) {
    const stage = scene({ subjectLimit: { sessions: 1, beyond: "evict-oldest" } });
    stage.tap(({ verb }, perform) => (verb === "findBySubject" ? perform()[order]() : perform()));
    const [first, second] = [stage.visitor(), stage.visitor()];
    for (const each of [first, second]) await each.visit((session) => session.login("ada"));
    assert.deepEqual(await subjects([first, second]), [undefined, "ada"]);
  }
});

test("requirement 65: who logs in at a server whose clock is behind is not evicted by the own login", async () => {
  const stage = scene({ subjectLimit: { sessions: 1, beyond: "evict-oldest" } });
  await logins(stage, 1);
  const behind = stage.another({ clock: () => stage.time.now - 60_000 });
  const visitor = new Visitor(behind);
  await visitor.visit((session) => session.login("ada"));
  assert.deepEqual(await subjects([visitor]), ["ada"]);
});

test("requirement 65: two logins at the same moment do not wait for each other, and one of them goes", async () => {
  for (const rounds of Array.from({ length: 10 }, (_, index) => index)) {
    let now = NOON;
    const clock = () => now++;
    const stage = scene({ clock, subjectLimit: { sessions: 1, beyond: "evict-oldest" } });
    const visitors = [stage.visitor(), stage.visitor()];
    for (const each of visitors) await each.visit((session) => session.set("a", 1));
    let delay = 0;
    stage.tap(async (_, perform) => {
      const answer = perform();
      for (let turn = 0; turn < (rounds * delay++) % 7; turn += 1) await Promise.resolve();
      return answer;
    });
    // Where they waited for each other, the time limit would pass, and that is an event.
    await Promise.all(visitors.map((each) => each.visit((session) => session.login("ada"))));
    assert.equal((await stage.store.list("ada")).length, 1);
    assert.ok(!stage.events.some(({ type }) => type === "touch-failed"));
  }
});

test("requirement 65: a login is answered, though the eviction failed, and that is an event", async () => {
  const stage = scene({ subjectLimit: { sessions: 1, beyond: "evict-oldest" } });
  const [first] = await logins(stage, 1);
  const second = stage.visitor();
  await second.visit((session) => session.set("a", 1));
  stage.tap(({ verb }, perform) => {
    if (verb === "findBySubject") throw new Error("down");
    return perform();
  });
  await second.visit((session) => session.login("ada"));
  stage.tap((_, perform) => perform());
  assert.deepEqual(await subjects([first as Visitor, second]), ["ada", "ada"]);
  assert.deepEqual(stage.events.at(-1)?.type, "touch-failed");
});

test("requirement 65: refuse that cannot count refuses, as the repository's failure", async () => {
  const stage = scene({ subjectLimit: REFUSED });
  stage.tap(({ verb }, perform) => {
    if (verb === "findBySubject") return undefined;
    return perform();
  });
  const failed = stage.visitor().visit((session) => session.login("ada"), { onEvent: () => {} });
  await assert.rejects(failed, refusal("ERR_SESSION_STORE"));
  assert.equal(stage.memory.size, 0);
});

test("invariant 5, the dead stay dead: a request in flight does not bring back what was evicted", async () => {
  const stage = scene({ subjectLimit: { sessions: 1, beyond: "evict-oldest" } });
  const [first] = await logins(stage, 1);
  const late = await inFlight(stage.store, first?.jar.header ?? null);
  late.session.set("a", 1);
  await logins(stage, 1);
  await assert.rejects(late.finish(), refusal("ERR_SESSION_GONE"));
  assert.equal(await opens(stage.store, first?.jar.header ?? null), false);
  assert.equal((await stage.store.list("ada")).length, 1 as Any);
});
