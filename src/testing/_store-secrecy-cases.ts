import { fromBase64url } from "#base64url";
import type { ServerSessionStoreOptions } from "../core/server/options.ts";
import type { RepositoryCase } from "./_repository-scene.ts";
import { expectDead, Flight, opens, type StoreScene, storeCase } from "./_store-scene.ts";
import { equal, ok } from "./check.ts";

const SECRET = "Zx81-q0VtR7nPd_4LmYbK2sWc9GhTf6EjUo3aNvXi5Q";
const RENEW_AFTER = 3600;

/** A credential as somebody may have written it down. */
function spellings(credential: string): string[] {
  const bytes = fromBase64url(credential) ?? new Uint8Array();
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [credential, hex, bytes.join(","), btoa(String.fromCharCode(...bytes))];
}

async function stored(scene: StoreScene): Promise<string> {
  return JSON.stringify(await scene.records());
}

export const secrecyCases: readonly RepositoryCase[] = [
  storeCase(
    "invariant 10, secrets stay secret: no token is in what is stored or told, at any time of a session's life",
    async (scene) => {
      const choices: ServerSessionStoreOptions[] = [{}, { secret: SECRET }, { encrypt: true }];
      for (const options of choices) {
        const client = scene.newClient(scene.newStore({ ...options, renewAfter: RENEW_AFTER }));
        const tokens: string[] = [];
        const texts: string[] = [];
        for (const act of ["set", "login", "renew", "use", "regenerate", "logout"] as const) {
          if (act === "renew") scene.clock.advance(RENEW_AFTER);
          await client.visit((session) => {
            if (act === "set") session.set("a", 1);
            else if (act === "login") session.login(scene.newSubject());
            else if (act === "regenerate" || act === "logout") session[act]();
            else session.get("a");
          });
          if (client.token !== undefined) tokens.push(client.token);
          texts.push(await stored(scene));
        }
        equal(new Set(tokens).size, 4, "how many tokens there were");
        const told = JSON.stringify(scene.events);
        for (const token of tokens) {
          const [, credential = "", mac = ""] = token.split(".");
          for (const spelling of spellings(credential)) {
            ok(![...texts, told].some((text) => text.includes(spelling)), "a credential is stored");
          }
          ok(mac === "" || !texts.some((text) => text.includes(mac)), "a MAC is stored");
        }
      }
    },
  ),
  storeCase(
    "encrypt: nothing of data and flash values is stored readably, and who holds the token has them all the time",
    async (scene) => {
      const store = scene.newStore({ encrypt: true, renewAfter: RENEW_AFTER });
      const client = scene.newClient(store);
      const subject = scene.newSubject();
      const isReadable = async () => /PRIVATE|wishes|greeting/.test(await stored(scene));
      const check = async (what: string) => {
        ok(!(await isReadable()), `something is readable ${what}`);
        equal((await client.data()).wishes, ["PRIVATE"], `the data ${what}`);
      };
      await client.visit((session) => session.set("wishes", ["PRIVATE"]));
      await check("at the start");
      await client.visit((session) => session.login(subject, { keep: ["wishes"] }));
      await check("after the login");
      await client.visit((session) => session.flash("greeting", "PRIVATE"));
      ok(!(await isReadable()), "a flash value is readable");
      equal((await client.data()).greeting, "PRIVATE", "the flash value");
      await client.visit((session) => session.regenerate());
      await check("after a new token");
      scene.clock.advance(RENEW_AFTER);
      const old = client.token;
      await client.visit();
      await check("after a renewal");
      const late = await Flight.begin(store, old);
      equal(late.session.get("wishes"), ["PRIVATE"], "the data in grace");
      late.session.set("late", "PRIVATE");
      await late.save();
      equal((await client.data()).late, "PRIVATE", "what was set in grace");
      const { token } = client;
      await client.visit((session) => session.logout());
      await expectDead(store, token, "after the logout");
    },
  ),
  storeCase(
    "encrypt: requests at the same time lose no change, and a conflict is settled in clear",
    async (scene) => {
      const stores = scene.isAtomic ? 2 : 1;
      const [first, second] = Array.from({ length: stores }, () =>
        scene.newStore({
          encrypt: true,
          onConflict: ({ mine, theirs }) => `${theirs} ${mine}`,
        }),
      );
      const client = scene.newClient(first);
      await client.visit((session) => session.set("n", 0));
      const flights = await Promise.all(
        Array.from({ length: 10 }, (_, index) => client.begin(index % 2 === 0 ? first : second)),
      );
      for (const [index, { session }] of flights.entries()) {
        session.modify("n", (n) => Number(n) + 1);
        if (index < 2) session.set("both", `set ${index}`);
      }
      for (const flight of flights) await flight.save();
      equal(await client.data(), { n: 10, both: "set 0 set 1" }, "the data");
    },
  ),
  storeCase(
    "encrypt: turned on or off it takes effect at the next login or new token, and nobody is logged out",
    async (scene) => {
      for (const encrypt of [false, true]) {
        const client = scene.newClient(scene.newStore({ encrypt }));
        const mark = scene.newSubject();
        const isReadable = async () => (await stored(scene)).includes(mark);
        await client.visit((session) => session.set("mark", mark));
        const other = scene.newStore({ encrypt: !encrypt });
        for (const act of ["set", "regenerate"] as const) {
          const flight = await client.begin(other);
          equal(flight.session.get("mark"), mark, "what the other store finds");
          if (act === "set") flight.session.set("more", 1);
          else flight.session.regenerate();
          await flight.save();
          client.receive(flight);
          equal(await isReadable(), (act === "set") !== encrypt, `readable after ${act}`);
        }
        ok(await opens(client.store, client.token), "the first store opens it still");
      }
    },
  ),
];
