import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually } from "../scripts/services/eventually.ts";
import { ask, info } from "../scripts/services/resp.ts";
import { redisServer, valkeyServer } from "../scripts/services/valkey.ts";
import { startCluster } from "../scripts/services/valkey-cluster.ts";
import { startSentinel } from "../scripts/services/valkey-sentinel.ts";

// Valkey is what `npm test` is about; Redis behaves alike, and takes as long again.
const SERVERS =
  process.env.KEEPSAKE_LONG === undefined ? [valkeyServer] : [valkeyServer, redisServer];

const urlOf = (port: number) => `redis://127.0.0.1:${port}`;

describe("A cluster and sentinels for tests", { concurrency: true }, () => {
  for (const server of SERVERS) {
    test(`A cluster of ${server.name} survives its master, and takes it back`, async (t) => {
      const cluster = await startCluster({ binary: await server() });
      t.after(() => cluster.stop());
      assert.equal(cluster.ports.length, 6);
      const master = await cluster.masterOf("session");
      await ask(urlOf(master), "SET", "session", "1");
      assert.equal(await ask(urlOf(master), "WAIT", "1", "1000"), 1);

      await cluster.kill(master);
      await assert.rejects(ask(urlOf(master), "PING"), { code: "ECONNREFUSED" });
      const heir = await eventually("A replica has taken over", async () => {
        const now = await cluster.masterOf("session");
        assert.notEqual(now, master);
        assert.equal(await ask(urlOf(now), "GET", "session"), "1");
        return now;
      });

      await cluster.restart(master);
      assert.equal((await info(urlOf(master))).get("role"), "slave");
      assert.equal(await cluster.masterOf("session"), heir);
      await cluster.stop();
      for (const url of cluster.urls)
        await assert.rejects(ask(url, "PING"), { code: "ECONNREFUSED" });
    });

    test(`Sentinels of ${server.name} replace a master, and take it back`, async (t) => {
      const sentinel = await startSentinel({ binary: await server() });
      t.after(() => sentinel.stop());
      assert.equal(sentinel.sentinels.length, 3);
      const master = await sentinel.masterPort();
      assert.equal(master, sentinel.ports[0]);
      await ask(urlOf(master), "SET", "session", "1");
      assert.equal(await ask(urlOf(master), "WAIT", "2", "1000"), 2);

      await sentinel.kill(master);
      const heir = await eventually("A replica has taken over", async () => {
        const now = await sentinel.masterPort();
        assert.notEqual(now, master);
        return now;
      });
      assert.equal(await ask(urlOf(heir), "GET", "session"), "1");

      await sentinel.restart(master);
      assert.equal((await info(urlOf(master))).get("role"), "slave");
      assert.equal(await sentinel.masterPort(), heir);

      const [first] = sentinel.sentinels;
      await sentinel.kill(first?.port ?? 0);
      assert.equal(await sentinel.masterPort(), heir);
      await sentinel.restart(first?.port ?? 0);
    });
  }
});
