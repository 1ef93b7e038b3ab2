import assert from "node:assert/strict";
import { after as afterAll, test } from "node:test";
import type { SessionRecord } from "../core/repository.ts";
import { ValkeySessionRepository } from "./valkey.ts";
import { after, at, HOUR, newRecord, nextOf, Probe } from "./valkey-kit.test.ts";
import { startServer } from "./valkey-server-kit.test.ts";

const server = await startServer();
const { redis } = new Probe(server.url);
const repository = new ValkeySessionRepository(redis);

afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const data = "x".repeat(20_000);

async function create(subject: string): Promise<SessionRecord> {
  const record = newRecord({ subject, data });
  assert.equal(await repository.create(record.handle, record, at()), true);
  return record;
}

test("a server without memory refuses what takes more, changes nothing then, and still lets everybody log out", async () => {
  const [first, second, third] = [await create("ada"), await create("bob"), await create("eve")];
  const refused = newRecord();
  await redis.config("SET", "maxmemory-policy", "noeviction");
  await redis.config("SET", "maxmemory", "1");

  await assert.rejects(repository.create(refused.handle, refused, at()), /OOM/);
  assert.equal(await repository.read(refused.handle, at()), undefined);
  const larger = nextOf(first, { data: `${data}x` });
  await assert.rejects(repository.update(first.handle, 1, larger, after(first)), /OOM/);
  assert.deepEqual(await repository.read(first.handle, at()), first);

  const touched = { ...first, expiresAt: first.expiresAt + HOUR };
  assert.equal(await repository.touch(first.handle, touched.expiresAt, at()), true);
  assert.deepEqual(await repository.read(first.handle, at()), touched);
  const ended = nextOf(second, { subject: undefined, credentials: "", data: "" });
  assert.equal(await repository.update(second.handle, 1, ended, after(second)), "updated");
  assert.deepEqual(await repository.read(second.handle, at()), ended);
  assert.deepEqual(await repository.findBySubject("bob", at()), []);
  assert.equal(await repository.delete(third.handle, at()), true);
  assert.deepEqual(await repository.findBySubject("eve", at()), []);
});

test("a server that evicts, against the advice, takes sessions away whole", async () => {
  await redis.config("SET", "maxmemory", "0");
  await redis.flushall();
  const used = Number(/used_memory:(\d+)/.exec(await redis.info("memory"))?.[1]);
  await redis.config("SET", "maxmemory-policy", "allkeys-random");
  await redis.config("SET", "maxmemory", String(used + 3_000_000));
  const records: SessionRecord[] = [];
  for (let count = 0; count < 300; count += 1) records.push(await create(`user ${count}`));
  await redis.config("SET", "maxmemory", "0");
  let gone = 0;
  for (const [index, record] of records.entries()) {
    const found = await repository.read(record.handle, at());
    if (found === undefined) gone += 1;
    else assert.deepEqual(found, record);
    // An index may be evicted alone: its sessions are there, and are not listed.
    const listed = await repository.findBySubject(`user ${index}`, at());
    if (listed.length > 0) assert.deepEqual(listed, [found]);
    const next = nextOf(record, { data: "next" });
    const outcome = await repository.update(record.handle, 1, next, after(record));
    assert.equal(outcome, found === undefined ? "gone" : "updated");
  }
  assert.ok(gone > 0 && gone < 300, `${gone} of 300 are gone`);
});
