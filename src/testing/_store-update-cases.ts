import type { OnConflict } from "../core/server/merge.ts";
import type { RepositoryCase } from "./_repository-scene.ts";
import {
  beginMany,
  expectRefused,
  Flight,
  type StoreScene,
  storeCase,
  type TestedSession,
} from "./_store-scene.ts";
import { equal, ok } from "./check.ts";

const MANY = 50;

const increment = (session: TestedSession) =>
  session.modify("count", (count) => (Number(count) || 0) + 1);

/** One store, and two where the repository is for several processes. */
function processes(scene: StoreScene) {
  const one = scene.newStore();
  return scene.isAtomic ? [[one], [one, scene.newStore()]] : [[one]];
}

async function saveAll(flights: readonly Flight[]): Promise<void> {
  const outcomes = await Promise.all(flights.map((flight) => flight.outcome()));
  equal([...new Set(outcomes)], ["saved"], "the outcomes of requests at the same time");
  equal(
    flights.flatMap(({ cookies }) => cookies),
    [],
    "their cookies",
  );
}

/** JSON as text, because a JavaScript object could not hold all of it as it is written. */
const NASTY = [
  '{"b":1,"a":2,"9":0,"1":0}',
  '{"":"empty key","nul":"\\u0000","lone":"\\ud800","pair":"\\ud83d\\ude00"}',
  '{"__proto__":{"admin":true},"constructor":1,"toString":2,"hasOwnProperty":3}',
  '{"big":9007199254740992,"small":5e-324,"negative":-1.5,"zero":0,"long":1e308}',
  '{"nested":{"z":[1,[2,[3,{"y":null}]]],"a":{"__proto__":1}},"empty":{},"list":[]}',
  `{"quotes":"'\\"\`","slashes":"\\\\/","lines":"\\r\\n\\u2028","percent":"%s%00$1{}"}`,
];

