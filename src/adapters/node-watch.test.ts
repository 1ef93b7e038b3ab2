import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CookieSessionStore,
  InMemorySessionStore,
  MemorySessionRepository,
  ServerSessionStore,
  SessionError,
  type SessionStore,
} from "keepsake";
import { refusal, SECRET, Time } from "../core/kit.test.ts";
import { turn, UpgradeServer } from "./node-upgrade-kit.test.ts";

const onEvent = () => undefined;
const MINUTE = 60;

function newStore(time = new Time()): InMemorySessionStore {
  const { clock } = time;
  return new InMemorySessionStore({ clock, onEvent, renewAfter: 10 * MINUTE, idleTimeout: 3600 });
}

const ends: Record<
  string,
  (server: UpgradeServer, store: InMemorySessionStore, cookie: string, time: Time) => unknown
> = {
  "a logout in another request": (server, _, cookie) => server.visit("/logout", cookie),
  "a revocation of all": (_, store) => store.revokeAll("ada"),
  "another login on it": (server, _, cookie) => server.visit("/login/ada", cookie),
  "the login of another user on it": (server, _, cookie) => server.visit("/login/bob", cookie),
  "a new token for it, while its holder has the old one": (server, _, cookie) =>
    server.visit("/regenerate", cookie),
  "another login on it, which is no longer remembered": async (server, _, cookie, time) => {
    await server.visit("/login/ada", cookie);
    time.advance(5 * MINUTE);
  },
  "the idle timeout": (_server, _store, _cookie, time) => time.advance(2 * 3600),
};

for (const [which, end] of Object.entries(ends)) {
  test(`requirement 59: ${which} ends a session whose socket is open`, async (t) => {
    const time = new Time();
    const store = newStore(time);
    const server = await UpgradeServer.start(t, store);
    const cookie = await server.visit("/login/ada");
    const { signal, client } = await server.accept({ cookie });
    const other = await server.accept({ cookie: await server.visit("/login/eve") });
    await server.check();
    assert.equal(signal.aborted, false);
    time.advance(1);
    await end(server, store, cookie, time);
    assert.equal(signal.aborted, false);
    await server.check();
    assert.equal(signal.aborted, true);
    refusal("ERR_SESSION_GONE")(signal.reason);
    assert.equal(other.signal.aborted, which === "the idle timeout");
    // Whoever does not listen is not listened to for ever.
    assert.equal(client.socket.closed, false);
    await server.check();
    await client.all();
  });
}

test("the absolute timeout ends it, however busy the session is", async (t) => {
  const time = new Time();
  const { clock } = time;
  const options = { clock, onEvent, idleTimeout: 3600, absoluteTimeout: 2 * 3600 };
  const server = await UpgradeServer.start(t, new InMemorySessionStore(options));
  const cookie = await server.visit("/login/ada");
  const { signal } = await server.accept({ cookie });
  for (let minutes = 10; minutes < 120; minutes += 10) {
    time.advance(10 * MINUTE);
    await server.visit("/set", cookie);
    await server.check();
    assert.equal(signal.aborted, false, `after ${minutes} minutes`);
  }
  time.advance(10 * MINUTE);
  await server.check();
  assert.equal(signal.aborted, true);
});

test("invariant 8, renewal keeps everyone in: also whose socket was opened with the old token", async (t) => {
  const time = new Time();
  const store = newStore(time);
  const server = await UpgradeServer.start(t, store);
  let cookie = await server.visit("/login/ada");
  const { signal } = await server.accept({ cookie });
  for (let round = 0; round < 3; round += 1) {
    time.advance(11 * MINUTE);
    const renewed = await server.visit("/read", cookie);
    assert.notEqual(renewed, "", "the token must be renewed");
    cookie = renewed;
    await server.visit("/read", cookie);
    await server.check();
    // Past its grace, and past the time for which it is remembered.
    time.advance(5 * MINUTE);
    await server.visit("/read", cookie);
    await server.check();
    assert.equal(signal.aborted, false, `after ${round + 1} renewals`);
  }
  await server.visit("/regenerate", cookie);
  await server.check();
  assert.equal(signal.aborted, true, "a new token ends it all the same");
});

