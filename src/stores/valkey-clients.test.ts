import assert from "node:assert/strict";
import { after as afterAll, test } from "node:test";
import { GlideClient } from "@valkey/valkey-glide";
import { Cluster, Redis } from "ioredis";
import { Redis as Valkey, Cluster as ValkeyCluster } from "iovalkey";
import { createClient, createCluster, createSentinel, RESP_TYPES } from "redis";
import { freePort } from "../../scripts/services/ports.ts";
import type { SessionRecord } from "../core/repository.ts";
import {
  type ValkeyClient,
  ValkeySessionRepository,
  ValkeySessionStore,
  type ValkeyWait,
} from "./valkey.ts";
import {
  after,
  at,
  CLIENTS,
  Connections,
  glideConfig,
  newPrefix,
  newRecord,
  nextOf,
  Probe,
  VALKEY_URL,
} from "./valkey-kit.test.ts";
import { startServer } from "./valkey-server-kit.test.ts";

const prefix = newPrefix();
const probe = new Probe();
const { redis } = probe;

const connections = new Connections();

afterAll(async () => {
  await connections.close();
  await probe.clear(prefix);
});

const refusal = (message: RegExp) => ({ code: "ERR_SESSION_CONFIG", message });

async function useAll(repository: ValkeySessionRepository): Promise<SessionRecord> {
  const record = newRecord({ subject: "ada", data: "\ufeff€" });
  const next = nextOf(record, { label: "next" });
  const { handle } = record;
  assert.equal(await repository.create(handle, record, at()), true);
  assert.equal(await repository.create(handle, record, at()), false);
  assert.equal(await repository.update(handle, 1, next, after(record)), "updated");
  assert.equal(await repository.update(handle, 1, next, after(record)), "conflict");
  assert.equal(await repository.touch(handle, 0, at()), true);
  assert.deepEqual(await repository.read(handle, at()), next);
  assert.deepEqual(await repository.findBySubject("ada", at()), [next]);
  assert.equal(await repository.delete(handle, at()), true);
  assert.equal(await repository.delete(handle, at()), false);
  return record;
}

test("what is no client is refused at construction", () => {
  const others: unknown[] = [undefined, null, "redis://127.0.0.1", 6379, [], {}, new Map()];
  others.push({ call: "me" }, { send: () => {} }, () => {});
  for (const other of others) {
    assert.throws(
      () => new ValkeySessionRepository(other as ValkeyClient),
      refusal(/no client.*Give it a client of iovalkey/),
    );
    assert.throws(
      () => new ValkeySessionStore(other as ValkeyClient),
      refusal(/no client.*Give it a client of iovalkey/),
    );
  }
});

test("bad options are refused at construction", () => {
  const options: [object, RegExp][] = [
    [{ prefix: "" }, /prefix/],
    [{ prefix: 7 }, /prefix/],
    [{ prefix: "\ud800" }, /prefix/],
    [{ prefx: "a:" }, /no option "prefx"/],
    [{ wait: 1 }, /wait/],
    [{ wait: {} }, /wait.replicas/],
    [{ wait: { replicas: 0 } }, /wait.replicas/],
    [{ wait: { replicas: 1.5 } }, /wait.replicas/],
    [{ wait: { replicas: 1, timeout: 0 } }, /timeout/],
    [{ wait: { replicas: 1, timeout: "1s" } }, /timeout/],
    [{ wait: { replicas: 1, timeOut: 1 } }, /no option "timeOut"/],
  ];
  for (const [each, message] of options) {
    assert.throws(() => new ValkeySessionRepository(redis, each), refusal(message));
    assert.throws(() => new ValkeySessionStore(redis, each), refusal(message));
  }
});

test("a client that cannot send WAIT right behind a write is refused where that is asked for", async () => {
  const client = await connections.open(CLIENTS.GLIDE, VALKEY_URL);
  const wait: ValkeyWait = { replicas: 1 };
  const bare = { call: (command: string, args: string[]) => redis.call(command, args) };
  for (const unable of [client, bare]) {
    assert.throws(
      () => new ValkeySessionRepository(unable, { wait }),
      refusal(/WAIT.*Use iovalkey/),
    );
  }
});

test("a client that reads from replicas is refused: they still have what has ended", async () => {
  const lazy = { lazyConnect: true, scaleReads: "slave" } as const;
  const config = { ...glideConfig(VALKEY_URL), readFrom: "preferReplica" } as const;
  const glide = await GlideClient.createClient(config);
  connections.add(() => glide.close());
  for (const client of [new Cluster([], lazy), new ValkeyCluster([], lazy), glide]) {
    assert.throws(() => new ValkeySessionRepository(client), refusal(/reads from replicas/));
  }
});

test("a cluster's client with enableAutoPipelining is refused: some versions send scripts to the wrong node", () => {
  const options = { lazyConnect: true, enableAutoPipelining: true };
  for (const client of [new Cluster([], options), new ValkeyCluster([], options)]) {
    assert.throws(() => new ValkeySessionRepository(client), refusal(/enableAutoPipelining/));
  }
});

