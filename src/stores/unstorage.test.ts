import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import { Redis } from "ioredis";
import { repositorySuite } from "keepsake/testing";
import Keyv, { createKeyv, KeyvMemoryAdapter } from "keyv";
import { createStorage, prefixStorage } from "unstorage";
import fsDriver from "unstorage/drivers/fs";
import memoryDriver from "unstorage/drivers/memory";
import redisDriver from "unstorage/drivers/redis";
import { type Any, refusal, runs } from "../core/kit.test.ts";
import type { SessionRepository } from "../core/repository.ts";
import {
  at,
  DAY,
  HOUR,
  NOW,
  newHandle,
  newRecord,
  nextOf,
  REDIS_URL,
  uniqueName,
} from "./_bridge-kit.test.ts";
import { fromKeyv, fromUnstorage } from "./unstorage.ts";

const folder = await mkdtemp(join(tmpdir(), "keepsake-unstorage-"));
const base = uniqueName();
const redis = new Redis(REDIS_URL);
const redisStorage = createStorage({ driver: redisDriver({ url: REDIS_URL, base }) });

after(async () => {
  await rm(folder, { recursive: true });
  await redisStorage.clear();
  await redisStorage.dispose();
  redis.disconnect();
});

const files = (base = folder) => createStorage({ driver: fsDriver({ base }) });

const repositories: Record<string, () => SessionRepository> = {
  "unstorage in memory": () => fromUnstorage(createStorage({ driver: memoryDriver() })),
  "unstorage in files": () => fromUnstorage(files()),
  "unstorage in Redis": () => fromUnstorage(redisStorage, { expiry: "database" }),
  "unstorage with a prefix": () => fromUnstorage(prefixStorage(createStorage(), "app:sessions")),
  "Keyv in a Map": () => fromKeyv(new Keyv(new Map())),
  "Keyv in a Map without serialisation": () => fromKeyv(createKeyv(new Map())),
};

for (const [name, createRepository] of Object.entries(repositories)) {
  describe(name, () => {
    for (const { name, run } of repositorySuite({ createRepository })) test(name, run);

    test("of twenty updates at the same time that try again on a conflict, none is lost", async () => {
      const repository = createRepository();
      const record = newRecord({ data: "0" });
      const { handle } = record;
      await repository.create(handle, record, at());
      const increment = async () => {
        for (;;) {
          const before = await repository.read(handle, at());
          assert.ok(before);
          const next = nextOf(before, { data: String(Number(before.data) + 1) });
          if ((await repository.update(handle, before.version, next, at())) === "updated") return;
        }
      };
      await Promise.all(Array.from({ length: 20 }, increment));
      assert.equal((await repository.read(handle, at()))?.data, "20");
      assert.equal(await repository.delete(handle, at()), true);
    });

    test("any text comes back as it was: also what looks like JSON, or what Keyv writes for other types", async () => {
      const repository = createRepository();
      await fc.assert(
        fc.asyncProperty(anyText, anyText, anyText, async (subject, label, data) => {
          const record = newRecord({ subject, label, data, flash: data, credentials: label });
          await repository.create(record.handle, record, at());
          assert.deepEqual(await repository.read(record.handle, at()), record);
          assert.equal(await repository.delete(record.handle, at()), true);
        }),
        runs(50),
      );
    });

    test("wherever the library's clock stands, nothing takes a record for expired", async () => {
      const repository = createRepository();
      for (const now of [0, Date.UTC(1999, 11, 31), Date.UTC(2500, 0, 1)]) {
        const record = newRecord({ expiresAt: now + 1000, endsAt: now + DAY });
        const { handle } = record;
        assert.equal(await repository.create(handle, record, at(now)), true);
        assert.deepEqual(await repository.read(handle, at(now)), record);
        assert.equal(await repository.read(handle, at(now + 1000)), undefined);
        assert.equal(await repository.delete(handle, at(now)), true);
      }
    });
  });
}

