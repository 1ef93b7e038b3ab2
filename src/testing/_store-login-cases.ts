import { systemRandom } from "../core/random.ts";
import type { RepositoryCase } from "./_repository-scene.ts";
import {
  ABSOLUTE,
  beginMany,
  expectDead,
  expectRefused,
  type Flight,
  IDLE,
  storeCase,
} from "./_store-scene.ts";
import { equal, ok } from "./check.ts";

export const loginCases: readonly RepositoryCase[] = [
  storeCase(
    "invariant 7, login changes the token: the old one is dead at once, the handle stays, and of the data what is named",
    async (scene) => {
      const client = scene.newClient();
      const first = await client.visit((session) =>
        session.update({ cart: ["tea"], role: "admin" }),
      );
      const old = client.token;
      const subject = scene.newSubject();
      const { session } = await client.visit((each) => each.login(subject, { keep: ["cart"] }));
      ok(client.token !== old, "the token stayed the same");
      equal(session.id, first.session.id, "the handle");
      await expectDead(client.store, old, "after the login");
      const next = await client.visit();
      equal(
        [next.session.subject, next.session.toObject()],
        [subject, { cart: ["tea"] }],
        "after it",
      );
      equal((await scene.records()).length, 1, "how many records there are");
    },
  ),
  storeCase(
    "invariant 7, login changes the token: a stranger's login makes a session, the same user's keeps its data, another's does not",
    async (scene) => {
      const client = scene.newClient();
      const [ada, bob] = [scene.newSubject(), scene.newSubject()];
      await client.visit((session) => session.login(ada));
      await client.visit((session) => session.set("private", 1));
      await client.visit((session) => session.login(ada));
      equal([await client.subject(), await client.data()], [ada, { private: 1 }], "the same user");
      await client.visit((session) => session.login(bob, { keep: ["private"] }));
      equal([await client.subject(), await client.data()], [bob, {}], "another user");
    },
  ),
  storeCase(
    "invariant 7, login changes the token: it restarts the absolute timeout, which nothing else moves",
    async (scene) => {
      const client = scene.newClient();
      const subject = scene.newSubject();
      await client.visit((session) => session.login(subject));
      const step = IDLE * 0.9;
      for (let at = step; at < ABSOLUTE; at += step) {
        scene.clock.advance(step);
        await client.visit((session) => (at < ABSOLUTE / 2 ? session.regenerate() : session.size));
        if (at > ABSOLUTE / 2 && at <= ABSOLUTE / 2 + step) {
          await client.visit((session) => session.login(subject));
        }
      }
      scene.clock.advance(step);
      equal(await client.subject(), subject, "after the first absolute timeout");
    },
  ),
  storeCase(
    "invariant 7, login changes the token: a writer of before it, and one of before a new token, fails",
    async (scene) => {
      const client = scene.newClient();
      await client.visit((session) => session.set("a", 1));
      const late = await client.begin();
      late.session.set("late", 1);
      await client.visit((session) => session.login(scene.newSubject()));
      await expectRefused(late, "ERR_SESSION_GONE", "a change of before the login");
      const later = await client.begin();
      later.session.set("late", 1);
      await client.visit((session) => session.regenerate());
      await expectRefused(later, "ERR_SESSION_GONE", "a change of before the new token");
      equal(await client.data(), {}, "the data");
    },
  ),
  storeCase(
    "invariant 7, login changes the token: it prevails over a change at the same time, and keeps nothing that is not named",
    async (scene) => {
      const client = scene.newClient();
      await client.visit((session) => session.set("cart", ["tea"]));
      const login = await client.begin();
      const subject = scene.newSubject();
      login.session.login(subject, { keep: ["cart"] });
      await client.visit((session) => session.set("role", "admin"));
      await login.save();
      client.receive(login);
      const { session } = await client.visit();
      equal([session.subject, session.toObject()], [subject, { cart: ["tea"] }], "afterwards");
    },
  ),
  storeCase(
    "invariant 6, a late response never harms a newer session: twenty requests in flight during a login, answered in any order, leave the browser logged in",
    async (scene) => {
      for (let round = 0; round < 3; round += 1) {
        const client = scene.newClient();
        await client.visit((session) => session.set("cart", ["tea"]));
        const flights = await beginMany(client, 20);
        const login = await client.begin();
        const subject = scene.newSubject();
        login.session.login(subject);
        await login.save();
        await Promise.all(
          flights.map((flight, index) => {
            if (index % 3 === 0) flight.session.set("late", index);
            if (index % 3 === 1) flight.session.logout();
            return flight.outcome();
          }),
        );
        const answers: Flight[] = [...flights, login];
        for (const roll of systemRandom(answers.length)) {
          const [answer] = answers.splice(roll % answers.length, 1);
          if (answer !== undefined) client.receive(answer);
        }
        equal(await client.subject(), subject, "who is logged in");
      }
    },
  ),
  storeCase(
    "a new token keeps data, subject and handle, and the old one is dead at once",
    async (scene) => {
      const client = scene.newClient();
      const subject = scene.newSubject();
      const first = await client.visit((session) => [session.login(subject), session.set("a", 1)]);
      const old = client.token;
      await client.visit((session) => session.regenerate());
      await expectDead(client.store, old, "after the new token");
      const { session } = await client.visit();
      equal(
        [session.id, session.subject, session.toObject()],
        [first.session.id, subject, { a: 1 }],
        "it",
      );
    },
  ),
  storeCase(
    "of two logins at the same time both users have a session, and neither has the other's data",
    async (scene) => {
      const client = scene.newClient();
      await client.visit((session) => session.set("a", 1));
      const [ada, bob] = [scene.newSubject(), scene.newSubject()];
      const flights = await Promise.all([client.begin(), client.begin()]);
      flights[0].session.login(ada);
      flights[1].session.login(bob);
      for (const { session } of flights) session.set("mine", session.subject);
      await Promise.all(flights.map((flight) => flight.save()));
      for (const [index, subject] of [ada, bob].entries()) {
        const each = scene.newClient(client.store);
        const flight = flights[index];
        if (flight !== undefined) each.receive(flight);
        const { session } = await each.visit();
        equal(
          [session.subject, session.toObject()],
          [subject, { mine: subject }],
          `login ${index}`,
        );
      }
    },
  ),
];
