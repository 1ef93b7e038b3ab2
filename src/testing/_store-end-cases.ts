import { systemRandom } from "../core/random.ts";
import type { RepositoryCase } from "./_repository-scene.ts";
import {
  beginMany,
  expectDead,
  expectRefused,
  Flight,
  IDLE,
  opens,
  type StoreClient,
  type StoreScene,
  storeCase,
  type TestedSession,
  turns,
} from "./_store-scene.ts";
import { equal, ok } from "./check.ts";

type End = (client: StoreClient, scene: StoreScene) => Promise<unknown>;

/** How a session ends; the browser is told, or is not. */
const ENDS: Record<string, End> = {
  logout: (client) => client.visit((session) => session.logout()),
  destroy: (client) => client.visit((session) => session.destroy()),
  revoke: async (client) => client.store.revoke((await client.begin()).session.id),
  expiry: async (_, { clock }) => clock.advance(IDLE * 1.2),
};

const CHANGES: Record<string, (session: TestedSession) => unknown> = {
  set: (session) => session.set("late", 1),
  "a change in place": (session) => (session.get("list") as number[]).push(1),
  delete: (session) => session.delete("list"),
  modify: (session) => session.modify("n", () => 1),
  flash: (session) => session.flash("note", 1),
  regenerate: (session) => session.regenerate(),
  "logout, and a change after it": (session) => [session.logout(), session.set("late", 1)],
};

const HARMLESS: Record<string, (session: TestedSession) => unknown> = {
  reading: (session) => session.toObject(),
  logout: (session) => session.logout(),
  destroy: (session) => session.destroy(),
};

async function newUser(scene: StoreScene): Promise<StoreClient> {
  const client = scene.newClient();
  await client.visit((session) => {
    session.login(scene.newSubject());
    session.set("list", []);
  });
  return client;
}

/** What ended leaves nothing behind that holds anything. */
async function expectEmptied(scene: StoreScene, what: string): Promise<void> {
  for (const { data, flash, subject, label, credentials } of await scene.records()) {
    equal([data, flash, subject, label], ["", "", undefined, undefined], `what is left, ${what}`);
    ok(!credentials.includes("current"), `a credential is still good, ${what}`);
  }
}