test("the keyPrefix of ioredis goes before every key, and that of node-redis, which would not, is refused", async () => {
  const keyPrefix = `${prefix}in-front:`;
  for (const client of [
    new Redis(VALKEY_URL, { keyPrefix }),
    new Valkey(VALKEY_URL, { keyPrefix }),
  ]) {
    connections.add(() => client.disconnect());
    for (const options of [{}, { wait: { replicas: 1, timeout: 0.001 } }]) {
      const repository = new ValkeySessionRepository(client, options);
      const { handle } = newRecord();
      const record = newRecord({ handle });
      await repository.create(handle, record, at()).catch(() => {});
      assert.deepEqual(await probe.keys(keyPrefix), [`${keyPrefix}session:${handle}`]);
      assert.deepEqual(await repository.read(handle, at()), record);
      await redis.del(`${keyPrefix}session:${handle}`);
    }
  }
  const others = [
    createClient({ keyPrefix }),
    createCluster({ rootNodes: [], keyPrefix }),
    createSentinel({ name: "master", sentinelRootNodes: [], keyPrefix }),
  ];
  for (const client of others) {
    assert.throws(() => new ValkeySessionRepository(client), refusal(/keyPrefix/));
  }
});

test("answers are understood in every form that a client can be told to give them in", async () => {
  const told: ValkeyClient[] = [{ call: (command, args) => redis.callBuffer(command, args) }];
  for (const RESP of [2, 3] as const) {
    const client = createClient({ url: VALKEY_URL, RESP });
    await client.connect();
    connections.add(() => client.destroy());
    const types = { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.NUMBER]: String };
    told.push(client, client.withTypeMapping(types));
  }
  for (const enableAutoPipelining of [false, true]) {
    const options = { enableAutoPipelining, stringNumbers: true };
    for (const client of [new Redis(VALKEY_URL, options), new Valkey(VALKEY_URL, options)]) {
      connections.add(() => client.disconnect());
      told.push(client);
    }
  }
  for (const client of told) await useAll(new ValkeySessionRepository(client, { prefix }));
});

test("a client's error comes through as it is", async () => {
  const client = new Redis("redis://127.0.0.1:1", { retryStrategy: () => null });
  client.on("error", () => {});
  const repository = new ValkeySessionRepository(client);
  await assert.rejects(repository.read("x", at()), /Connection is closed|ECONNREFUSED/);
  const failure = new Error("mine");
  const failing = new ValkeySessionRepository({ call: () => Promise.reject(failure) });
  const record = newRecord({ subject: "ada" });
  const verbs = [
    () => failing.create(record.handle, record, at()),
    () => failing.read(record.handle, at()),
    () => failing.update(record.handle, 1, record, after(record)),
    () => failing.touch(record.handle, 1, at()),
    () => failing.delete(record.handle, at()),
    () => failing.findBySubject("ada", at()),
  ];
  for (const verb of verbs) await assert.rejects(verb(), failure);
});

test("node-redis: what waits for a connection when its request fails is not done later", async () => {
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const client = createClient({ url, socket: { reconnectStrategy: () => 20 } });
  connections.add(() => client.destroy());
  const refused = new Promise((resolve) => client.on("error", resolve));
  const connected = client.connect();
  connected.catch(() => {});
  await refused;
  const repository = new ValkeySessionRepository(client);
  const record = newRecord();
  const abort = new AbortController();
  const creating = repository.create(record.handle, record, { ...at(), signal: abort.signal });
  // By then the command waits in the client's queue.
  setTimeout(() => abort.abort(), 20);
  await assert.rejects(creating, /aborted/);
  const server = await startServer(port);
  connections.add(() => server.stop());
  await connected;
  await client.ping();
  assert.equal(await repository.read(record.handle, at()), undefined);
});

test("node-redis: how long a command may wait in the client's queue is the store's to say", async () => {
  const url = `redis://127.0.0.1:${await freePort()}`;
  const client = createClient({ url, commandOptions: { timeout: 10 } });
  connections.add(() => client.destroy());
  const refused = new Promise((resolve) => client.on("error", resolve));
  client.connect().catch(() => {});
  await refused;
  const abort = new AbortController();
  const context = { ...at(), signal: abort.signal };
  const reading = new ValkeySessionRepository(client).read("handle", context);
  setTimeout(() => abort.abort(), 50);
  await assert.rejects(reading, /aborted/);
});

test("a login whose request fails between its two commands does not happen", async () => {
  const abort = new AbortController();
  const call = async (command: string, args: string[]) => {
    const reply = await redis.call(command, args);
    abort.abort();
    return reply;
  };
  const record = newRecord({ subject: "ada" });
  const repository = new ValkeySessionRepository({ call }, { prefix });
  const context = { ...at(), signal: abort.signal };
  await assert.rejects(repository.create(record.handle, record, context), { name: "AbortError" });
  assert.equal(await repository.read(record.handle, at()), undefined);
});
