import { NOW, type RepositoryCase } from "./_repository-scene.ts";
import {
  expectDead,
  expectRefused,
  opens,
  type StoreClient,
  type StoreScene,
  storeCase,
} from "./_store-scene.ts";
import { equal, ok } from "./check.ts";

/** So many clients of one user and one store, who log in a second after each other. */
async function logins(
  scene: StoreScene,
  count: number,
  subject: string,
  store: StoreClient["store"] = scene.newStore(),
): Promise<StoreClient[]> {
  const clients: StoreClient[] = [];
  for (let index = 0; index < count; index += 1) {
    const client = scene.newClient(store);
    // Every second one has a session before.
    if (index % 2 === 1) await client.visit((session) => session.set("a", 1));
    await client.visit((session) => session.login(subject));
    clients.push(client);
    scene.clock.advance(1);
  }
  return clients;
}

async function alive(clients: readonly StoreClient[]): Promise<boolean[]> {
  return Promise.all(clients.map(({ store, token }) => opens(store, token)));
}

export const subjectCases: readonly RepositoryCase[] = [
  storeCase(
    "list: a user's sessions, the most recently used first, with times and label, by handles that open nothing",
    async (scene) => {
      const [ada, bob] = [scene.newSubject(), scene.newSubject()];
      const store = scene.newStore({ label: () => "a phone\0" });
      const clients = await logins(scene, 3, ada, store);
      await logins(scene, 1, bob, store);
      const [first] = clients;
      scene.clock.advance(20_000);
      await first?.visit();
      const list = await store.list(ada);
      const ids = await Promise.all(clients.map(async (each) => (await each.begin()).session.id));
      equal(
        list.map(({ id }) => id),
        [ids[0], ids[2], ids[1]],
        "the handles",
      );
      const { id: _, ...summary } = list[0] ?? { id: "" };
      equal(
        summary,
        {
          subject: ada,
          label: "a phone",
          createdAt: new Date(NOW),
          authenticatedAt: new Date(NOW),
          lastUsedAt: new Date(NOW + 20_004_000),
          expiresAt: new Date(NOW + 20_004_000 + 36_000_000),
        },
        "the one that was used last",
      );
      for (const { token = "" } of clients) {
        ok(!JSON.stringify(list).includes(token.slice(23)), "a credential is in the list");
      }
      for (const id of ids) ok(!(await opens(store, id)), "a handle opens a session");
    },
    "findBySubject",
  ),
  storeCase(
    "list: neither what has ended or expired, nor what became somebody else's",
    async (scene) => {
      const [ada, bob] = [scene.newSubject(), scene.newSubject()];
      const clients = await logins(scene, 4, ada);
      const [out, over, other, left] = clients;
      await out?.visit((session) => session.logout());
      await other?.visit((session) => session.login(bob));
      scene.clock.advance(30_000);
      await left?.visit();
      await other?.visit();
      scene.clock.advance(12_000);
      const store = left?.store ?? scene.newStore();
      equal((await store.list(ada)).length, 1, "how many of the first user's are left");
      equal((await store.list(bob)).length, 1, "how many of the second's");
      equal(await alive([over ?? scene.newClient()]), [false], "the one that expired");
      equal(await store.list(scene.newSubject()), [], "the list of one who never logged in");
    },
    "findBySubject",
  ),
  storeCase(
    "revoke: ends one session, and only the subject's own where one is named",
    async (scene) => {
      const [ada, bob] = [scene.newSubject(), scene.newSubject()];
      const [one, two] = await logins(scene, 2, ada);
      const id = (await one?.begin())?.session.id ?? "";
      const store = scene.newStore();
      equal(await store.revoke(id, { subject: bob }), false, "revoke by another subject");
      equal(await alive([one, two].filter((each) => each !== undefined)), [true, true], "then");
      equal(await store.revoke(id, { subject: ada }), true, "revoke by its subject");
      await expectDead(store, one?.token, "after revoke");
      equal(await two?.subject(), ada, "the other session");
      equal(await store.revoke(id), false, "revoke again");
      for (const odd of ["", "x", "../..", "A".repeat(22), "\0".repeat(22), "x".repeat(9999)]) {
        equal(await store.revoke(odd), false, `revoke of ${odd.slice(0, 30)}`);
      }
    },
  ),
  storeCase(
    "revokeAll: ends all sessions of a subject, or all but one, and nobody else's",
    async (scene) => {
      const [ada, bob] = [scene.newSubject(), scene.newSubject()];
      const mine = await logins(scene, 10, ada);
      const others = await logins(scene, 3, bob);
      const store = scene.newStore();
      const late = await mine[5]?.begin();
      late?.session.set("late", 1);
      const except = (await mine[0]?.begin())?.session.id ?? "";
      equal(await store.revokeAll(ada, { except }), 9, "how many were revoked but one");
      equal(await alive(mine), [true, ...Array<boolean>(9).fill(false)], "who is alive");
      if (late !== undefined) await expectRefused(late, "ERR_SESSION_GONE", "a change in flight");
      equal((await store.list(ada)).length, 1, "how many are listed");
      equal(await store.revokeAll(ada), 1, "how many were revoked then");
      equal(await store.revokeAll(ada), 0, "how many were revoked after that");
      equal(await alive(others), [true, true, true], "those of another user");
    },
    "findBySubject",
  ),
  storeCase(
    "subjectLimit: evict-oldest ends the oldest session, refuse answers the login with ERR_SESSION_LIMIT",
    async (scene) => {
      const evict = scene.newStore({ subjectLimit: { sessions: 2, beyond: "evict-oldest" } });
      const ada = scene.newSubject();
      equal(await alive(await logins(scene, 4, ada, evict)), [false, false, true, true], "evicted");
      const refuse = scene.newStore({ subjectLimit: { sessions: 2, beyond: "refuse" } });
      const bob = scene.newSubject();
      const [first, second] = await logins(scene, 2, bob, refuse);
      const third = scene.newClient(refuse);
      for (const before of ["a stranger", "a visitor"]) {
        if (before === "a visitor") await third.visit((session) => session.set("a", 1));
        const flight = await third.begin();
        flight.session.login(bob);
        await expectRefused(flight, "ERR_SESSION_LIMIT", `a login too many by ${before}`);
      }
      equal(await third.data(), { a: 1 }, "the visitor's session");
      await first?.visit((session) => session.login(bob));
      await second?.visit((session) => session.logout());
      await third.visit((session) => session.login(bob));
      equal(await third.subject(), bob, "a login when there is room");
    },
    "findBySubject",
  ),
  storeCase(
    "subjectLimit: two logins at the same time do not wait for each other, and what they leave is within it after the next",
    async (scene) => {
      const store = scene.newStore({ subjectLimit: { sessions: 1, beyond: "evict-oldest" } });
      const subject = scene.newSubject();
      const clients = [scene.newClient(store), scene.newClient(store)];
      const flights = await Promise.all(
        clients.map(async (client) => {
          await client.visit((session) => session.set("a", 1));
          return client.begin();
        }),
      );
      for (const { session } of flights) {
        session.login(subject);
        scene.clock.advance(1);
      }
      const outcomes = await Promise.all(flights.map((flight) => flight.outcome()));
      equal(outcomes, ["saved", "saved"], "the outcomes");
      const failed = scene.events.filter(({ type }) => type === "touch-failed");
      equal(failed.length, 0, "how many evictions failed");
      for (const [index, client] of clients.entries()) {
        const flight = flights[index];
        if (flight !== undefined) client.receive(flight);
      }
      // Whether the newer one saw the older depends on which of them was stored first.
      equal((await alive(clients))[1], true, "the newer session is alive");
      const next = scene.newClient(store);
      await next.visit((session) => session.login(subject));
      equal(await alive([...clients, next]), [false, false, true], "who is alive after the next");
      equal((await store.list(subject)).length, 1, "how many are left");
    },
    "findBySubject",
  ),
];
