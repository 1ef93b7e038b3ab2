import assert from "node:assert/strict";
import { after as afterAll, test } from "node:test";
import { ValkeySessionRepository } from "./valkey.ts";
import {
  after,
  at,
  DAY,
  HOUR,
  NOW,
  newPrefix,
  newRecord,
  nextOf,
  Probe,
} from "./valkey-kit.test.ts";

const MINUTE = 60_000;

const prefix = newPrefix();
const probe = new Probe();
const { redis } = probe;
const repository = new ValkeySessionRepository(redis, { prefix });
let subjects = 0;

afterAll(() => probe.clear(prefix));

const newSubject = () => `user ${++subjects}`;
const keyOf = (subject: string) => `${prefix}subject:${subject}`;
const handlesIn = async (subject: string) =>
  (await redis.zrange(keyOf(subject), 0, -1)).map((entry) => entry.split(":")[0]);

// From here on the server knows every script, so that each is one command.
await makeScriptsKnown();

async function makeScriptsKnown(): Promise<void> {
  const first = newRecord({ subject: newSubject() });
  const next = nextOf(first, { subject: undefined });
  await repository.create(first.handle, first, at());
  await repository.update(first.handle, 1, next, after(first));
  await repository.touch(first.handle, first.expiresAt, at());
  await repository.delete(first.handle, at());
}

/** A repository whose client sends these first commands, and then none. */
function breakingOffAfter(count: number): ValkeySessionRepository {
  let left = count;
  const call = async (command: string, args: string[]) => {
    left -= 1;
    if (left < 0) throw new Error("the process has ended");
    return redis.call(command, args);
  };
  return new ValkeySessionRepository({ call }, { prefix });
}

test("the entry is written before the record: a login that breaks off between them leaves a session that nobody has", async () => {
  const subject = newSubject();
  const record = newRecord({ subject });
  // By its hash, which a server may not know, and by its text.
  await repository.create(record.handle, newRecord({ handle: record.handle, subject }), at());
  await repository.delete(record.handle, at());

  await assert.rejects(breakingOffAfter(1).create(record.handle, record, at()), /has ended/);
  assert.deepEqual(await handlesIn(subject), [record.handle]);
  assert.deepEqual(await repository.findBySubject(subject, at()), []);
  assert.equal(await repository.read(record.handle, at()), undefined);
});

test("an entry without a record is kept for a minute, because the record may be on its way, and then removed by a reading", async () => {
  for (const begin of ["create", "update"]) {
    const subject = newSubject();
    const stranger = newRecord();
    const user = begin === "create" ? newRecord({ subject }) : nextOf(stranger, { subject });
    const { handle } = user;
    if (begin === "update") await repository.create(handle, stranger, at());
    const login = (by: ValkeySessionRepository) =>
      begin === "create"
        ? by.create(handle, user, at())
        : by.update(handle, 1, user, after(stranger));

    await assert.rejects(login(breakingOffAfter(1)));
    for (const now of [NOW, NOW + MINUTE]) {
      assert.deepEqual(await repository.findBySubject(subject, at(now)), []);
      assert.deepEqual(await handlesIn(subject), [handle], `${begin}, after ${now - NOW} ms`);
    }
    await repository.findBySubject(subject, at(NOW + MINUTE + 1));
    assert.deepEqual(await handlesIn(subject), [], begin);
    assert.equal(await redis.exists(keyOf(subject)), 0);
  }
});

test("a reading in the middle of a login does not make the session vanish from its subject's", async () => {
  const subject = newSubject();
  const record = newRecord({ subject });
  let sent = 0;
  const call = async (command: string, args: string[]) => {
    if (args.includes(`${prefix}${record.handle}`) && sent++ === 0) {
      assert.deepEqual(await repository.findBySubject(subject, at()), []);
    }
    return redis.call(command, args);
  };
  await new ValkeySessionRepository({ call }, { prefix }).create(record.handle, record, at());
  assert.ok(sent > 0);
  assert.deepEqual(await repository.findBySubject(subject, at()), [record]);
});

test("a reading that finds an entry out of date does not remove a newer one of the same session", async () => {
  const subject = newSubject();
  const record = newRecord({ subject });
  const { handle } = record;
  await assert.rejects(breakingOffAfter(1).create(handle, record, at()));
  const late = NOW + HOUR;
  const call = async (command: string, args: string[]) => {
    // Between the reading of the records and the removal.
    if (command === "zrem") await repository.create(handle, record, at(late));
    return redis.call(command, args);
  };
  const slow = new ValkeySessionRepository({ call }, { prefix });
  assert.deepEqual(await slow.findBySubject(subject, at(late)), []);
  assert.deepEqual(await repository.findBySubject(subject, at(late)), [record]);
});

