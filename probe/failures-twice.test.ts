import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { ServerSessionStore, type SessionEvent, type SessionRecord } from "keepsake";
import { fakeClock } from "keepsake/testing";
import type { ProbeData } from "./app.ts";
import { Client } from "./failing-client.ts";
import { openPatient } from "./failing-patients.ts";
import { intercepted, WRITES } from "./failing-repository.ts";
import { Scene } from "./failing-scene.ts";
import { serveProbe } from "./serve.ts";
import { newPlace, SERVER_STORES } from "./test-databases.ts";

// Commands that a database is given twice: memory, sqlite, postgres, valkey. Something between the library and the
// database may do that. Where the answer that comes back is the first one's, nothing is different. Where the first answer
// got lost, the second one says what the first has led to: taken, conflict, gone.

/** Which answer comes back. */
type Answer = "first" | "second";

const RENEW_AFTER = 3600;

/** One store, with the same random bytes in every run, whose writes are each delivered once, or twice. */
async function open(name: (typeof SERVER_STORES)[number], answer?: Answer) {
  const place = newPlace(name);
  const { repository, close } = await place.open();
  const clock = fakeClock();
  const events: SessionEvent[] = [];
  const handles = new Set<string>();
  let isRepeating = false;
  const twice = intercepted(repository, async (verb, perform) => {
    const first = await perform();
    if (!isRepeating || !WRITES.includes(verb)) return first;
    const second = await perform();
    if (answer === "first") return first;
    // What is then done again reaches the database once.
    isRepeating = false;
    return second;
  });
  const onEvent = (event: SessionEvent) => {
    events.push(event);
    if ("id" in event) handles.add(event.id);
  };
  const store = new ServerSessionStore<ProbeData>(twice, {
    clock,
    random: seeded(),
    renewAfter: RENEW_AFTER,
    onEvent,
    timeout: 30,
  });
  const probe = await serveProbe("express", { store, onEvent });
  const record = (handle: string) =>
    repository.read(handle, { now: clock(), signal: new AbortController().signal });
  return {
    clock,
    events,
    store,
    client: () => new Client(probe.url, clock),
    /** From now on; with the second answer, the next write alone. */
    repeat: () => {
      isRepeating = true;
    },
    /** Everything that there is. */
    records: async () => {
      const records: SessionRecord[] = [];
      for (const handle of [...handles].sort()) {
        const found = await record(handle);
        if (found !== undefined) records.push(found);
      }
      return records;
    },
    close: async () => {
      await probe.close();
      await close();
      await place.remove();
    },
  };
}

type World = Awaited<ReturnType<typeof open>>;

/** Everything that writes, once. */
async function live({ client, clock, store }: World): Promise<(string | undefined)[]> {
  const tokens: (string | undefined)[] = [];
  const visitor = client();
  const does = async (method: string, path: string, json?: unknown) => {
    await visitor.surely(method, path, json);
    tokens.push(visitor.token);
  };
  await does("POST", "/set", { cart: ["tea"] });
  await does("POST", "/push?key=cart&value=milk");
  await does("GET", "/count");
  await does("POST", "/login?user=ada&keep=cart,count");
  await does("GET", "/count");
  await does("POST", "/flash?key=note&value=hello");
  await does("GET", "/read");
  clock.advance(20_000);
  await does("GET", "/read");
  await does("GET", "/read");
  await does("POST", "/regenerate");
  await does("POST", "/delete?key=count");
  const other = client();
  await other.surely("POST", "/login?user=ada");
  const { id } = await other.read();
  assert.equal(await store.revoke(id), true);
  const third = client();
  await third.surely("POST", "/login?user=bob");
  await third.surely("POST", "/logout");
  return tokens;
}

