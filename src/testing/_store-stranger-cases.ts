import { systemRandom } from "../core/random.ts";
import type { RepositoryCase } from "./_repository-scene.ts";
import { Flight, opens, storeCase, type TestedSession } from "./_store-scene.ts";
import { equal, ok } from "./check.ts";

const HARMLESS: Record<string, (session: TestedSession) => unknown> = {
  "does nothing": () => {},
  reads: (session) => [session.id, session.get("a"), session.toObject(), session.expiresAt],
  "sets and deletes": (session) => [session.set("a", 1), session.delete("a")],
  "logs in and out": (session) => [session.login("ada"), session.logout()],
  "asks for a new token": (session) => session.regenerate(),
  "ends what there is not": (session) => session.destroy(),
};

const HANDLE = "AAAAAAAAAAAAAAAAAAAAAA";
const CREDENTIAL = "A".repeat(43);
const SECRETS = [
  "Zx81-q0VtR7nPd_4LmYbK2sWc9GhTf6EjUo3aNvXi5Q",
  "b7KqYw3Tn_xM0sRz-dLf5HpVc1JgUa8EoNi2Xt6Wm4Q",
] as const;

export const strangerCases: readonly RepositoryCase[] = [
  storeCase(
    "invariant 1, nothing for strangers: reading, or doing nothing, asks the repository for nothing and sets no cookie",
    async (scene) => {
      for (const [what, act] of Object.entries(HARMLESS)) {
        const { cookies } = await scene.newClient().visit(act);
        equal(cookies, [], `the cookies of a stranger who ${what}`);
      }
      equal(scene.calls, [], "what was asked of the repository");
    },
  ),
  storeCase(
    "invariant 1, nothing for strangers: the first change makes a record, and a token that opens it",
    async (scene) => {
      const client = scene.newClient();
      const { session, cookies } = await client.visit((fresh) => fresh.set("a", 1));
      equal(cookies.length, 1, "the cookies of the first change");
      const next = await client.visit();
      equal(
        [next.session.isNew, next.session.id],
        [false, session.id],
        "the next request's session",
      );
      equal([next.session.toObject(), next.cookies], [{ a: 1 }, []], "its data, and its cookies");
    },
  ),
  storeCase(
    "invariant 2, strict: a handle that nobody has, and one with another credential, open nothing and are not adopted",
    async (scene) => {
      const [one, two] = [scene.newClient(), scene.newClient()];
      for (const client of [one, two]) await client.visit((session) => session.set("mine", 1));
      const [handle = "", credential = ""] = one.token?.split(".") ?? [];
      const [, other = ""] = two.token?.split(".") ?? [];
      const made = [
        `${HANDLE}.${CREDENTIAL}`,
        `${HANDLE}.${credential}`,
        `${handle}.${CREDENTIAL}`,
        `${handle}.${other}`,
        handle,
        `${handle}.`,
        `${handle}.${credential}A`,
        `${handle}.${credential}.${credential}`,
      ];
      for (const token of made) {
        const thief = scene.newClient(one.store);
        thief.jar.set("__Host-session", token);
        const { session } = await thief.visit((stranger) => stranger.set("theirs", 1));
        equal(session.toObject(), { theirs: 1 }, `the session of ${token}`);
        const issued = thief.token ?? "";
        ok(issued !== token && !issued.startsWith(HANDLE), `${token} was adopted`);
        ok(!issued.startsWith(handle), `${token} was given a known handle`);
      }
      equal(await one.data(), { mine: 1 }, "the session whose handle was tried");
    },
  ),
  storeCase(
    "invariant 2, strict: a handle that is taken is left alone, and another is tried",
    async (scene) => {
      const taken = systemRandom(16);
      let handles = 0;
      const random = (length: number) => {
        if (length !== 16) return systemRandom(length);
        handles += 1;
        return handles <= 2 ? taken.slice() : systemRandom(length);
      };
      const store = scene.newStore({ random });
      const [first, second] = [scene.newClient(store), scene.newClient(store)];
      await first.visit((session) => session.set("mine", 1));
      await second.visit((session) => session.set("theirs", 1));
      ok(first.token?.slice(0, 22) !== second.token?.slice(0, 22), "two sessions have one handle");
      equal([await first.data(), await second.data()], [{ mine: 1 }, { theirs: 1 }], "the data");
    },
  ),
  storeCase(
    "invariant 2, strict: with a secret, a token that is made up costs the repository nothing",
    async (scene) => {
      const store = scene.newStore({ secret: SECRETS[0] });
      const client = scene.newClient(store);
      await client.visit((session) => session.set("a", 1));
      const [handle = "", credential = "", mac = ""] = client.token?.split(".") ?? [];
      equal([handle.length, credential.length, mac.length], [22, 43, 22], "the parts of a token");
      scene.calls.length = 0;
      const made = [
        `${handle}.${credential}`,
        `${handle}.${credential}.${HANDLE}`,
        `${handle}.${CREDENTIAL}.${mac}`,
        `${HANDLE}.${credential}.${mac}`,
        `${HANDLE}.${CREDENTIAL}.${HANDLE}`,
        "junk",
        "../../etc/passwd",
        "x".repeat(3000),
      ];
      for (const token of made) ok(!(await opens(store, token)), `${token} opens a session`);
      equal(scene.calls, [], "what was asked of the repository");
      ok(await opens(store, client.token), "the real one opens nothing");
    },
  ),
  storeCase(
    "invariant 12, keys rotate: nobody is logged out, and a token of an older secret is replaced with its session's next change",
    async (scene) => {
      const [newest, older] = SECRETS;
      const client = scene.newClient(scene.newStore({ secret: older }));
      await client.visit((session) => session.set("a", 1));
      const before = client.token;
      const rotated = scene.newStore({ secret: [newest, older] });
      const reading = await Flight.begin(rotated, before);
      await reading.save();
      equal([reading.session.get("a"), reading.cookies], [1, []], "what a reading finds, and sets");
      const change = await Flight.begin(rotated, before);
      change.session.set("b", 2);
      await change.save();
      client.receive(change);
      const only = scene.newStore({ secret: newest });
      ok(await opens(only, client.token), "the new token is of the newest secret");
      ok(!(await opens(only, before)), "the old one is not");
    },
  ),
];
