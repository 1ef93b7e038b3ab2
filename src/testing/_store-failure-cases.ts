import type { RepositoryCase } from "./_repository-scene.ts";
import {
  codeOf,
  expectRefused,
  Flight,
  type StoreClient,
  type StoreScene,
  storeCase,
  type TestedSession,
} from "./_store-scene.ts";
import { equal } from "./check.ts";

/** What a repository does that is down. */
const FAULTS: Record<string, () => unknown> = {
  throws: () => {
    throw new Error("down");
  },
  rejects: () => Promise.reject(new Error("down")),
  hangs: () => new Promise(() => {}),
  "answers garbage": () => ({ garbage: true }),
};

const CHANGES: Record<string, (session: TestedSession) => unknown> = {
  set: (session) => session.set("a", 2),
  login: (session) => session.login("somebody else"),
  regenerate: (session) => session.regenerate(),
  logout: (session) => session.logout(),
};

/** Seconds that a store waits for a repository that hangs. */
const MOMENT = 0.01;

async function newUser(scene: StoreScene): Promise<{ client: StoreClient; subject: string }> {
  const client = scene.newClient();
  const subject = scene.newSubject();
  await client.visit((session) => [session.login(subject), session.set("a", 1)]);
  return { client, subject };
}

/** A request of a store that does not wait for long, also where loading takes longer than that now and then. */
async function beginImpatiently(scene: StoreScene, client: StoreClient): Promise<Flight> {
  for (;;) {
    const begun = client.begin(scene.newStore({ timeout: MOMENT }));
    if ((await codeOf(begun)) === "saved") return begun;
  }
}

export const failureCases: readonly RepositoryCase[] = [
  storeCase(
    "invariant 13, down is not anonymous: where the repository fails, hangs or answers garbage, a request with a token fails",
    async (scene) => {
      const { client, subject } = await newUser(scene);
      for (const [how, fault] of Object.entries(FAULTS)) {
        const store = scene.newStore({ timeout: MOMENT });
        scene.fail(fault);
        const code = await codeOf(client.begin(store));
        equal(code, "ERR_SESSION_STORE", `a request while the repository ${how}`);
        const stranger = await Flight.begin(store, undefined);
        equal(stranger.session.isNew, true, "one without a token");
        scene.fail();
        equal(await client.subject(), subject, "when it is back");
      }
    },
  ),
  storeCase(
    "invariant 13, down is not anonymous: a write that fails, hangs or is answered with garbage is never answered as if it had succeeded",
    async (scene) => {
      const { client, subject } = await newUser(scene);
      for (const [how, fault] of Object.entries(FAULTS)) {
        for (const [what, change] of Object.entries(CHANGES)) {
          if (how === "hangs" && what !== "set") continue;
          const flight =
            how === "hangs"
              ? await beginImpatiently(scene, client)
              : await client.begin(scene.newStore());
          change(flight.session);
          scene.fail(fault);
          await expectRefused(flight, "ERR_SESSION_STORE", `${what} while the repository ${how}`);
          scene.fail();
        }
      }
      const { session } = await client.visit();
      equal([session.subject, session.get("a")], [subject, 1], "what is stored");
    },
  ),
  storeCase(
    "invariant 13, down is not anonymous: a stranger's first change that cannot be stored fails, and nothing is left of it",
    async (scene) => {
      for (const [how, fault] of Object.entries(FAULTS)) {
        const flight = await Flight.begin(scene.newStore({ timeout: MOMENT }), undefined);
        flight.session.set("a", 1);
        scene.fail(fault);
        await expectRefused(flight, "ERR_SESSION_STORE", `a first change while it ${how}`);
        scene.fail();
      }
      equal(await scene.records(), [], "the records");
    },
  ),
  storeCase(
    "invariant 13, down is not anonymous: a use that cannot be noted, or a renewal, fails no request",
    async (scene) => {
      const { client, subject } = await newUser(scene);
      for (const fault of [FAULTS.throws, FAULTS.rejects]) {
        scene.clock.advance(10_000);
        const flight = await client.begin(scene.newStore({ renewAfter: 3600 }));
        scene.fail(fault);
        equal([await flight.outcome(), flight.cookies], ["saved", []], "a reading");
        scene.fail();
        equal(flight.session.subject, subject, "who is logged in");
        equal(scene.events.at(-1)?.type, "touch-failed", "the event");
      }
    },
  ),
  storeCase(
    "invariant 13, down is not anonymous: after five failures in a row the repository is left alone, and asked again after a while",
    async (scene) => {
      const { client, subject } = await newUser(scene);
      const store = scene.newStore();
      scene.fail(FAULTS.throws);
      for (let count = 0; count < 8; count += 1) {
        equal(await codeOf(client.begin(store)), "ERR_SESSION_STORE", "a request");
      }
      scene.fail();
      scene.calls.length = 0;
      equal(await codeOf(client.begin(store)), "ERR_SESSION_STORE", "a request after that");
      equal(scene.calls, [], "what was asked");
      scene.clock.advance(2);
      equal((await client.begin(store)).session.subject, subject, "a request a while later");
      const told = scene.events.filter(({ type }) => type.startsWith("store-"));
      equal(told, [{ type: "store-down" }, { type: "store-up" }], "what was told");
    },
  ),
];
