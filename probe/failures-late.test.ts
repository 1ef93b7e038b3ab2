import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import {
  MemorySessionRepository,
  ServerSessionStore,
  type SessionEvent,
  type SessionRecord,
} from "keepsake";
import { ValkeySessionRepository } from "keepsake/stores/valkey";
import { fakeClock } from "keepsake/testing";
import { serviceUrl } from "../scripts/services/index.ts";
import { openValkey } from "./clients.ts";
import { assertUnavailable, Client, PATIENCE, TIME_LIMIT } from "./failing-client.ts";
import { FailingProxy, SLOWNESS } from "./failing-proxy.ts";
import { intercepted, type Verb } from "./failing-repository.ts";
import { serveProbe } from "./serve.ts";
import { newPlace, valkeyPrefix } from "./test-databases.ts";

// Answers that nobody waits for any more: of a repository in memory, and of valkey.

const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown) => unhandled.push(reason);
process.on("unhandledRejection", onUnhandled);
process.on("warning", onUnhandled);
after(() => assert.deepEqual(unhandled, [], "unhandled rejections, and warnings"));

/** The probe on a repository whose answers can be held back, with the way to answer those that are. */
async function holding(timeout: number) {
  const clock = fakeClock();
  const memory = new MemorySessionRepository();
  const events: SessionEvent[] = [];
  const held: ((error?: Error) => void)[] = [];
  let holds: Verb | undefined;
  const repository = intercepted(memory, async (verb, perform) => {
    if (verb !== holds) return perform();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    held.push((error) => (error === undefined ? resolve() : reject(error)));
    await promise;
    return perform();
  });
  const onEvent = (event: SessionEvent) => events.push(event);
  const store = new ServerSessionStore(repository, { clock, timeout, onEvent });
  const probe = await serveProbe("express", { store, onEvent });
  const record = (handle: string): SessionRecord | undefined =>
    memory.read(handle, { now: clock(), signal: new AbortController().signal });
  return {
    clock,
    events,
    held,
    record,
    hold: (verb: Verb | undefined) => {
      holds = verb;
    },
    client: () => new Client(probe.url, clock),
    close: probe.close,
  };
}

const ACTS: readonly (readonly [Verb, string, string])[] = [
  ["read", "GET", "/count"],
  ["update", "GET", "/count"],
  ["update", "POST", "/login?user=bob"],
  ["update", "POST", "/logout"],
  ["update", "POST", "/regenerate"],
];

for (const outcome of ["an answer", "an error"] as const) {
  for (const [verb, method, path] of ACTS) {
    test(`requirement 91: ${outcome} to ${verb} that comes after ${method} ${path} has had 503 is of no interest`, async (t) => {
      const { events, held, record, hold, client, close } = await holding(0.05);
      t.after(close);
      const user = client();
      await user.post("/login?user=ada");
      const { id } = await user.read();
      const { token } = user;
      const before = record(id);
      hold(verb);
      for (let count = 0; count < 5; count += 1) {
        assertUnavailable(await user.send(method, path), path, 0.1);
      }
      const seen = events.length;
      hold(undefined);
      const error = outcome === "an error" ? new Error("late") : undefined;
      for (const answer of held) answer(error);
      await wait(10);
      // By now it is known to be down, and an answer that nobody believes any more does not change that.
      if (verb === "read") assertUnavailable(await user.get("/read"), "afterwards");
      assert.deepEqual(events.slice(seen), []);
      assert.equal(user.token, token);
      if (verb === "read" || error !== undefined) assert.deepEqual(record(id), before);
      else assert.equal(record(id)?.version, Number(before?.version) + 1, "written, and once");
    });
  }
}

