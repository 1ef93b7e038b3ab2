import { describe, test } from "node:test";
import { LONG } from "./failing-client.ts";
import { flows } from "./failing-flows.ts";
import { FAILURES, openPatient, PATIENTS, WRITE_FAILURES } from "./failing-patients.ts";
import { Scene } from "./failing-scene.ts";

// A database that fails between the load and the save of one request: memory, sqlite, postgres, valkey, redis. The
// request is at one of two adapters, in turn.

/** Redis is spoken to as Valkey is, and its client takes its time to notice a connection that is dead. */
const patients = process.env.KEEPSAKE_LONG ? PATIENTS : PATIENTS.filter((name) => name !== "redis");

let count = 0;

describe("requirement 92: a write that failed is never answered as a success", {
  concurrency: LONG ? 1 : 8,
}, () => {
  for (const name of patients) {
    for (const [failure, fate] of Object.entries({ ...FAILURES[name], ...WRITE_FAILURES[name] })) {
      test(`${name} ${failure}`, async (t) => {
        const scene = await Scene.on(await openPatient(name));
        t.after(() => scene.close());
        for (const [title, flow] of Object.entries(flows)) {
          await t.test(title, async () => {
            count += 1;
            const user = `user${count}`;
            const before = await (flow.before?.(scene, user) ?? scene.user(user));
            const client = scene.onEach(before)[count % 2] ?? before;
            const { token } = client;
            scene.forget();

            scene.failAtWrite(failure);
            const answer = await flow.act(client, user);
            await scene.heal();
            flow.answered(answer, scene);
            await scene.recovered();
            scene.assertInTime();
            await flow.after({ scene, client, token, user, fate });
          });
        }
      });
    }
  }
});