const anyText = fc.oneof(
  fc.constantFrom(
    '{"__proto__":{"admin":true},"constructor":{"prototype":1}}',
    '"quoted"',
    "null",
    "undefined",
    "NaN",
    "1e3",
    ":base64:AAAA",
    ":bigint:1",
    "::",
    "base64:AAAA",
    "",
  ),
  fc
    .array(fc.integer({ min: 1, max: 0xffff }), { maxLength: 20 })
    .map((units) => String.fromCharCode(...units)),
  fc.json().map((text) => text.replaceAll("\0", "")),
);

test("handles that differ in case alone are different keys, also where a file system ignores case", async () => {
  const repository = fromUnstorage(files(join(folder, "case")));
  const upper = newRecord({ handle: "ABCDEFGHIJKLMNOPQRSTUA" });
  const lower = newRecord({ handle: "abcdefghijklmnopqrstuA" });
  const dashes = newRecord({ handle: "--__--__--__--__--__-A" });
  for (const record of [upper, lower, dashes]) {
    assert.equal(await repository.create(record.handle, record, at()), true);
  }
  const names = await readdir(join(folder, "case"));
  assert.equal(new Set(names.map((name) => name.toLowerCase())).size, 3);
  for (const name of names) assert.match(name, /^[0-9a-f]{44}$/);
  for (const record of [upper, lower, dashes]) {
    assert.deepEqual(await repository.read(record.handle, at()), record);
  }
});

test("the driver for Redis is told to keep a record for what is left and a little more, and again at a touch", async () => {
  const repository = fromUnstorage(redisStorage);
  const record = newRecord({ expiresAt: NOW + HOUR });
  const { handle } = record;
  const key = `${base}:${Buffer.from(handle).toString("hex")}`;
  const ttl = async () => (await redis.ttl(key)) * 1000;
  await repository.create(handle, record, at());
  assert.ok((await ttl()) >= HOUR && (await ttl()) <= 2 * HOUR);
  await repository.touch(handle, NOW + DAY, at());
  assert.ok((await ttl()) >= DAY && (await ttl()) <= DAY + HOUR);
  assert.equal(await repository.delete(handle, at()), true);
  assert.equal(await redis.exists(key), 0);
});

test("a driver that gives an error as the value, as the one for files does, has failed", async () => {
  const handle = newHandle();
  const broken = join(folder, "broken");
  await writeFile(broken, "a file where a folder should be");
  const repository = fromUnstorage(files(broken));
  await assert.rejects(async () => repository.read(handle, at()), { code: "ENOTDIR" });
});

test("a record that could not be removed is a failure, not an end", async () => {
  const storage = createStorage();
  const record = newRecord();
  const repository = fromUnstorage({
    getItem: (key) => storage.getItem(key),
    setItem: (key, value) => storage.setItem(key, value),
    removeItem: async () => undefined,
  });
  await repository.create(record.handle, record, at());
  await assert.rejects(
    async () => repository.delete(record.handle, at()),
    /nothing was removed.*read-only/,
  );
});

test("a folder that may only be read is found out by the first session", async () => {
  const base = join(folder, "read-only");
  await mkdir(base);
  const storage = createStorage({ driver: fsDriver({ base, readOnly: true }) });
  const record = newRecord();
  const creation = async () => fromUnstorage(storage).create(record.handle, record, at());
  await assert.rejects(creation, /read-only/);
});

/** An adapter that fails when it is told to. */
class Failing extends KeyvMemoryAdapter {
  isBroken = false;

  #check(): void {
    if (this.isBroken) throw new Error("out of order");
  }

  override async get<Value>(key: string) {
    this.#check();
    return super.get<Value>(key);
  }

  override async set(...args: Parameters<KeyvMemoryAdapter["set"]>) {
    this.#check();
    return super.set(...args);
  }

  override async delete(key: string) {
    this.#check();
    return super.delete(key);
  }
}

