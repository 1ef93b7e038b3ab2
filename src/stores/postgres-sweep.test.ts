import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { ServerSessionStore } from "keepsake";
import { context, contextAfter, HOUR, NOW, newRecord, nextOf, Scene } from "./postgres-kit.test.ts";

const LONG = process.env.KEEPSAKE_LONG !== undefined;
const DEAD = LONG ? 1_000_000 : 20_000;
const LIVE = 2000;
const BATCH = 1000;
const SWEEPERS = 4;

describe("A sweep", () => {
  let scene: Scene;
  before(async () => {
    scene = await Scene.open({
      max: SWEEPERS + 10,
      options: "-c synchronous_commit=off -c lock_timeout=5000",
    });
  });
  after(() => scene.close());
  beforeEach(() => scene.query(`TRUNCATE ${scene.table}`));

  /** Many records at once: `end` and `sweepAfter` are SQL, in which `i` counts from 1. */
  const insert = (prefix: string, count: number, end: string, sweepAfter: string = end) =>
    scene.query(
      `INSERT INTO ${scene.table}
      SELECT '${prefix}' || i, 1, 'user' || i, NULL, ${NOW}, NULL, ${end}, ${end}, ${sweepAfter}, 'c', repeat('d', 300), ''
      FROM generate_series(1, ${count}) i`,
    );
  const count = async (condition = "true") => {
    const text = `SELECT count(*)::int AS count FROM ${scene.table} WHERE ${condition}`;
    return (await scene.query(text))[0]?.count;
  };
  const sweepAfter = async (handle: string) => {
    const text = `SELECT sweep_after FROM ${scene.table} WHERE handle = $1`;
    return Number((await scene.query(text, [handle]))[0]?.sweep_after);
  };

  test("looks at a session that is in use once in an idle timeout, whatever touches and updates it", async () => {
    const repository = scene.repository();
    const record = newRecord({ expiresAt: NOW + HOUR });
    const { handle } = record;
    await repository.create(handle, record, context());
    await repository.touch(handle, NOW + 2 * HOUR, context());
    const next = nextOf(record, { expiresAt: NOW + 3 * HOUR });
    await repository.update(handle, 1, next, contextAfter(record));
    assert.equal(await sweepAfter(handle), NOW + HOUR);
    assert.equal(await repository.sweep(BATCH, context(NOW + HOUR)), 0);
    assert.equal(await sweepAfter(handle), NOW + 3 * HOUR);
    assert.deepEqual(await repository.read(handle, context(NOW + HOUR)), next);
  });

  test("finds a session that ended early at its new end", async () => {
    const repository = scene.repository();
    const record = newRecord();
    await repository.create(record.handle, record, context());
    const ended = nextOf(record, { expiresAt: NOW + 1, endsAt: NOW + 1 });
    await repository.update(record.handle, 1, ended, contextAfter(record));
    assert.equal(await repository.sweep(BATCH, context(NOW)), 0);
    assert.equal(await repository.sweep(BATCH, context(NOW + 1)), 1);
  });

  test("finds what has expired behind any number of sessions that are in use", async () => {
    const repository = scene.repository();
    await insert("live", 5000, `${NOW + HOUR}`, `${NOW} - i`);
    await insert("dead", 50, `${NOW}`);
    assert.equal(await repository.sweep(20, context()), 20);
    assert.equal(await repository.sweep(BATCH, context()), 30);
    assert.equal(await repository.sweep(BATCH, context()), 0);
    assert.equal(await count(), 5000);
    assert.equal(await count(`sweep_after <= ${NOW}`), 0);
  });

  test("of as many as it is told is one statement, and that of a store rests after each", async () => {
    const pool = scene.newPool();
    const steps: { began: number; ended: number }[] = [];
    const { query } = pool;
    Reflect.set(pool, "query", async (...args: unknown[]) => {
      const began = performance.now();
      const answer = await Reflect.apply(query, pool, args);
      steps.push({ began, ended: performance.now() });
      return answer;
    });
    await insert("dead", 600, `${NOW}`);
    await insert("live", 5, `${NOW + HOUR}`, `${NOW + 1}`);
    assert.equal(await scene.repository(pool).sweep(100, context()), 100);
    assert.equal(steps.splice(0).length, 1);
    const store = new ServerSessionStore(scene.repository(pool), { clock: () => NOW });
    assert.equal(await store.sweep(), 500);
    assert.equal(steps.length, 21);
    const pauses = steps.slice(1).map(({ began }, index) => began - (steps[index]?.ended ?? 0));
    assert.ok(Math.min(...pauses) >= 1, pauses.join(", "));
  });

  test("does not wait for a session that is being touched, and leaves it", async () => {
    const repository = scene.repository();
    await insert("dead", 10, `${NOW}`);
    const toucher = await scene.pool.connect();
    try {
      await toucher.query("BEGIN");
      await toucher.query(
        `UPDATE ${scene.table} SET expires_at = ${NOW + HOUR} WHERE handle = 'dead5'`,
      );
      assert.equal(await repository.sweep(BATCH, context()), 9);
      await toucher.query("COMMIT");
    } finally {
      toucher.release();
    }
    assert.equal(await repository.sweep(BATCH, context()), 0);
    assert.notEqual(await repository.read("dead5", context()), undefined);
  });

  test("and touches at the same moment: what was touched stays, what was removed was not touched", async () => {
    const repository = scene.repository();
    const sessions = 1200;
    await insert("edge", sessions, `${NOW + 1}`);
    await scene.query(`UPDATE ${scene.table} SET ends_at = ${NOW + HOUR}`);
    const touched: string[] = [];
    const touch = async (each: number) => {
      const handle = `edge${each}`;
      if (await repository.touch(handle, NOW + HOUR, context())) touched.push(handle);
    };
    const sweep = () => repository.sweep(2, context(NOW + 1));
    let removed = 0;
    // Each step touches what the sweeps are about to remove, and one that they are far from yet.
    for (let step = 0; step < sessions / 3; step += 1) {
      const first = 2 * step + 1;
      const touches = [touch(first), touch(first + 1), touch(sessions - step)];
      const [one, other] = await Promise.all([sweep(), sweep(), ...touches]);
      removed += one + other;
    }
    assert.ok(touched.length > 0 && removed > 0, `${touched.length} touched, ${removed} removed`);
    assert.equal(touched.length + removed, sessions);
    for (const handle of touched) {
      assert.notEqual(await repository.read(handle, context(NOW + 1)), undefined, handle);
    }
  });

  test(`of ${DEAD} expired records by ${SWEEPERS} at once removes each of them once, and no other, beside requests`, async (t) => {
    const repository = scene.repository();
    await insert("dead", DEAD, `${NOW} - i % 100000`);
    // Half of them in use for longer than an idle timeout.
    await insert("live", LIVE, `${NOW} + ${HOUR} + i`, `${NOW} + (i % 2) * ${HOUR} - i`);
    await scene.query(
      `UPDATE ${scene.table} SET ends_at = ends_at + ${HOUR} WHERE handle LIKE 'live%'`,
    );
    await scene.query(`ANALYZE ${scene.table}`);

    /** Requests of live sessions, and how long each waited. */
    const request = async (visitor: number, times: number[]) => {
      const handle = `live${visitor + 1}`;
      const start = performance.now();
      assert.notEqual(await repository.read(handle, context()), undefined);
      times.push(performance.now() - start);
      if (visitor % 5 === 0) {
        assert.equal(await repository.touch(handle, NOW + HOUR + LIVE + visitor, context()), true);
      }
    };
    const visit = async (isOver: (round: number) => boolean) => {
      const times: number[] = [];
      const visitors = Array.from({ length: 4 }, async (_, lane) => {
        for (let round = 0; !isOver(round); round += 1) {
          await request((lane + 4 * round) % LIVE, times);
        }
      });
      await Promise.all(visitors);
      return times.toSorted((a, b) => a - b);
    };

    const quiet = await visit((round) => round >= 500);
    let isSwept = false;
    const sweep = async () => {
      let sum = 0;
      for (;;) {
        const removed = await repository.sweep(BATCH, context());
        sum += removed;
        if (removed === 0) return sum;
      }
    };
    const start = performance.now();
    const sweeps = Promise.all(Array.from({ length: SWEEPERS }, sweep)).finally(() => {
      isSwept = true;
    });
    const busy = await visit(() => isSwept);
    const removed = (await sweeps).reduce((sum, each) => sum + each, 0);
    const seconds = (performance.now() - start) / 1000;

    assert.equal(removed, DEAD);
    assert.equal(await count(), LIVE);
    assert.equal(await count(`sweep_after <= ${NOW}`), 0);
    t.diagnostic(
      `${DEAD} removed in ${seconds.toFixed(1)} s, ${Math.round(DEAD / seconds)} a second. Reads of live sessions took ` +
        `${at(quiet, 0.5)} ms (p50), ${at(quiet, 0.99)} ms (p99) before, and ${at(busy, 0.5)} ms, ${at(busy, 0.99)} ms, ` +
        `at most ${at(busy, 1)} ms, meanwhile (${busy.length} of them).`,
    );
    const most = 1000 + 20 * Number(at(quiet, 0.99));
    assert.ok(Number(at(busy, 0.99)) < most, "requests were held up");
  });
});

function at(sorted: readonly number[], quantile: number): string {
  const index = Math.min(sorted.length - 1, Math.floor(quantile * sorted.length));
  return (sorted[index] ?? Number.NaN).toFixed(1);
}
