import { NOW, type RepositoryCase } from "./_repository-scene.ts";
import {
  ABSOLUTE,
  beginMany,
  expectDead,
  expectRefused,
  IDLE,
  opens,
  type StoreScene,
  storeCase,
} from "./_store-scene.ts";
import { equal, ok } from "./check.ts";

const TENTH = IDLE / 10;

async function newUser(scene: StoreScene) {
  const client = scene.newClient();
  await client.visit((session) => session.login(scene.newSubject()));
  return client;
}

function touches({ calls }: StoreScene): number {
  return calls.filter((verb) => verb === "touch").length;
}

export const timeCases: readonly RepositoryCase[] = [
  storeCase(
    "invariant 9, time ends sessions: an unused one 1.0 to 1.1 idle timeouts after its last use, never early",
    async (scene) => {
      for (const lastUse of [0, TENTH - 1, TENTH, IDLE * 0.6]) {
        const [early, late] = [await newUser(scene), await newUser(scene)];
        scene.clock.advance(lastUse);
        for (const client of [early, late]) await client.visit();
        scene.clock.advance(IDLE - 1);
        ok(await opens(early.store, early.token), `used after ${lastUse} s, it ended early`);
        scene.clock.advance(TENTH + 2);
        await expectDead(late.store, late.token, `used after ${lastUse} s`);
      }
    },
  ),
  storeCase(
    "invariant 9, time ends sessions: a use is written once per tenth of the idle timeout, however many requests there are",
    async (scene) => {
      const client = await newUser(scene);
      scene.clock.advance(TENTH - 1);
      await client.visit();
      equal(touches(scene), 0, "touches within the first tenth");
      scene.clock.advance(1);
      const flights = await beginMany(client, 10);
      for (const { session } of flights) session.get("a");
      await Promise.all(flights.map((flight) => flight.save()));
      equal(touches(scene), 1, "touches of ten requests at the same time");
      for (let use = 0; use < 9; use += 1) {
        scene.clock.advance(TENTH / 10);
        await client.visit();
      }
      equal(touches(scene), 1, "touches within the next tenth");
      equal(scene.calls.filter((verb) => verb === "update").length, 0, "updates by readers");
    },
  ),
  storeCase(
    "invariant 9, time ends sessions: use keeps a session going, up to its absolute end",
    async (scene) => {
      const client = await newUser(scene);
      let at = 0;
      for (; at + IDLE * 0.9 < ABSOLUTE; at += IDLE * 0.9) {
        scene.clock.advance(IDLE * 0.9);
        const { session } = await client.visit();
        ok(!session.isNew, `it ended after ${at} s`);
        ok(session.expiresAt.getTime() <= NOW + ABSOLUTE * 1000, "expiresAt is beyond the end");
      }
      scene.clock.advance(ABSOLUTE - at - 60);
      ok(await opens(client.store, client.token), "a minute before its absolute end");
      scene.clock.advance(60);
      await expectDead(client.store, client.token, "at its absolute end");
    },
  ),
  storeCase(
    "invariant 9, time ends sessions: changes move the idle timeout, and not the absolute end",
    async (scene) => {
      const client = await newUser(scene);
      for (let at = 0; at + IDLE / 2 < ABSOLUTE; at += IDLE / 2) {
        scene.clock.advance(IDLE / 2);
        await client.visit((session) => session.set("at", at));
      }
      const left = NOW / 1000 + ABSOLUTE - scene.clock() / 1000;
      scene.clock.advance(left);
      await expectDead(client.store, client.token, "at its absolute end");
    },
  ),
  storeCase(
    "invariant 9, time ends sessions: one that runs out while a request changes it fails that change",
    async (scene) => {
      const client = await newUser(scene);
      scene.clock.advance(IDLE - 1);
      const flight = await client.begin();
      flight.session.set("a", 1);
      scene.clock.advance(TENTH + 2);
      await expectRefused(flight, "ERR_SESSION_GONE", "a change after the end");
    },
  ),
  storeCase(
    "a slow reader whose use is to be noted undoes no change and shortens no life",
    async (scene) => {
      const client = await newUser(scene);
      scene.clock.advance(IDLE / 2);
      const slow = await client.begin();
      slow.session.get("a");
      scene.clock.advance(TENTH);
      await client.visit((session) => session.set("a", 1));
      await slow.save();
      equal(await client.data(), { a: 1 }, "the data");
      scene.clock.advance(IDLE - 1);
      ok(await opens(client.store, client.token), "an idle timeout after the change");
    },
  ),
  storeCase(
    "expiresAt, createdAt and authenticatedAt are as the session's life was",
    async (scene) => {
      const client = scene.newClient();
      await client.visit((session) => session.set("a", 1));
      scene.clock.advance(3600);
      await client.visit((session) => session.login(scene.newSubject()));
      scene.clock.advance(60);
      const { session } = await client.visit();
      const times = [session.createdAt, session.authenticatedAt, session.expiresAt];
      const wanted = [0, 3600, 3660 + IDLE].map((at) => new Date(NOW + at * 1000));
      equal(times, wanted, "the times");
    },
  ),
  storeCase("shorter timeouts bind sessions that were stored before", async (scene) => {
    const client = await newUser(scene);
    scene.clock.advance(3600);
    const shorter = scene.newStore({ idleTimeout: 1800, absoluteTimeout: 3600 });
    await expectDead(shorter, client.token, "with a shorter absolute timeout");
    ok(await opens(client.store, client.token), "with the one from before");
  }),
];