export const updateCases: readonly RepositoryCase[] = [
  storeCase(
    "invariant 4, no lost update: fifty requests at the same time that set fifty keys leave fifty keys",
    async (scene) => {
      for (const stores of processes(scene)) {
        const client = scene.newClient(stores[0]);
        await client.visit((session) => session.set("first", 0));
        const flights = await beginMany(client, MANY, stores);
        for (const [index, { session }] of flights.entries()) session.set(`k${index}`, index);
        await saveAll(flights);
        const data = await client.data();
        equal(Object.keys(data).length, MANY + 1, "how many keys there are");
        for (let index = 0; index < MANY; index += 1) equal(data[`k${index}`], index, `k${index}`);
      }
    },
  ),
  storeCase(
    "invariant 4, no lost update: fifty requests at the same time that count leave a count of fifty",
    async (scene) => {
      for (const stores of processes(scene)) {
        const client = scene.newClient(stores[0]);
        await client.visit((session) => session.set("count", 0));
        const flights = await beginMany(client, MANY, stores);
        for (const { session } of flights) increment(session);
        await saveAll(flights);
        equal(await client.data(), { count: MANY }, "the data");
      }
    },
  ),
  storeCase(
    "invariant 4, no lost update: a request that deletes, one that changes in place, one that flashes and one that sets keep out of each other's way",
    async (scene) => {
      for (const stores of processes(scene)) {
        const client = scene.newClient(stores[0]);
        await client.visit((session) => session.update({ gone: 1, list: ["a"], other: 1 }));
        const flights = await beginMany(client, 4, stores);
        const acts: ((session: TestedSession) => unknown)[] = [
          (session) => session.delete("gone"),
          (session) => (session.get("list") as string[]).push("b"),
          (session) => session.flash("note", "saved"),
          (session) => session.set("other", 2),
        ];
        for (const [index, { session }] of flights.entries()) acts[index]?.(session);
        await saveAll(flights);
        const found = await client.data();
        equal(found, { list: ["a", "b"], other: 2, note: "saved" }, "what is left");
      }
    },
  ),
  storeCase(
    "invariant 4, no lost update: where two requests changed one key, onConflict decides",
    async (scene) => {
      const outcomes: [OnConflict, unknown, string][] = [
        ["last-wins", ["mine"], "saved"],
        ["fail", ["theirs"], "ERR_SESSION_CONFLICT"],
        [({ base, mine, theirs }) => [base, theirs, mine], [[], ["theirs"], ["mine"]], "saved"],
        [() => undefined, undefined, "saved"],
      ];
      for (const [onConflict, left, outcome] of outcomes) {
        const client = scene.newClient(scene.newStore({ onConflict }));
        await client.visit((session) => session.set("list", []));
        const [mine, theirs] = await Promise.all([client.begin(), client.begin()]);
        mine.session.update({ list: ["mine"], beside: 1 });
        theirs.session.set("list", ["theirs"]);
        await theirs.save();
        equal(await mine.outcome(), outcome, "the outcome of the second");
        const beside = outcome === "saved" ? 1 : undefined;
        const data = await client.data();
        equal([data.list, data.beside], [left, beside], "what is left");
      }
    },
  ),
  storeCase("a change that could not be saved is not there, and the next one is", async (scene) => {
    const client = scene.newClient();
    await client.visit((session) => session.set("a", 1));
    const large = await client.begin();
    large.session.set("large", "x".repeat(70_000));
    await expectRefused(large, "ERR_SESSION_TOO_LARGE", "too large");
    await client.visit((session) => session.set("b", 2));
    equal(await client.data(), { a: 1, b: 2 }, "the data");
  }),
  storeCase(
    "a flash value is there for the first request that reads it, and then gone, also where several read it at once",
    async (scene) => {
      const client = scene.newClient();
      await client.visit((session) => session.update({ a: 1 }));
      const { session } = await client.visit((each) => each.flash("note", "saved"));
      equal(session.get("note"), undefined, "in its own request");
      await client.visit((each) => each.has("note"));
      const flights = await beginMany(client, 3);
      for (const each of flights) equal(each.session.get("note"), "saved", "what is read");
      await saveAll(flights);
      equal(await client.data(), { a: 1 }, "after that");
    },
  ),
  storeCase(
    "invariant 4, no lost update: a flash value of a key that another request is just reading is still to be seen",
    async (scene) => {
      const client = scene.newClient();
      await client.visit((session) => session.flash("note", "first"));
      const [reading, writing] = await Promise.all([client.begin(), client.begin()]);
      equal(reading.session.get("note"), "first", "what is read");
      writing.session.flash("note", "second");
      await writing.save();
      await reading.save();
      equal(reading.cookies, [], "the session goes on");
      equal(await client.data(), { note: "second" }, "the next request's");
      equal(await client.data(), {}, "the one after that");
    },
  ),
  storeCase(
    "a session that held nothing but a flash value ends when that has been read, unless another request fills it",
    async (scene) => {
      const client = scene.newClient();
      await client.visit((session) => session.flash("note", "goodbye"));
      await client.visit((session) => session.get("note"));
      equal(client.token, undefined, "the token");
      const other = scene.newClient();
      await other.visit((session) => session.flash("note", "goodbye"));
      const [reading, filling] = await Promise.all([other.begin(), other.begin()]);
      reading.session.get("note");
      filling.session.set("cart", ["tea"]);
      await filling.save();
      await reading.save();
      equal(reading.cookies, [], "the cookies of the reading");
      equal(await other.data(), { cart: ["tea"] }, "the session that another request fills");
    },
  ),
  storeCase(
    "invariant 16, any JSON value round-trips, as data and as a flash value, in clear and encrypted",
    async (scene) => {
      for (const encrypt of [false, true]) {
        for (const text of NASTY) {
          const client = scene.newClient(scene.newStore({ encrypt }));
          const values = JSON.parse(text);
          await client.visit((session) => session.update(values));
          equal(await client.data(), JSON.parse(text), `data, created, encrypt ${encrypt}`);
          await client.visit((session) => session.set("more", values));
          equal((await client.data()).more, JSON.parse(text), `data, updated, encrypt ${encrypt}`);
          await client.visit((session) => {
            for (const [key, value] of Object.entries(values)) session.flash(key, value);
          });
          const { session } = await client.visit();
          for (const [key, value] of Object.entries(values)) {
            equal(session.get(key), value, `flash ${key}, encrypt ${encrypt}`);
          }
        }
      }
      ok(!("admin" in {}), "a prototype was polluted");
    },
  ),
  storeCase(
    "a session may have as much as the limits allow, with as many keys, as deep",
    async (scene) => {
      let deep: unknown = "end";
      for (let depth = 0; depth < 28; depth += 1) deep = [deep];
      const wide = Object.fromEntries(Array.from({ length: 900 }, (_, key) => [`key ${key}`, key]));
      for (const data of [{ deep }, { wide }, { long: "é".repeat(30_000) }]) {
        const client = scene.newClient();
        await client.visit((session) => session.update(data));
        equal(await client.data(), data, "what was stored");
      }
    },
  ),
  storeCase(
    "what one request does to a value is not seen by another before it is saved",
    async (scene) => {
      const client = scene.newClient();
      await client.visit((session) => session.set("list", [1]));
      const [one, two] = await Promise.all([client.begin(), client.begin()]);
      (one.session.get("list") as number[]).push(2);
      equal(two.session.get("list"), [1], "the other request's");
      equal((await Flight.begin(client.store, client.token)).session.get("list"), [1], "stored");
    },
  ),
];
