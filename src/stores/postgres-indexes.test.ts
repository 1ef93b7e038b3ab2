import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import {
  administer,
  context,
  HOUR,
  NOW,
  newRecord,
  nextOf,
  Scene,
  verbs,
} from "./postgres-kit.test.ts";

describe("Where the table is large", () => {
  let scene: Scene;
  before(async () => {
    scene = await Scene.open();
    await scene.query(`
      INSERT INTO ${scene.table}
      SELECT 'h' || i, 1, 'user' || i / 2, NULL, ${NOW}, NULL, e, e, e, 'c', 'd', ''
      FROM (SELECT i, ${NOW} + i AS e FROM generate_series(1, 20000) i) rows`);
    await scene.query(`ANALYZE ${scene.table}`);
  });
  after(() => scene.close());

  test("no verb reads it from end to end, and every index is used", async () => {
    const client = await scene.newClient();
    const repository = scene.repository(client);
    const used = async () => {
      const { rows } = await client.query(
        `SELECT (SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relid = $1::regclass)::int AS seq,
          ARRAY(SELECT pg_stat_get_xact_numscans(indexrelid)::int FROM pg_index
            WHERE indrelid = $1::regclass ORDER BY indexrelid::regclass::text) AS indexes`,
        [scene.table],
      );
      return rows[0] as { seq: number; indexes: number[] };
    };
    // More often than PostgreSQL plans for the values at hand before it considers a plan for any.
    const times = 8;
    try {
      await client.query("BEGIN");
      for (let time = 0; time < times; time += 1) {
        for (const [, act] of verbs(repository)) await act();
        assert.equal((await repository.findBySubject("user5000", context())).length, 2);
        assert.equal(await repository.sweep(5, context(NOW + 20 + 5 * time)), 5);
      }
      const { seq, indexes } = await used();
      assert.equal(seq, 0);
      const [pkey = 0, subject = 0, sweep = 0] = indexes;
      assert.ok(pkey >= 8 * times, `the primary key was used ${pkey} times`);
      assert.ok(subject >= 2 * times, `the index on subjects was used ${subject} times`);
      assert.ok(sweep >= 2 * times, `the index for sweeps was used ${sweep} times`);
    } finally {
      await client.query("ROLLBACK");
    }
  });
});

const ROUNDS = 15;

describe("Touches and updates leave the indexes alone", () => {
  // A database of its own, because a transaction of another test would keep old versions of rows alive.
  const database = `keepsake_${randomBytes(6).toString("hex")}`;
  let scene: Scene;
  before(async () => {
    await administer(`CREATE DATABASE ${database}`);
    scene = await Scene.open({ database, options: "-c synchronous_commit=off" });
  });
  after(async () => {
    await scene.close();
    await administer(`DROP DATABASE ${database}`);
  });

  /** Touches and updates a hundred sessions, one after another, and says how many of the writes were heap-only. */
  const write = async (repository: ReturnType<Scene["repository"]>): Promise<number> => {
    const sessions = Array.from({ length: 100 }, (_, index) =>
      newRecord({ subject: `user ${index}` }),
    );
    await Promise.all(sessions.map((each) => repository.create(each.handle, each, context())));
    for (let round = 1; round <= ROUNDS; round += 1) {
      const later = context(NOW + round * HOUR);
      const expiresAt = NOW + (24 + round) * HOUR;
      for (const session of sessions) {
        await repository.touch(session.handle, expiresAt - 1, later);
        const before = { ...session, version: round };
        const next = nextOf(before, { expiresAt, data: `{"round":"${"x".repeat(200 + round)}"}` });
        await repository.update(session.handle, round, next, { ...later, before });
      }
    }
    return 2 * ROUNDS * sessions.length;
  };

  test("so nearly all of them are heap-only", async (t) => {
    let [writes, updated, hot, share] = [0, 0, 0, 0];
    // Old versions of rows stay as long as anybody in the whole cluster is writing, as other tests are: then a page may be
    // full. A write that touches an index is never heap-only, however often it is tried.
    for (let attempt = 0; attempt < 5 && share <= 0.9; attempt += 1) {
      writes += await write(scene.repository());
      const now = await scene.statistics(writes);
      share = (now.hot - hot) / (now.updated - updated);
      ({ updated, hot } = now);
    }
    assert.equal(updated, writes);
    t.diagnostic(`${Math.round(share * 100)} % of touches and updates were heap-only`);
    assert.ok(share > 0.9, `${share}`);
  });
});