describe("a command that is delivered twice", { concurrency: 4 }, () => {
  for (const name of SERVER_STORES) {
    test(`${name}: with the first answer, everything ends as if it had been delivered once`, async (t) => {
      const once = await open(name);
      t.after(once.close);
      const twice = await open(name, "first");
      t.after(twice.close);
      twice.repeat();
      assert.deepEqual(await live(twice), await live(once), "the tokens");
      assert.deepEqual(await twice.records(), await once.records());
      assert.deepEqual(twice.events, once.events);
      assert.equal((await once.records()).length, 3);
    });

    const outcomes: Readonly<Record<string, (world: World) => Promise<void>>> = {
      "a change is there once": async ({ client, repeat }) => {
        const user = client();
        await user.surely("POST", "/login?user=ada");
        repeat();
        await user.surely("POST", "/set", { a: 1 });
        assert.deepEqual((await user.read()).data, { a: 1 });
      },
      "a modify counts twice: it is done again to what the first delivery has written": async ({
        client,
        repeat,
      }) => {
        const user = client();
        await user.surely("POST", "/login?user=ada");
        repeat();
        await user.surely("GET", "/count");
        assert.deepEqual((await user.read()).data, { count: 2 });
      },
      "a stranger's login begins two sessions, one of which nobody has the token of": async ({
        client,
        repeat,
        store,
      }) => {
        const user = client();
        repeat();
        await user.surely("POST", "/login?user=ada");
        const { subject, id } = await user.read();
        assert.equal(subject, "ada");
        const sessions = await store.list("ada");
        assert.equal(sessions.length, 2);
        assert.ok(sessions.some((session) => session.id === id));
      },
      "a login over a session does the same, and the old token is dead": async ({
        client,
        repeat,
        store,
      }) => {
        const user = client();
        await user.surely("POST", "/set", { cart: ["tea"] });
        const old = user.token ?? "";
        repeat();
        await user.surely("POST", "/login?user=ada&keep=cart");
        assert.equal((await user.read()).subject, "ada");
        assert.equal((await store.list("ada")).length, 2);
        const copy = client();
        copy.visitor.hold("__Host-session", old);
        assert.equal((await copy.read()).isNew, true);
      },
      "a regeneration is a 409, and the token before it is dead: nobody has the new one": async ({
        client,
        repeat,
      }) => {
        const user = client();
        await user.surely("POST", "/login?user=ada");
        repeat();
        const { status, cookies } = await user.post("/regenerate");
        assert.deepEqual([status, cookies], [409, []]);
        assert.equal((await user.read()).isNew, true);
      },
      "a renewal is handed out, and logs nobody out": async ({ client, repeat, clock }) => {
        const user = client();
        await user.surely("POST", "/login?user=ada");
        const { token } = user;
        clock.advance(RENEW_AFTER);
        repeat();
        assert.equal((await user.read()).subject, "ada");
        assert.notEqual(user.token, token);
        assert.equal((await user.read()).subject, "ada");
      },
      "a use is noted": async ({ client, repeat, clock, events }) => {
        const user = client();
        await user.surely("POST", "/login?user=ada");
        clock.advance(20_000 - RENEW_AFTER);
        repeat();
        assert.equal((await user.read()).subject, "ada");
        assert.ok(events.every(({ type }) => type !== "touch-failed"));
      },
      "a logout is done": async ({ client, repeat, store }) => {
        const user = client();
        await user.surely("POST", "/login?user=ada");
        repeat();
        await user.surely("POST", "/logout");
        assert.equal((await user.read()).isNew, true);
        assert.deepEqual(await store.list("ada"), []);
      },
      "a revocation is done, and says that there was none": async ({ client, repeat, store }) => {
        const user = client();
        await user.surely("POST", "/login?user=ada");
        const { id } = await user.read();
        repeat();
        assert.equal(await store.revoke(id), false);
        assert.equal((await user.read()).isNew, true);
      },
    };
    test(`${name}: with the second answer`, async (t) => {
      for (const [title, outcome] of Object.entries(outcomes)) {
        await t.test(title, async (each) => {
          const world = await open(name, "second");
          each.after(world.close);
          await outcome(world);
        });
      }
    });
  }
});

test("valkey: a command that the client sends again, because its connection broke, is done once", async (t) => {
  const scene = await Scene.on(await openPatient("valkey", 20_000), { timeout: 10 });
  t.after(() => scene.close());
  const user = await scene.user("ada");
  const { id } = await user.read();
  const before = await scene.record(id);
  // By the time the client is connected again all is well.
  scene.failAtWrite("cuts one answer off");
  const calls = scene.calls.length;
  const { status, text } = await user.get("/count");
  assert.deepEqual([status, text], [200, '{"count":1}']);
  assert.deepEqual(scene.calls.slice(calls), ["read", "update"]);
  assert.equal((await user.read()).data.count, 1);
  assert.equal((await scene.record(id))?.version, Number(before?.version) + 1);
});

function seeded(): (length: number) => Uint8Array {
  let count = 0;
  return (length) => {
    count += 1;
    const bytes = createHash("shake256", { outputLength: length }).update(`${count}`).digest();
    return new Uint8Array(bytes);
  };
}
