import assert from "node:assert/strict";
import { after as afterAll, describe, test } from "node:test";
import { GlideClusterClient } from "@valkey/valkey-glide";
import { Cluster } from "ioredis";
import { Cluster as ValkeyCluster } from "iovalkey";
import { repositorySuite } from "keepsake/testing";
import { createCluster } from "redis";
import { ask, info } from "../../scripts/services/resp.ts";
import { startCluster } from "../../scripts/services/valkey-cluster.ts";
import { ValkeySessionRepository } from "./valkey.ts";
import { Churn, until } from "./valkey-churn-kit.test.ts";
import {
  after,
  at,
  type Connect,
  Connections,
  ioredisLike,
  newPrefix,
  newRecord,
  nextOf,
} from "./valkey-kit.test.ts";

const cluster = await startCluster();
const addresses = cluster.ports.map((port) => ({ host: "127.0.0.1", port }));

const urlOf = (port: number) => `redis://127.0.0.1:${port}`;

const WAITING: Readonly<Record<string, Connect>> = {
  iovalkey: async () => ioredisLike(new ValkeyCluster(addresses)),
  ioredis: async () => ioredisLike(new Cluster(addresses)),
  redis: async () => {
    const client = createCluster({ rootNodes: cluster.urls.map((url) => ({ url })) });
    client.on("error", () => {});
    await client.connect();
    return { client, close: () => client.destroy() };
  },
};

const CONNECT: Readonly<Record<string, Connect>> = {
  ...WAITING,
  // It cannot wait for replicas.
  GLIDE: async () => {
    const client = await GlideClusterClient.createClient({ addresses });
    return { client, close: () => client.close() };
  },
};

const connections = new Connections();
const shared = await connections.openAll(CONNECT);

afterAll(async () => {
  await connections.close();
  await cluster.stop();
});

for (const { name, client } of shared) {
  describe(`Valkey Cluster over ${name}`, () => {
    const createRepository = () => new ValkeySessionRepository(client, { prefix: newPrefix() });
    for (const { name, run } of repositorySuite({ createRepository })) test(name, run);
  });
}

async function replicaOf(master: number): Promise<number> {
  const fields = await info(urlOf(master));
  return Number(/port=(\d+)/.exec(fields.get("slave0") ?? "")?.[1]);
}

/** Handles of records, of which each of the three masters has two. */
async function spread(prefix: string): Promise<string[]> {
  const handles = new Map<number, string[]>();
  while (handles.size < 3 || [...handles.values()].some(({ length }) => length < 2)) {
    const { handle } = newRecord();
    const master = await cluster.masterOf(`${prefix}${handle}`);
    const others = handles.get(master) ?? [];
    if (others.length < 2) handles.set(master, [...others, handle]);
  }
  return [...handles.values()].flat();
}

test("Valkey Cluster: WAIT goes where the write went, and too few replicas there are an error", async () => {
  const lonely = await cluster.masterOf("any");
  const replica = await replicaOf(lonely);
  await cluster.kill(replica);
  await until("the master has noticed", async () => {
    return (await info(urlOf(lonely))).get("connected_slaves") === "0";
  });
  const prefix = newPrefix();
  for (const [name, connect] of Object.entries(WAITING)) {
    const client = await connections.open(connect);
    const [hasty, patient] = [0.05, 20].map((timeout) => {
      const wait = { replicas: 1, timeout };
      return new ValkeySessionRepository(client, { prefix, wait });
    });
    assert.ok(hasty && patient);
    let refused = 0;
    while (refused < 3) {
      const record = newRecord();
      if ((await cluster.masterOf(`${prefix}${record.handle}`)) === lonely) {
        const creating = hasty.create(record.handle, record, at());
        const message = /0 of 1 replicas had the write/;
        await assert.rejects(creating, { code: "ERR_SESSION_STORE", message }, name);
        refused += 1;
      } else assert.equal(await patient.create(record.handle, record, at()), true, name);
    }
  }
  await cluster.restart(replica);
});