test("an open socket is no use of its session: without another request that idles out", async (t) => {
  const time = new Time();
  const server = await UpgradeServer.start(t, newStore(time));
  const cookie = await server.visit("/login/ada");
  const { signal } = await server.accept({ cookie });
  for (let minutes = 0; minutes < 70; minutes += 5) {
    assert.equal(signal.aborted, false, `after ${minutes} minutes`);
    time.advance(5 * MINUTE);
    await server.check();
  }
  assert.equal(signal.aborted, true);
});

test("a stranger's socket is not asked about", async (t) => {
  const server = await UpgradeServer.start(t, newStore());
  const { signal } = await server.accept();
  assert.deepEqual([signal.aborted, server.due], [false, 0]);
});

test("one timer serves all sockets, and stands still when the last is closed", async (t) => {
  const server = await UpgradeServer.start(t, newStore());
  const cookie = await server.visit("/login/ada");
  const sockets = [];
  for (let count = 0; count < 3; count += 1) sockets.push(await server.accept({ cookie }));
  assert.equal(server.due, 1);
  await server.check();
  assert.equal(server.due, 1);
  for (const { client, request } of sockets) {
    const closed = new Promise((resolve) => request.socket.once("close", resolve));
    client.socket.destroy();
    await closed;
  }
  await server.check();
  assert.equal(server.due, 0);
  await server.accept({ cookie });
  assert.equal(server.due, 1);
});

test("the signal of a socket that was closed is not aborted", async (t) => {
  const store = newStore();
  const server = await UpgradeServer.start(t, store);
  const cookie = await server.visit("/login/ada");
  const { client, request, signal } = await server.accept({ cookie });
  const closed = new Promise((resolve) => request.socket.once("close", resolve));
  client.socket.destroy();
  await closed;
  await store.revokeAll("ada");
  await server.check();
  assert.equal(signal.aborted, false);
});

test("nor is that of a socket that is closed while its session is asked about", async (t) => {
  const memory = newStore();
  const answer = Promise.withResolvers<boolean>();
  const server = await UpgradeServer.start(t, {
    load: (request) => memory.load(request),
    save: (request, response, session) => memory.save(request, response, session),
    isAlive: () => answer.promise,
  });
  const { client, request, signal } = await server.accept({
    cookie: await server.visit("/login/ada"),
  });
  await server.check();
  const closed = new Promise((resolve) => request.socket.once("close", resolve));
  client.socket.destroy();
  await closed;
  answer.resolve(false);
  await turn();
  assert.equal(signal.aborted, false);
});

/** A repository that fails as long as it is told to. */
class Failing extends MemorySessionRepository {
  isDown = false;
  override read(...given: Parameters<MemorySessionRepository["read"]>) {
    if (this.isDown) throw new Error("down");
    return super.read(...given);
  }
}

test("invariant 13, down is not ended: a check that fails is an event, and four in a row are the end", async (t) => {
  const time = new Time();
  const repository = new Failing();
  const store = new ServerSessionStore(repository, { clock: time.clock, onEvent });
  const server = await UpgradeServer.start(t, store);
  const cookie = await server.visit("/login/ada");
  const { signal } = await server.accept({ cookie });
  const second = await server.accept({ cookie });
  repository.isDown = true;
  for (let checks = 0; checks < 3; checks += 1) {
    time.advance(15);
    await server.check();
  }
  assert.equal(signal.aborted, false);
  assert.deepEqual(
    server.events.map(({ type }) => type),
    ["check-failed", "check-failed", "check-failed"],
  );
  repository.isDown = false;
  time.advance(15);
  await server.check();
  repository.isDown = true;
  for (let checks = 0; checks < 4; checks += 1) {
    assert.equal(signal.aborted, false, `after ${checks} checks`);
    time.advance(15);
    await server.check();
  }
  assert.deepEqual([signal.aborted, second.signal.aborted], [true, true]);
  refusal("ERR_SESSION_STORE")(signal.reason);
  assert.ok(signal.reason instanceof SessionError && signal.reason.cause instanceof SessionError);
});