test("requirement 91: while it is open one caller at a time asks, whatever comes of the calls from before", async (t) => {
  const { clock, held, hold, client, close } = await holding(30);
  t.after(close);
  const user = client();
  await user.post("/set", { a: 1 });
  const asked = async (count: number) => {
    const began = performance.now();
    while (held.length < count && performance.now() - began < PATIENCE) await wait(5);
    assert.equal(held.length, count);
  };
  hold("read");
  const answers = Array.from({ length: 6 }, () => user.get("/read"));
  await asked(6);
  for (const fail of held.slice(0, 5)) fail(new Error("down"));
  await Promise.race(answers);
  clock.advance(1.5);
  answers.push(user.get("/read"));
  await asked(7);
  held[5]?.(new Error("down since before"));
  await Promise.all(answers.slice(0, 6));
  clock.advance(1.5);
  let isAnswered = false;
  const answered = () => {
    isAnswered = true;
  };
  const last = user.get("/read");
  answers.push(last);
  last.then(answered, answered);
  while (!isAnswered && held.length < 8) await wait(5);
  const count = held.length;
  for (const fail of held) fail(new Error("down"));
  await Promise.all(answers);
  assert.equal(count, 7, "two probes at a time");
});

test("requirement 92: a login that was answered with 503 does not happen later, where it takes two commands", async (t) => {
  const place = newPlace("valkey");
  const proxy = await FailingProxy.before(await serviceUrl("valkey"));
  // A client that does not give up by itself.
  const open = await openValkey(proxy.url);
  const prefix = valkeyPrefix(place.name);
  let isSlow = false;
  const repository = intercepted(
    new ValkeySessionRepository(open.client, { prefix }),
    (verb, perform) => {
      if (isSlow && verb !== "read") proxy.fail("is slow");
      return perform();
    },
  );
  const store = new ServerSessionStore(repository, { timeout: TIME_LIMIT });
  const probe = await serveProbe("express", { store, onEvent: () => undefined });
  t.after(async () => {
    await probe.close();
    await open.close();
    proxy.close();
    await place.remove();
  });
  const client = new Client(probe.url, Date.now);
  await client.surely("POST", "/set", { cart: ["tea"] });
  const stranger = new Client(probe.url, Date.now);
  isSlow = true;
  await Promise.all(
    [client, stranger].map(async (each) =>
      assertUnavailable(await each.post("/login?user=ada"), "the login"),
    ),
  );
  isSlow = false;
  await proxy.heal();
  await wait(2 * SLOWNESS);
  const { data, subject } = await client.read();
  assert.deepEqual([data, subject], [{ cart: ["tea"] }, null]);
  assert.deepEqual(await store.list("ada"), []);
});

test("no timer of a call that was answered, or given up, keeps the process alive", async () => {
  const script = `
    const { MemorySessionRepository, ServerSessionStore, Session } = await import("keepsake");
    const { intercepted } = await import(${JSON.stringify(import.meta.resolve("./failing-repository.ts"))});
    let hangs = false;
    const later = async (verb, perform) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return hangs ? new Promise(() => {}) : perform();
    };
    const repository = intercepted(new MemorySessionRepository(), later);
    const request = (cookie) => ({ headers: new Headers(cookie ? { cookie } : {}) });
    for (const timeout of [60, 0.05]) {
      const store = new ServerSessionStore(repository, { timeout, sweepInterval: 1, onEvent() {} });
      hangs = false;
      const session = await store.load(request());
      const response = { headers: new Headers() };
      session.login("ada");
      await store.save(request(), response, session);
      const cookie = response.headers.getSetCookie()[0].split(";")[0];
      hangs = timeout < 1;
      for (let count = 0; count < 7; count += 1) {
        const loaded = await store.load(request(cookie)).catch(() => undefined);
        loaded?.set("count", count);
        if (loaded) await store.save(request(cookie), response, loaded);
      }
    }
    console.log("done");
  `;
  const options = ["--conditions=keepsake-source", "--input-type=module", "--eval", script];
  const child = spawn(process.execPath, options, { stdio: ["ignore", "pipe", "inherit"] });
  const exit = once(child, "exit");
  await once(child.stdout, "data");
  const began = performance.now();
  assert.deepEqual(await exit, [0, null]);
  const took = performance.now() - began;
  // A timer of 60 s would be seen.
  assert.ok(took < 30_000, `the process ended ${Math.round(took)} ms after its work`);
});