export const endCases: readonly RepositoryCase[] = [
  storeCase(
    "invariant 5, the dead stay dead: no request in flight brings a session back, its changes fail, and it carries no cookie",
    async (scene) => {
      for (const [how, end] of Object.entries(ENDS)) {
        const client = await newUser(scene);
        const { token } = client;
        const changes = await beginMany(client, Object.keys(CHANGES).length);
        const readers = await beginMany(client, Object.keys(HARMLESS).length);
        await end(client, scene);
        for (const [index, [what, change]] of Object.entries(CHANGES).entries()) {
          const flight = changes[index];
          if (flight === undefined) continue;
          change(flight.session);
          await expectRefused(flight, "ERR_SESSION_GONE", `${what} after ${how}`);
        }
        for (const [index, act] of Object.values(HARMLESS).entries()) {
          const flight = readers[index];
          if (flight === undefined) continue;
          act(flight.session);
          equal(await flight.outcome(), "saved", `the outcome of a reading after ${how}`);
          equal(flight.cookies, [], `the cookies of a reading after ${how}`);
        }
        await expectDead(client.store, token, `after ${how}`);
        await expectEmptied(scene, `after ${how}`);
      }
    },
  ),
  storeCase(
    "invariant 5, the dead stay dead: a session that ends while others write to it is dead, whatever the order",
    async (scene) => {
      for (let round = 0; round < 9; round += 1) {
        const [how = "", end = ENDS.logout] = Object.entries(ENDS)[round % 3] ?? [];
        const client = await newUser(scene);
        const { token } = client;
        const stores = scene.isAtomic ? [client.store, scene.newStore()] : [client.store];
        const writers = await beginMany(client, 6, stores);
        const rolls = systemRandom(7);
        const outcomes = await Promise.all([
          ...writers.map(async (flight, index) => {
            Object.values(CHANGES)[(index + round) % 5]?.(flight.session);
            await turns((rolls[index] ?? 0) % 64);
            return flight.outcome();
          }),
          turns((rolls[6] ?? 0) % 64).then(() => end?.(client, scene)),
        ]);
        for (const outcome of outcomes.slice(0, 6)) {
          ok(outcome === "saved" || outcome === "ERR_SESSION_GONE", `a writer: ${outcome}`);
        }
        equal(
          writers.flatMap(({ cookies }) => cookies),
          [],
          "the writers' cookies",
        );
        await expectDead(client.store, token, `after ${how}`);
        await expectEmptied(scene, `after ${how}`);
      }
    },
  ),
  storeCase(
    "invariant 5, the dead stay dead: after a logout the token opens nothing, now, after two minutes, and after days",
    async (scene) => {
      const client = await newUser(scene);
      const { token } = client;
      await client.visit((session) => session.logout());
      equal(client.token, undefined, "the token that the browser has");
      for (const seconds of [0, 119, 2, 3600, 86_400]) {
        scene.clock.advance(seconds);
        await expectDead(client.store, token, `${seconds} s later`);
      }
    },
  ),
  storeCase(
    "invariant 5, the dead stay dead: a revocation by another process ends a session here",
    async (scene) => {
      const client = await newUser(scene);
      const flight = await client.begin();
      flight.session.set("late", 1);
      equal(await scene.newStore().revoke(flight.session.id), true, "revoke");
      await expectRefused(flight, "ERR_SESSION_GONE", "a change after that");
      equal(await scene.newStore().revoke(flight.session.id), false, "revoke again");
      await expectDead(client.store, client.token, "after that");
    },
  ),
  storeCase(
    "invariant 6, a late response never harms a newer session: who presents what ended lately changes nothing, and no cookie is set or deleted",
    async (scene) => {
      const ends: End[] = [
        (client) => client.visit((session) => session.login(scene.newSubject())),
        (client) => client.visit((session) => session.regenerate()),
        (client) => client.visit((session) => session.logout()),
        (client, each) => ENDS.revoke?.(client, each) ?? Promise.resolve(),
      ];
      for (const [index, end] of ends.entries()) {
        const client = await newUser(scene);
        const { token } = client;
        await end(client, scene);
        const made = (await scene.records()).length;
        for (const seconds of [0, 119]) {
          scene.clock.advance(seconds);
          for (const [what, act] of Object.entries(HARMLESS)) {
            const flight = await Flight.begin(client.store, token);
            ok(flight.session.isNew, `end ${index}: a retired token opens a session`);
            act(flight.session);
            equal(await flight.outcome(), "saved", `${what} with it`);
            equal(flight.cookies, [], `the cookies of ${what} with it`);
          }
          const flight = await Flight.begin(client.store, token);
          flight.session.set("late", 1);
          await expectRefused(flight, "ERR_SESSION_GONE", `a change with it, end ${index}`);
        }
        equal((await scene.records()).length, made, "how many records there are");
        scene.clock.advance(2);
        const flight = await Flight.begin(client.store, token);
        flight.session.set("a", 1);
        equal([await flight.outcome(), flight.cookies.length], ["saved", 1], "after two minutes");
      }
    },
  ),
  storeCase(
    "invariant 6, a late response never harms a newer session: only a login goes on from what ended, under a new handle and token",
    async (scene) => {
      const client = await newUser(scene);
      const { token } = client;
      const late = await client.begin();
      // The same user keeps data at a login, but not that of a session that ended meanwhile.
      const [subject = "", other] = [late.session.subject, scene.newSubject()];
      await client.visit((session) => session.logout());
      late.session.login(subject);
      const again = await Flight.begin(client.store, token);
      again.session.login(other);
      for (const [flight, wanted] of [
        [late, subject],
        [again, other],
      ] as const) {
        await flight.save();
        equal(flight.cookies.length, 1, "the cookies of a login");
        const next = scene.newClient(client.store);
        next.receive(flight);
        const { session } = await next.visit();
        equal([session.subject, session.toObject()], [wanted, {}], "what it goes on with");
        ok(
          next.token !== token && !token?.startsWith(session.id),
          "the handle or token is the old",
        );
      }
      await expectDead(client.store, token, "after all that");
    },
  ),
  storeCase(
    "invariant 6, a late response never harms a newer session: a logout that comes late ends and deletes nothing of a login since",
    async (scene) => {
      const client = await newUser(scene);
      const late = await client.begin();
      late.session.logout();
      scene.clock.advance(1);
      const subject = scene.newSubject();
      await client.visit((session) => session.login(subject));
      equal([await late.outcome(), late.cookies], ["saved", []], "the late logout");
      equal(await client.subject(), subject, "who is logged in");
    },
  ),
  storeCase(
    "invariant 6, a late response never harms a newer session: an unknown or expired token is a stranger's, and its first change begins anew",
    async (scene) => {
      const client = await newUser(scene);
      const { token } = client;
      scene.clock.advance(IDLE * 1.2);
      const { session, cookies } = await client.visit((fresh) => fresh.set("a", 1));
      equal([cookies.length, session.toObject()], [1, { a: 1 }], "after expiry");
      ok(client.token !== token && (await opens(client.store, client.token)), "the new token");
    },
  ),
  storeCase(
    "a logout and what comes after it in one request end the old session and begin another",
    async (scene) => {
      const client = await newUser(scene);
      const { token } = client;
      const { session, cookies } = await client.visit((each) => {
        each.logout();
        each.set("after", 1);
      });
      equal(cookies.length, 1, "the cookies");
      equal(await client.data(), { after: 1 }, "the data");
      ok(!token?.startsWith(session.id), "the handle is the old one");
      await expectDead(client.store, token, "after the logout");
    },
  ),
];
