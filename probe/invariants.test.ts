import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ServerSessionStore, type SessionEvent } from "keepsake";
import { fakeClock } from "keepsake/testing";
import type { ProbeData } from "./app.ts";
import { type Arena, type Race, RENEW_AFTER, races } from "./races.ts";
import { type AdapterName, serveProbe } from "./serve.ts";
import { newPlace, SERVER_STORES } from "./test-databases.ts";

// Races over HTTP, for every server-side store: memory, sqlite, postgres, valkey. The times within a run are left to
// chance, and to the servers.

const LONG = process.env.KEEPSAKE_LONG !== undefined;
const RUNS = LONG ? 1000 : 20;

/** By what the two servers of a race are served. */
const PAIRS: readonly (readonly [AdapterName, AdapterName])[] = LONG
  ? [
      ["express", "express"],
      ["hono", "hono"],
    ]
  : [["express", "hono"]];

for (const name of SERVER_STORES) {
  for (const pair of PAIRS) {
    const where = `${name}, ${pair.join(" and ")}`;
    describe(where, () => {
      const events: SessionEvent[] = [];
      const ends: (() => Promise<void>)[] = [];
      let arena: Arena;

      before(async () => {
        const place = newPlace(name);
        ends.unshift(place.remove);
        const clock = fakeClock();
        const open = async (adapter: AdapterName) => {
          const { repository, close } = await place.open();
          ends.unshift(close);
          const store = new ServerSessionStore<ProbeData>(repository, {
            clock,
            renewAfter: RENEW_AFTER,
            // Fifty requests at once may take a while on a busy machine, and that is not the matter here.
            timeout: 30,
            onEvent: (event) => events.push(event),
          });
          const probe = await serveProbe(adapter, { store });
          ends.unshift(probe.close);
          return { store, url: probe.url };
        };
        const one = await open(pair[0]);
        const two = await open(pair[1]);
        arena = { urls: [one.url, two.url], store: one.store, clock, events };
      });
      after(async () => {
        for (const end of ends) await end();
      });

      for (const [title, race] of Object.entries(races)) {
        test(title, async () => {
          const failures = await repeat(race, () => arena, events);
          const won = `${(RUNS - failures.length).toLocaleString("en")} of ${RUNS.toLocaleString("en")}`;
          if (LONG) console.log(`  ${where}: ${title}: held in ${won} runs`);
          assert.equal(
            failures.length,
            0,
            `it held in ${won} runs. The first that failed: ${failures[0]}`,
          );
        });
      }
    });
  }
}

/** What went wrong, for each run in which something did. */
async function repeat(race: Race, arena: () => Arena, events: SessionEvent[]): Promise<unknown[]> {
  const failures: unknown[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    events.length = 0;
    await race(arena(), Math.random).catch((error: unknown) => failures.push(error));
  }
  return failures;
}
