import type { RepositoryCase } from "./_repository-scene.ts";
import {
  beginMany,
  expectDead,
  expectRefused,
  Flight,
  type StoreClient,
  type StoreScene,
  storeCase,
} from "./_store-scene.ts";
import { equal, ok } from "./check.ts";

const RENEW_AFTER = 3600;

async function newUser(scene: StoreScene, encrypt = false): Promise<StoreClient> {
  const client = scene.newClient(scene.newStore({ renewAfter: RENEW_AFTER, encrypt }));
  await client.visit((session) => session.login(scene.newSubject()));
  return client;
}

/** So many readers of one token at the same time, and the cookies that they are sent. */
async function readers(
  client: StoreClient,
  count: number,
  token = client.token,
): Promise<string[]> {
  const flights = await Promise.all(
    Array.from({ length: count }, () => Flight.begin(client.store, token)),
  );
  for (const { session } of flights) {
    ok(!session.isNew, "a holder of the old token was logged out");
    session.get("a");
  }
  await Promise.all(flights.map((flight) => flight.save()));
  return flights.flatMap(({ cookies }) => cookies);
}

export const renewalCases: readonly RepositoryCase[] = [
  storeCase(
    "invariant 8, renewal keeps everyone in: twenty requests at the same time are handed one and the same successor",
    async (scene) => {
      const client = await newUser(scene);
      scene.clock.advance(RENEW_AFTER - 1);
      equal(await readers(client, 20), [], "the cookies before it is due");
      scene.clock.advance(1);
      const cookies = await readers(client, 20);
      equal([cookies.length, new Set(cookies).size], [20, 1], "the cookies when it is due");
      const renewals = scene.events.filter(({ type }) => type === "renewed");
      equal(renewals.length, 1, "how many renewals there were");
    },
  ),
  storeCase(
    "invariant 8, renewal keeps everyone in: answers that got lost log nobody out, and the same successor is handed out until it is used",
    async (scene) => {
      const client = await newUser(scene);
      scene.clock.advance(RENEW_AFTER);
      const [first] = await readers(client, 1);
      for (let round = 0; round < 5; round += 1) {
        scene.clock.advance(RENEW_AFTER);
        equal(await readers(client, 3), [first, first, first], `the cookies of round ${round}`);
      }
      const flight = await client.begin();
      flight.session.set("a", 1);
      await flight.save();
      equal(flight.cookies, [first], "the cookie of a change");
    },
  ),
  storeCase(
    "invariant 8, renewal keeps everyone in: the old token is good for 30 s after the new one was first used, writes to the same session, and then is none, and an event",
    async (scene) => {
      for (const encrypt of [false, true]) {
        const client = await newUser(scene, encrypt);
        const old = client.token;
        const id = (await client.begin()).session.id;
        scene.clock.advance(RENEW_AFTER);
        await client.visit();
        ok(client.token !== old, "no successor was handed out");
        scene.clock.advance(RENEW_AFTER / 2);
        equal((await readers(client, 1, old)).length, 1, "the old one before the new one is used");
        await client.visit();
        scene.clock.advance(29);
        const late = await Flight.begin(client.store, old);
        late.session.set("late", 1);
        equal([await late.outcome(), late.cookies], ["saved", []], "a change in grace");
        equal(await client.data(), { late: 1 }, "the data that the new one finds");
        scene.clock.advance(1);
        await expectDead(client.store, old, "after the grace");
        const refused = scene.events.at(-1);
        equal(refused, { type: "token-refused", id, reason: "grace-over" }, "the event");
        const over = await Flight.begin(client.store, old);
        over.session.set("over", 1);
        await expectRefused(over, "ERR_SESSION_GONE", "a change after the grace");
        equal(await client.data(), { late: 1 }, "the data afterwards");
      }
    },
  ),
  storeCase(
    "invariant 8, renewal keeps everyone in: a browser that loses every second answer stays logged in, and loses no change",
    async (scene) => {
      const client = await newUser(scene);
      for (let round = 0; round < 10; round += 1) {
        scene.clock.advance(RENEW_AFTER / 2);
        const flights = await beginMany(client, 3);
        for (const { session } of flights) session.modify("n", (n) => (Number(n) || 0) + 1);
        await Promise.all(flights.map((flight) => flight.save()));
        if (round % 2 === 0) for (const flight of flights) client.receive(flight);
      }
      equal(await client.data(), { n: 30 }, "the data");
    },
  ),
  storeCase(
    "invariant 6, a late response never harms a newer session: a renewal that is under way during a login, a new token or an end hands out nothing",
    async (scene) => {
      for (const isBegun of [false, true]) {
        for (const end of ["login", "regenerate", "logout"] as const) {
          const client = await newUser(scene);
          const old = client.token;
          scene.clock.advance(RENEW_AFTER);
          if (isBegun) await readers(client, 1);
          const late = await client.begin();
          late.session.get("a");
          const subject = scene.newSubject();
          await client.visit((session) =>
            end === "login" ? session.login(subject) : session[end](),
          );
          equal([await late.outcome(), late.cookies], ["saved", []], `a renewal during ${end}`);
          client.receive(late);
          await expectDead(client.store, old, `after ${end}`);
          if (end === "login") equal(await client.subject(), subject, "who is logged in");
        }
      }
    },
  ),
  storeCase(
    "invariant 8, renewal keeps everyone in: a successor that nobody has used yet is dead with its session",
    async (scene) => {
      const client = await newUser(scene);
      scene.clock.advance(RENEW_AFTER);
      const handed = await client.begin();
      await handed.save();
      await client.visit((session) => session.logout());
      client.receive(handed);
      await expectDead(client.store, client.token, "after the logout");
    },
  ),
  storeCase("renewal is off by default", async (scene) => {
    const client = scene.newClient();
    await client.visit((session) => session.login(scene.newSubject()));
    const { token } = client;
    for (let day = 0; day < 3; day += 1) {
      scene.clock.advance(30_000);
      await client.visit((session) => session.set("day", day));
    }
    equal(client.token, token, "the token");
  }),
];