test("a store that hangs keeps no session alive, and is not asked again and again meanwhile", async (t) => {
  const memory = newStore();
  let asked = 0;
  let answer: Promise<boolean> = Promise.resolve(true);
  const store: SessionStore = {
    load: (request) => memory.load(request),
    save: (request, response, session) => memory.save(request, response, session),
    isAlive() {
      asked += 1;
      return answer;
    },
  };
  const server = await UpgradeServer.start(t, store, { failedChecks: 2 });
  const cookie = await server.visit("/login/ada");
  const { signal } = await server.accept({ cookie });
  await server.check();
  assert.equal(asked, 1);
  answer = new Promise(() => undefined);
  await server.check();
  await server.check();
  assert.deepEqual([asked, signal.aborted], [2, false]);
  answer = Promise.resolve(true);
  const later = await server.accept({ cookie });
  await server.check();
  assert.equal(signal.aborted, true);
  refusal("ERR_SESSION_STORE")(signal.reason);
  for (let checks = 0; checks < 3; checks += 1) await server.check();
  assert.equal(later.signal.aborted, false, "a check that goes on and on must not stop the others");
});

test("many sockets are asked about a few at a time", async (t) => {
  const memory = newStore();
  let [underWay, most, asked] = [0, 0, 0];
  const store: SessionStore = {
    load: (request) => memory.load(request),
    save: (request, response, session) => memory.save(request, response, session),
    async isAlive() {
      underWay += 1;
      asked += 1;
      most = Math.max(most, underWay);
      await Promise.resolve();
      underWay -= 1;
      return true;
    },
  };
  const server = await UpgradeServer.start(t, store);
  const cookie = await server.visit("/login/ada");
  for (let count = 0; count < 40; count += 1) await server.accept({ cookie });
  await server.check();
  assert.deepEqual([asked, most, underWay], [40, 16, 0]);
});

test("a store that cannot tell by itself is asked to load the request again", async (t) => {
  const memory = newStore();
  const store: SessionStore = {
    load: (request) => memory.load(request),
    save: (request, response, session) => memory.save(request, response, session),
  };
  const server = await UpgradeServer.start(t, store);
  const cookie = await server.visit("/login/ada");
  const { signal } = await server.accept({ cookie });
  const other = await server.accept({ cookie: await server.visit("/login/eve") });
  await server.check();
  assert.equal(signal.aborted, false);
  await memory.revokeAll("ada");
  await server.check();
  assert.deepEqual([signal.aborted, other.signal.aborted], [true, false]);
});

test("a sealed session ends by the clock, and where a revocation knows better", async (t) => {
  const time = new Time();
  const { clock } = time;
  const ended = new Set<string>();
  const revocation = { cacheFor: 0, isRevoked: ({ id }: { id: string }) => ended.has(id) };
  const store = new CookieSessionStore({
    secret: SECRET,
    clock,
    onEvent,
    idleTimeout: 3600,
    revocation,
  });
  const server = await UpgradeServer.start(t, store);
  const ada = await server.accept({ cookie: await server.visit("/login/ada") });
  const eve = await server.accept({ cookie: await server.visit("/login/eve") });
  await server.check();
  ended.add(ada.request.session.id);
  await server.check();
  assert.deepEqual([ada.signal.aborted, eve.signal.aborted], [true, false]);
  time.advance(2 * 3600);
  await server.check();
  assert.equal(eve.signal.aborted, true);
});

test("a session of no memory ends by the clock alone", async (t) => {
  const time = new Time();
  const { clock } = time;
  const options = { secret: SECRET, clock, onEvent, idleTimeout: 3600 };
  const server = await UpgradeServer.start(t, new CookieSessionStore(options));
  const cookie = await server.visit("/login/ada");
  const { signal } = await server.accept({ cookie });
  await server.visit("/logout", cookie);
  await server.check();
  assert.equal(signal.aborted, false);
  time.advance(3600 * 1.1 - 1);
  await server.check();
  assert.equal(signal.aborted, false);
  time.advance(1);
  await server.check();
  assert.equal(signal.aborted, true);
});

test("the default timer keeps no process alive", async (t) => {
  const server = await UpgradeServer.start(t, newStore(), { schedule: undefined } as never);
  const cookie = await server.visit("/login/ada");
  const before = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  await server.accept({ cookie });
  await turn();
  const after = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  assert.ok(after <= before);
});
