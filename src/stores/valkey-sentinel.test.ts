import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { Redis } from "ioredis";
import { Redis as Valkey } from "iovalkey";
import { repositorySuite } from "keepsake/testing";
import { createSentinel } from "redis";
import { startSentinel } from "../../scripts/services/valkey-sentinel.ts";
import { ValkeySessionRepository } from "./valkey.ts";
import { Churn, until } from "./valkey-churn-kit.test.ts";
import {
  at,
  type Connect,
  Connections,
  ioredisLike,
  newPrefix,
  newRecord,
} from "./valkey-kit.test.ts";

const servers = await startSentinel();
const sentinels = [...servers.sentinels];
const { name: master } = servers;

/** GLIDE knows no Sentinel. */
const CONNECT: Readonly<Record<string, Connect>> = {
  iovalkey: async () => ioredisLike(new Valkey({ sentinels, name: master })),
  ioredis: async () => ioredisLike(new Redis({ sentinels, name: master })),
  redis: async () => {
    const client = createSentinel({ name: master, sentinelRootNodes: sentinels });
    client.on("error", () => {});
    await client.connect();
    return { client, close: () => client.destroy() };
  },
};

const connections = new Connections();
const shared = await connections.openAll(CONNECT);

after(async () => {
  await connections.close();
  await servers.stop();
});

for (const { name, client } of shared) {
  describe(`Valkey Sentinel over ${name}`, () => {
    const createRepository = () => new ValkeySessionRepository(client, { prefix: newPrefix() });
    for (const { name, run } of repositorySuite({ createRepository })) test(name, run);
  });

  test(`Valkey Sentinel over ${name}: a write waits for replicas, and too few of them are an error`, async () => {
    const record = newRecord({ subject: "ada" });
    const enough = new ValkeySessionRepository(client, { wait: { replicas: 2 } });
    const tooMany = new ValkeySessionRepository(client, { wait: { replicas: 3, timeout: 0.01 } });
    assert.equal(await enough.create(record.handle, record, at()), true);
    await assert.rejects(tooMany.delete(record.handle, at()), {
      code: "ERR_SESSION_STORE",
      message: /2 of 3 replicas had/,
    });
  });
}

test("Valkey Sentinel: when the master is killed, writes fail, come back by themselves, and leave no half record", async (context) => {
  const churns = await Promise.all(
    [{}, { wait: { replicas: 1 } }].flatMap((options) =>
      Object.values(CONNECT).map(async (connect) => {
        const client = await connections.open(connect);
        const repository = new ValkeySessionRepository(client, { prefix: newPrefix(), ...options });
        return { churn: new Churn(repository), nothingLost: "wait" in options };
      }),
    ),
  );
  context.after(() => Promise.all(churns.map(({ churn }) => churn.stop())));
  await Promise.all(churns.map(({ churn }) => churn.start()));
  const master = await servers.masterPort();
  for (const { churn } of churns) churn.expectOutage();
  await servers.kill(master);
  await until("all write again", () => churns.every(({ churn }) => churn.hasRecovered));
  for (const { churn } of churns) await churn.stop();
  for (const { churn, nothingLost } of churns) await churn.check({ nothingLost });
});
