import assert from "node:assert/strict";
import { after as afterAll, test } from "node:test";
import { inspect } from "node:util";
import { ValkeySessionRepository } from "./valkey.ts";
import {
  after,
  at,
  CLIENTS,
  Connections,
  DAY,
  HOUR,
  NOW,
  newRecord,
  nextOf,
  Probe,
} from "./valkey-kit.test.ts";
import { startServer } from "./valkey-server-kit.test.ts";

const server = await startServer();
const probe = new Probe(server.url);
const connections = new Connections();
const clients = await connections.openAll(CLIENTS, server.url);

afterAll(async () => {
  await connections.close();
  probe.redis.disconnect();
  await server.stop();
});

for (const { name, client } of clients) {
  test(`over ${name}, a server that has forgotten its scripts is told them again`, async () => {
    const repository = new ValkeySessionRepository(client);
    const record = newRecord({ subject: "ada" });
    const next = nextOf(record, { subject: "bob" });
    const verbs = [
      () => repository.create(record.handle, record, at()),
      () => repository.touch(record.handle, record.expiresAt + HOUR, at()),
      () => repository.update(record.handle, 1, next, after(record)),
      () => repository.delete(record.handle, at()),
    ];
    for (const verb of verbs) {
      await probe.redis.script("FLUSH");
      assert.ok(await verb());
    }
  });

  if (name === "GLIDE") continue;
  test(`over ${name}, also where writes wait for replicas, and none is there to have them`, async () => {
    const wait = { replicas: 1, timeout: 0.001 };
    const repository = new ValkeySessionRepository(client, { wait });
    const record = newRecord();
    await probe.redis.script("FLUSH");
    await assert.rejects(repository.create(record.handle, record, at()), {
      code: "ERR_SESSION_STORE",
      message: /0 of 1 replicas had the write/,
    });
    assert.deepEqual(await repository.read(record.handle, at()), record);
    assert.equal(await repository.touch(record.handle, record.expiresAt + HOUR, at()), true);
  });
}

for (const { name, client } of clients) {
  test(`over ${name}, an error does not tell what a session holds`, async () => {
    for (const wait of name === "GLIDE"
      ? [undefined]
      : [undefined, { replicas: 1, timeout: 0.001 }]) {
      const repository = new ValkeySessionRepository(client, { wait });
      const record = newRecord({ data: "private", credentials: "private", subject: "ada" });
      await probe.redis.set(`session:${record.handle}`, "not a hash");
      await probe.redis.set("session:subject:ada", "not a set");
      for (const each of [record, { ...record, subject: undefined }]) {
        const error = await repository.create(record.handle, each, at()).catch((error) => error);
        const shown = inspect(error, { depth: 9, showHidden: true });
        assert.match(shown, /WRONGTYPE|wrong kind/i);
        assert.doesNotMatch(shown, /private/);
      }
      await probe.redis.del("session:subject:ada");
    }
  });
}

test("a script that fails for another reason is not run again", async () => {
  const [{ client } = { client: probe.redis }] = clients;
  const repository = new ValkeySessionRepository(client);
  const { handle } = newRecord();
  await probe.redis.set(`session:${handle}`, "not a hash");
  await probe.redis.config("RESETSTAT");
  await assert.rejects(repository.delete(handle, at()), /WRONGTYPE/);
  assert.equal(await probe.redis.get(`session:${handle}`), "not a hash");
  const stats = await probe.redis.info("commandstats");
  assert.ok(!stats.includes("cmdstat_eval:"), stats);
});

test("the handle of a record that has expired is free at once, whatever the server still holds", async () => {
  const [{ client } = { client: probe.redis }] = clients;
  const repository = new ValkeySessionRepository(client);
  const record = newRecord({ expiresAt: NOW + HOUR });
  const { handle } = record;
  const next = newRecord({ handle });
  assert.equal(await repository.create(handle, record, at()), true);
  assert.equal(await repository.create(handle, next, at(NOW + HOUR - 1)), false);
  assert.equal(await repository.create(handle, next, at(NOW + HOUR)), true);
  assert.deepEqual(await repository.read(handle, at(NOW + HOUR)), next);
});

test("a command that is sent twice, because its answer was lost, counts once", async () => {
  const call = async (command: string, args: string[]) => {
    await probe.redis.call(command, args);
    return probe.redis.call(command, args);
  };
  const repository = new ValkeySessionRepository({ call });
  const record = newRecord({ subject: "ada" });
  const next = nextOf(record, { data: "next" });
  // The end of a session: nobody can see its record any more.
  const last = nextOf(next, { subject: undefined, expiresAt: NOW });
  assert.equal(await repository.create(record.handle, record, at()), true);
  assert.equal(await repository.update(record.handle, 1, next, after(record)), "updated");
  assert.equal(await repository.update(record.handle, 1, next, after(record)), "conflict");
  assert.deepEqual(await repository.findBySubject("ada", at()), [next]);
  assert.equal(await repository.update(record.handle, 2, last, after(next)), "updated");
  assert.equal(await repository.update(record.handle, 2, last, after(next)), "gone");
});

test("every key has a time to live: longer than its record, by the server's clock, whatever the application's says", async () => {
  const [{ client } = { client: probe.redis }] = clients;
  const repository = new ValkeySessionRepository(client);
  const ttlOf = (key: string) => probe.redis.pttl(`session:${key}`);
  const within = (ttl: number, life: number) =>
    assert.ok(ttl > life && ttl <= life + 60_000, `${ttl} for ${life}`);
  for (const now of [0, NOW, Date.UTC(2200, 0, 1), Date.UTC(9990, 0, 1)]) {
    const subject = `user of ${now}`;
    const record = newRecord({ subject, expiresAt: now + DAY, endsAt: now + 9 * DAY });
    const { handle } = record;
    await repository.create(handle, record, at(now));
    within(await ttlOf(handle), DAY);
    within(await ttlOf(`subject:${subject}`), 9 * DAY);

    await repository.touch(handle, now + 2 * DAY, at(now));
    within(await ttlOf(handle), 2 * DAY);
    await repository.touch(handle, now + 99 * DAY, at(now + HOUR));
    within(await ttlOf(handle), 9 * DAY - HOUR);

    const next = nextOf(record, { expiresAt: now + HOUR });
    await repository.update(handle, 1, next, after(record, now));
    within(await ttlOf(handle), HOUR);

    const earlier = newRecord({ subject, expiresAt: now + HOUR, endsAt: now + HOUR });
    await repository.create(earlier.handle, earlier, at(now));
    within(await ttlOf(`subject:${subject}`), 9 * DAY);
    const later = newRecord({ subject, expiresAt: now + HOUR, endsAt: now + 20 * DAY });
    await repository.create(later.handle, later, at(now));
    within(await ttlOf(`subject:${subject}`), 20 * DAY);

    const past = newRecord({ expiresAt: now - DAY, endsAt: now - DAY });
    await repository.create(past.handle, past, at(now));
    within(await ttlOf(past.handle), 0);
  }
  for (const key of await probe.keys("session:")) {
    if ((await probe.redis.type(key)) !== "string")
      assert.ok((await probe.redis.pttl(key)) > 0, key);
  }
});
