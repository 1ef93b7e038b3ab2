import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { PostgresSessionRepository } from "keepsake/stores/postgres";
import { serviceUrl } from "../scripts/services/index.ts";
import { openPostgres } from "./clients.ts";
import { assertUnavailable, LONG } from "./failing-client.ts";
import { survivesOutage } from "./failing-outage.ts";
import { newPool, type Patient } from "./failing-patients.ts";
import { Scene } from "./failing-scene.ts";
import { openOwnPostgres, openOwnValkey, SERVER_FAILURES } from "./failing-servers.ts";
import { newPlace, postgresTable } from "./test-databases.ts";

// Servers of one's own, postgres and valkey, that are stopped where they stand, or killed and started again; and
// connections that PostgreSQL ends.

const SERVERS = { postgres: openOwnPostgres, valkey: openOwnValkey };

describe("requirement 91", { concurrency: LONG ? 1 : 4 }, () => {
  for (const [name, open] of Object.entries(SERVERS)) {
    test(`${name} itself`, async (t) => {
      const scene = await Scene.on(await open());
      t.after(() => scene.close());
      for (const failure of SERVER_FAILURES) {
        await t.test(
          `${failure}: a token's bearer gets 503 in time, and what was there is there again`,
          (each) => survivesOutage(each, scene, failure),
        );
      }
      await t.test("is killed in a storm of writes: what was answered as written is there", () =>
        survivesStorm(scene),
      );
    });
  }

  test("requirement 92: a backend that PostgreSQL ends while it writes is a 503, and the next request is served", async (t) => {
    const { scene, ask, name } = await openTerminated();
    t.after(() => scene.close());
    const user = await scene.user("ada");
    const { id } = await user.read();
    await ask("BEGIN");
    await ask(`SELECT FROM ${postgresTable(name)} WHERE handle = '${id}' FOR UPDATE`);
    let isAnswered = false;
    const answer = user.post("/set", { during: true }).finally(() => {
      isAnswered = true;
    });
    const waiting = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = '${name}' AND wait_event_type = 'Lock'`;
    // On a busy machine the time limit may pass before it has come as far.
    while (!isAnswered && (await ask(waiting)).length === 0) await wait(5);
    assertUnavailable(await answer, "the write");
    await ask("ROLLBACK");
    assert.deepEqual((await user.read()).data, { kept: "from before" });
    await user.surely("POST", "/set", { after: true });
    assert.deepEqual((await user.read()).data, { kept: "from before", after: true });
  });

  test("requirement 92: backends that PostgreSQL ends between a load and its save do no harm", async (t) => {
    const { scene, ask, name, between } = await openTerminated();
    t.after(() => scene.close());
    const user = await scene.user("ada");
    between(() =>
      ask(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${name}'`,
      ),
    );
    const answer = await user.post("/set", { during: true });
    between(undefined);
    // The pool has another connection for it, unless it has not heard yet, or takes too long to make one.
    if (answer.status !== 204) assertUnavailable(answer, "the write");
    const { during, ...others } = (await user.read()).data;
    assert.ok(during === true || (during === undefined && answer.status === 503));
    assert.deepEqual(others, { kept: "from before" });
    await user.surely("POST", "/set", { after: true });
    assert.equal((await user.read()).data.after, true);
  });
});

/** Writers, each in a session of its own, while the server is killed. */
async function survivesStorm(scene: Scene): Promise<void> {
  const writers = await Promise.all(
    Array.from({ length: 12 }, async (_, index) => ({
      client: await scene.user(`writer${index}`, { count: 0 }),
      tried: 0,
      confirmed: 0,
      refused: 0,
    })),
  );
  let isOver = false;
  const storm = writers.map(async (writer) => {
    while (!isOver) {
      writer.tried += 1;
      const { status } = await writer.client.post("/set", { count: writer.tried });
      if (status === 204) writer.confirmed = writer.tried;
      else {
        assert.equal(status, 503);
        writer.refused += 1;
      }
    }
  });
  const all = async (is: (writer: (typeof writers)[number]) => boolean) => {
    while (!writers.every(is)) await Promise.race([wait(5), Promise.all(storm)]);
  };
  await all(({ confirmed }) => confirmed > 0);
  await scene.fail("is killed");
  await all(({ refused }) => refused > 0);
  isOver = true;
  await Promise.all(storm);
  await scene.heal();
  await scene.recovered();
  for (const { client, tried, confirmed } of writers) {
    const { count } = (await client.read()).data;
    assert.ok(Number(count) >= confirmed && Number(count) <= tried, `${count}, not ${confirmed}`);
  }
}

/** A store whose backends can be told by their name, and ended by `ask`. */
async function openTerminated() {
  const place = newPlace("postgres");
  const { name } = place;
  const sound = await place.open();
  const { client, close } = await openPostgres();
  const connection = await client.connect();
  const url = new URL(await serviceUrl("postgres"));
  url.searchParams.set("application_name", name);
  const pool = newPool(url.href);
  let act: (() => Promise<unknown>) | undefined;
  const patient: Patient = {
    name: "postgres",
    repository: new PostgresSessionRepository(pool, { table: postgresTable(name) }),
    sound: sound.repository,
    fail: () => undefined,
    heal: async () => undefined,
    close: async () => {
      await pool.end();
      connection.release();
      await close();
      await sound.close();
      await place.remove();
    },
  };
  const scene = await Scene.on(patient, { beforeWrite: () => act?.() });
  return {
    scene,
    name,
    ask: async (text: string) => (await connection.query(text)).rows,
    between(next: (() => Promise<unknown>) | undefined) {
      act = next;
    },
  };
}
