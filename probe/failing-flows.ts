import assert from "node:assert/strict";
import {
  type Answer,
  assertUnavailable,
  type Client,
  COOKIE,
  MARGIN,
  type ReadAnswer,
  TIME_LIMIT,
} from "./failing-client.ts";
import type { Fate } from "./failing-patients.ts";
import { RENEW_AFTER, type Scene } from "./failing-scene.ts";

/** A write that fails while a client waits for it. */
export interface Flow {
  /** What the client has before. Default: a session with something in it, logged in. */
  before?(scene: Scene, user: string): Promise<Client>;
  /** The request whose write meets a database that has begun to fail. */
  act(client: Client, user: string): Promise<Answer>;
  /** What the client must have been told. */
  answered(answer: Answer, scene: Scene): void;
  /** What must hold when the database is well again. */
  after(aftermath: Aftermath): Promise<void>;
}

export interface Aftermath {
  readonly scene: Scene;
  readonly client: Client;
  /** The token before. A stranger has none. */
  readonly token: string | undefined;
  readonly user: string;
  readonly fate: Fate;
}

/** A failed write of the application is told as one, and nothing goes out with it. */
const isRefused: Flow["answered"] = (answer) => assertUnavailable(answer, "the write");

/** A failed write of the library's own is no matter of the visitor's. */
const isServed: Flow["answered"] = ({ status, cookies, took, text }, { events }) => {
  assert.deepEqual([status, cookies], [200, []], text);
  assert.ok(took < TIME_LIMIT * 1000 + MARGIN, `it took ${Math.round(took)} ms`);
  assert.equal(events.filter(({ type }) => type === "touch-failed").length, 1);
};

/** Where it cannot be known which of two came to be, it is known that it is one of them, as a whole. */
function assertFate<Value>(fate: Fate, actual: Value, lost: Value, made: Value): void {
  const allowed = { lost: [lost], made: [made], either: [lost, made] }[fate];
  const isAllowed = allowed.some((each) => JSON.stringify(each) === JSON.stringify(actual));
  assert.ok(isAllowed, `${JSON.stringify(actual)} after a write that was ${fate}`);
}

/** Whether a token opens a session, for a client who has nothing else. */
async function opens({ scene }: Aftermath, token: string | undefined): Promise<boolean> {
  if (token === undefined) return false;
  const client = scene.client();
  client.visitor.hold(COOKIE, token);
  return !(await client.read()).isNew;
}

/** Whatever became of it, a login works, and the one before is over. */
async function canLogIn(aftermath: Aftermath, user: string): Promise<void> {
  const { client, token } = aftermath;
  await client.surely("POST", `/login?user=${user}`);
  assert.equal((await client.read()).subject, user);
  assert.equal(await opens(aftermath, token), false, "the token from before the login");
}

const RETIRED = "the session ended";

async function isIn({ client }: Aftermath): Promise<string> {
  const { isNew, subject } = await client.read();
  return isNew ? RETIRED : (subject ?? "anonymous");
}

export const flows: Readonly<Record<string, Flow>> = {
  "a change is refused, and is there or is not": {
    act: (client) => client.post("/set", { during: 1, also: 2 }),
    answered: isRefused,
    after: async ({ client, fate }) => {
      const kept = { kept: "from before" };
      assertFate(fate, (await client.read()).data, kept, { ...kept, during: 1, also: 2 });
      await client.surely("POST", "/set", { during: 3 });
      assert.equal((await client.read()).data.during, 3);
    },
  },

  "a logout is refused, and can be repeated until it is done": {
    act: (client) => client.post("/logout"),
    answered: isRefused,
    after: async (aftermath) => {
      const { client, token, user, fate } = aftermath;
      // It is tried twice, and the database may hear of the second time when it is well again.
      assertFate(fate === "lost" ? "either" : fate, await isIn(aftermath), user, RETIRED);
      await client.surely("POST", "/logout");
      assert.equal(await opens(aftermath, token), false, "it is alive after 204");
      await canLogIn(aftermath, user);
    },
  },

  "a login is refused, and the one before it holds or is over": {
    before: async (scene) => {
      const client = scene.client();
      await client.surely("POST", "/set", { cart: ["tea"] });
      return client;
    },
    act: (client, user) => client.post(`/login?user=${user}`),
    answered: isRefused,
    after: async (aftermath) => {
      const { scene, fate } = aftermath;
      // There the index of a subject's sessions is written first, and after its failure nothing more is.
      const isLost = fate === "made" && ["valkey", "redis"].includes(scene.patient.name);
      assertFate(isLost ? "lost" : fate, await isIn(aftermath), "anonymous", RETIRED);
      await canLogIn(aftermath, aftermath.user);
    },
  },

  "a stranger's login is refused, and nobody is logged in": {
    before: async (scene) => scene.client(),
    act: (client, user) => client.post(`/login?user=${user}`),
    answered: isRefused,
    after: async (aftermath) => {
      assert.equal((await aftermath.client.read()).isNew, true);
      await canLogIn(aftermath, aftermath.user);
    },
  },

  "a regeneration is refused, and one token is good, or none": {
    act: (client) => client.post("/regenerate"),
    answered: isRefused,
    after: async (aftermath) => {
      assertFate(aftermath.fate, await isIn(aftermath), aftermath.user, RETIRED);
      await canLogIn(aftermath, aftermath.user);
    },
  },

  "a use that cannot be noted is no matter of the visitor's": {
    before: async (scene, user) => {
      const client = await scene.user(user);
      scene.clock.advance(200);
      return client;
    },
    act: (client) => client.get("/read"),
    answered: isServed,
    after: async ({ scene, client, user }) => {
      const isNoted = async ({ id, subject }: ReadAnswer) => {
        assert.equal(subject, user);
        const { expiresAt = 0 } = (await scene.record(id)) ?? {};
        return expiresAt > scene.clock() + 1_000_000;
      };
      await client.readUntil(isNoted, "no use is noted any more");
    },
  },

  "a renewal that fails logs nobody out, and is made up for": {
    before: async (scene, user) => {
      const client = await scene.user(user);
      scene.clock.advance(RENEW_AFTER);
      return client;
    },
    act: (client) => client.get("/read"),
    answered: isServed,
    after: async (aftermath) => {
      const { client, token, user } = aftermath;
      const isRenewed = ({ subject }: ReadAnswer) => {
        assert.equal(subject, user);
        return client.token !== token;
      };
      await client.readUntil(isRenewed, "it is not renewed any more");
      assert.equal((await client.read()).subject, user);
      assert.equal(await opens(aftermath, token), true, "the grace");
    },
  },

  "a flash value that cannot be removed is seen, once more perhaps": {
    before: async (scene, user) => {
      const client = await scene.user(user);
      await client.surely("POST", "/flash?key=note&value=hello");
      return client;
    },
    act: (client) => client.get("/read"),
    answered: (answer, scene) => {
      isServed(answer, scene);
      assert.equal(JSON.parse(answer.text).data.note, "hello");
    },
    after: async ({ client, fate }) => {
      const { note = "none" } = (await client.read()).data;
      assertFate(fate, note, "hello", "none");
      await client.readUntil(({ data }) => data.note === undefined, "it is seen for ever");
    },
  },
};