test("a Keyv that fails is a failure, whether or not it has a listener that takes its errors away", async () => {
  for (const isListening of [false, true]) {
    const store = new Failing(new Map());
    const keyv = new Keyv({ store, namespace: "sessions" });
    const errors: unknown[] = [];
    if (isListening) keyv.on("error", (error: unknown) => errors.push(error));
    const repository = fromKeyv(keyv);
    const [record, other] = [newRecord(), newRecord()];
    await repository.create(record.handle, record, at());
    store.isBroken = true;
    if (isListening) assert.equal(await keyv.get("anything"), undefined);
    for (const verb of [
      () => repository.read(record.handle, at()),
      () => repository.create(other.handle, other, at()),
      () => repository.update(record.handle, 1, nextOf(record), at()),
      () => repository.touch(record.handle, NOW + 2 * DAY, at()),
      () => repository.delete(record.handle, at()),
    ]) {
      await assert.rejects(async () => verb(), isListening ? /the Keyv failed/ : /out of order/);
    }
    store.isBroken = false;
    assert.deepEqual(await repository.read(record.handle, at()), record);
    assert.equal(await repository.read(other.handle, at()), undefined);
    assert.equal(errors.length, isListening ? 6 : 0);
  }
});

test("a Keyv that fails to write or to remove has failed, though it could read", async () => {
  for (const verb of ["set", "delete"] as const) {
    const store = new KeyvMemoryAdapter(new Map());
    const keyv = new Keyv({ store });
    keyv.on("error", () => undefined);
    const repository = fromKeyv(keyv);
    const record = newRecord();
    await repository.create(record.handle, record, at());
    Object.assign(store, { [verb]: () => Promise.reject(new Error("out of order")) });
    const act = {
      set: () => repository.update(record.handle, 1, nextOf(record), at()),
      delete: () => repository.delete(record.handle, at()),
    };
    await assert.rejects(async () => act[verb](), /the Keyv failed/);
    assert.deepEqual(await repository.read(record.handle, at()), record);
  }
});

test("a Keyv that answers a write with false has not written", async () => {
  const values = new Map<string, object>();
  const repository = fromKeyv({
    get: async (key) => values.get(key),
    set: async () => false,
    delete: async (key) => values.delete(key),
  });
  const record = newRecord();
  await assert.rejects(
    async () => repository.create(record.handle, record, at()),
    /nothing was stored.*"error" event/,
  );
});

test("another key's failure fails nobody else", async () => {
  const store = new KeyvMemoryAdapter(new Map());
  const keyv = new Keyv({ store });
  keyv.on("error", () => undefined);
  const repository = fromKeyv(keyv);
  const get = store.get.bind(store);
  const record = newRecord();
  await repository.create(record.handle, record, at());
  Object.assign(store, {
    get: async (key: string) => (key === "other" ? Promise.reject(new Error("no")) : get(key)),
  });
  const [read, other] = await Promise.all([
    repository.read(record.handle, at()),
    keyv.get("other"),
  ]);
  assert.deepEqual(read, record);
  assert.equal(other, undefined);
});

test("Keyv is told in milliseconds to keep a record for what is left and a little more", async () => {
  const values = new Map();
  const repository = fromKeyv(new Keyv({ store: new KeyvMemoryAdapter(values) }));
  const record = newRecord({ expiresAt: NOW + HOUR });
  await repository.create(record.handle, record, at());
  const [{ expires }] = values.values();
  assert.ok(expires >= Date.now() + HOUR && expires <= Date.now() + 2 * HOUR);
});

test("bad options are refused, what is no Keyv, and one of version 5 that keeps failures to itself", () => {
  const keyv = new Keyv();
  for (const options of [{ expiry: "sweep" }, { persistent: 1 }, { namespace: "sessions" }]) {
    assert.throws(() => fromKeyv(keyv, options as Any), refusal("ERR_SESSION_CONFIG"));
  }
  for (const wrong of [undefined, null, Keyv, {}, createStorage()]) {
    assert.throws(() => fromKeyv(wrong as Any), refusal("ERR_SESSION_CONFIG"));
  }
  const fifth = {
    get: async () => undefined,
    set: async () => true,
    delete: async () => true,
    throwOnErrors: false,
  };
  assert.throws(() => fromKeyv(fifth), refusal("ERR_SESSION_CONFIG", "throwOnErrors: true"));
  assert.equal(fromKeyv({ ...fifth, throwOnErrors: true }).capabilities.atomic, false);
  assert.deepEqual(fromKeyv(keyv, { persistent: false, expiry: "nothing" }).capabilities, {
    persistent: false,
    shared: false,
    atomic: false,
    expiry: "nothing",
  });
  assert.equal(fromKeyv(keyv).capabilities.expiry, "database");
});
