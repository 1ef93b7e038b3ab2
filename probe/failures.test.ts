import { describe, test } from "node:test";
import { LONG } from "./failing-client.ts";
import { survivesOutage } from "./failing-outage.ts";
import { FAILURES, openPatient, PATIENTS } from "./failing-patients.ts";
import { Scene } from "./failing-scene.ts";

// A database that is there, and then is not: memory, sqlite, postgres, valkey, redis, each in every way it can fail, over
// HTTP. What is under way then is the matter of failures-writes.test.ts.

describe("requirement 91, invariant 13, down is not anonymous", {
  concurrency: LONG ? 1 : 8,
}, () => {
  for (const name of PATIENTS) {
    for (const failure of Object.keys(FAILURES[name])) {
      test(`${name} ${failure}: a token's bearer gets 503 in time, a stranger the page, and it recovers by itself`, async (t) => {
        const scene = await Scene.on(await openPatient(name));
        t.after(() => scene.close());
        await survivesOutage(t, scene, failure);
      });
    }
  }
});