test("a session that changes hands is found by its new subject, whatever becomes of the removal of the old entry", async () => {
  const [ada, bob] = [newSubject(), newSubject()];
  const first = newRecord({ subject: ada });
  const second = nextOf(first, { subject: bob });
  const third = nextOf(second, { subject: undefined });
  await repository.create(first.handle, first, at());
  const { handle } = first;
  assert.equal(await breakingOffAfter(2).update(handle, 1, second, after(first)), "updated");
  assert.deepEqual(await repository.findBySubject(ada, at()), []);
  assert.deepEqual(await repository.findBySubject(bob, at()), [second]);
  assert.deepEqual(await handlesIn(ada), [handle]);
  await repository.findBySubject(ada, at(NOW + HOUR));
  assert.deepEqual(await handlesIn(ada), []);

  assert.equal(await repository.update(handle, 2, third, after(second)), "updated");
  assert.equal(await redis.exists(keyOf(bob)), 0);
});

test("a user who logs in again and again has one entry for the session", async () => {
  const subject = newSubject();
  let record = newRecord({ subject });
  await repository.create(record.handle, record, at());
  for (let login = 1; login <= 20; login += 1) {
    const next = nextOf(record, { endsAt: record.endsAt + login });
    await repository.update(record.handle, record.version, next, after(record, NOW + login));
    record = next;
  }
  assert.deepEqual(await handlesIn(subject), [record.handle]);
  assert.deepEqual(await repository.findBySubject(subject, at()), [record]);
});

test("a session with several entries is listed once, and all of them go", async () => {
  const subject = newSubject();
  let record = newRecord({ subject });
  await repository.create(record.handle, record, at());
  // Of an earlier end: it may be of a write that is refused, so the later one stays.
  for (const hours of [1, 2]) {
    const next = nextOf(record, { endsAt: record.endsAt - hours * HOUR });
    await repository.update(record.handle, record.version, next, after(record, NOW + hours));
    record = next;
  }
  assert.equal((await handlesIn(subject)).length, 3);
  assert.deepEqual(await repository.findBySubject(subject, at()), [record]);
  await repository.delete(record.handle, at());
  await repository.findBySubject(subject, at(NOW + HOUR));
  assert.equal(await redis.exists(keyOf(subject)), 0);
});

test("a server whose clock is ahead, and takes a session for expired, removes no entry", async () => {
  const subject = newSubject();
  const record = newRecord({ subject });
  await repository.create(record.handle, record, at());
  assert.deepEqual(await repository.findBySubject(subject, at(record.expiresAt + 1)), []);
  assert.deepEqual(await repository.findBySubject(subject, at(record.expiresAt - 1)), [record]);
});

test("an index keeps no entries of sessions that ended long ago: a login removes them", async () => {
  const subject = newSubject();
  for (let day = 0; day < 100; day += 1) {
    const now = NOW + day * DAY;
    const times = { expiresAt: now + DAY, endsAt: now + 10 * DAY };
    const record = newRecord({ subject, ...times });
    await repository.create(record.handle, record, at(now));
  }
  assert.equal(await redis.zcard(keyOf(subject)), 11);
});

test("hundreds of sessions of one subject are found", async () => {
  const subject = newSubject();
  const records = Array.from({ length: 333 }, () => newRecord({ subject }));
  await Promise.all(records.map((record) => repository.create(record.handle, record, at())));
  const found = await repository.findBySubject(subject, at());
  assert.deepEqual(
    new Set(found.map(({ handle }) => handle)),
    new Set(records.map(({ handle }) => handle)),
  );
});

test("two prefixes on one server do not meet", async () => {
  const subject = newSubject();
  const other = new ValkeySessionRepository(redis, { prefix: `${prefix}other:` });
  const record = newRecord({ subject });
  await other.create(record.handle, record, at());
  assert.equal(await repository.read(record.handle, at()), undefined);
  assert.deepEqual(await repository.findBySubject(subject, at()), []);
  assert.equal(await repository.create(record.handle, record, at()), true);
  assert.equal(await other.delete(record.handle, at()), true);
  assert.deepEqual(await repository.findBySubject(subject, at()), [record]);
});