test("Valkey Cluster: records are read from masters, also by clients that would read from replicas", async () => {
  const prefix = newPrefix();
  const glide = await GlideClusterClient.createClient({ addresses, readFrom: "preferReplica" });
  connections.add(() => glide.close());
  const rootNodes = cluster.urls.map((url) => ({ url }));
  const redis = createCluster({ rootNodes, useReplicas: true });
  await redis.connect();
  connections.add(() => redis.destroy());
  for (const url of cluster.urls) await ask(url, "CONFIG", "RESETSTAT");
  for (const client of [glide, redis]) {
    const repository = new ValkeySessionRepository(client, { prefix });
    for (let count = 0; count < 20; count += 1) {
      const record = newRecord();
      await repository.create(record.handle, record, at());
      assert.deepEqual(await repository.read(record.handle, at()), record);
    }
  }
  for (const url of cluster.urls) {
    if ((await info(url)).get("role") === "master") continue;
    assert.doesNotMatch(String(await ask(url, "INFO", "COMMANDSTATS")), /cmdstat_hmget:/);
  }
});

test("Valkey Cluster: where another node becomes master, the next write finds it, with WAIT and without", async () => {
  // One slot, so that all keys are on one node.
  const prefix = `{keepsake-test}${newPrefix()}`;
  const repositories = await Promise.all(
    [...Object.values(CONNECT), ...Object.values(WAITING)].map(async (connect, index, all) => {
      const waits = index >= all.length - Object.keys(WAITING).length;
      const wait = waits ? { replicas: 1 } : undefined;
      return new ValkeySessionRepository(await connections.open(connect), { prefix, wait });
    }),
  );
  let record = newRecord({ subject: "ada" });
  for (const repository of repositories) await repository.create(record.handle, record, at());
  const old = await cluster.masterOf(prefix);
  await ask(urlOf(await replicaOf(old)), "CLUSTER", "FAILOVER");
  await until("the replica is master", async () => (await cluster.masterOf(prefix)) !== old);
  await until("the old one follows it", async () => {
    return (await info(urlOf(old))).get("master_link_status") === "up";
  });
  for (const repository of repositories) {
    const { handle, version } = record;
    const next = nextOf(record);
    assert.equal(await repository.update(handle, version, next, after(record)), "updated");
    record = next;
  }
});

test("Valkey Cluster: when a master is killed, writes fail, come back by themselves, and leave no half record", async (context) => {
  const plain = await Promise.all(
    Object.values(CONNECT).map(async (connect) => {
      const client = await connections.open(connect);
      const prefix = newPrefix();
      return new Churn(new ValkeySessionRepository(client, { prefix }), await spread(prefix));
    }),
  );
  const waiting = await Promise.all(
    Object.values(WAITING).map(async (connect) => {
      // One of its own: while it waits, a connection does nothing else.
      const client = await connections.open(connect);
      const prefix = newPrefix();
      const wait = { replicas: 1, timeout: 0.8 };
      const repository = new ValkeySessionRepository(client, { prefix, wait });
      return new Churn(repository, await spread(prefix));
    }),
  );
  const all = [...plain, ...waiting];
  context.after(() => Promise.all(all.map((churn) => churn.stop())));
  await Promise.all(all.map((churn) => churn.start()));
  const killed = await cluster.masterOf("any");
  for (const churn of all) churn.expectOutage();
  await cluster.kill(killed);
  await until("all write again", () => plain.every(({ hasRecovered }) => hasRecovered));
  assert.ok(
    waiting.every(({ hasRecovered }) => !hasRecovered),
    "the new master has no replica",
  );
  await cluster.restart(killed);
  await until("all write again", () => waiting.every(({ hasRecovered }) => hasRecovered));
  for (const churn of all) await churn.stop();
  for (const churn of plain) await churn.check({ nothingLost: false });
  for (const churn of waiting) await churn.check({ nothingLost: true });
});
