import assert from "node:assert/strict";
import { test } from "node:test";
import { SqliteSessionRepository } from "./sqlite.ts";
import { at, CLIENTS, recordOf, temporaryFile } from "./sqlite-kit.test.ts";

const HANDLE = "AAAAAAAAAAAAAAAAAAAAAA";
const FIRST = recordOf(HANDLE, { subject: "ada" });
const nextOf = (data: string, version = 2) => ({ ...FIRST, version, data });

for (const { name, open } of CLIENTS) {
  const twoOn = (file: string) => {
    const databases = [open(file), open(file)] as const;
    const [one, two] = databases;
    return {
      databases,
      one: new SqliteSessionRepository(one),
      two: new SqliteSessionRepository(two),
    };
  };

  test(`${name}: of two connections that update the same version, one does`, () => {
    const { one, two } = twoOn(temporaryFile());
    assert.equal(one.create(HANDLE, FIRST, at()), true);
    assert.equal(two.create(HANDLE, nextOf("of two", 1), at()), false);
    assert.deepEqual(two.read(HANDLE, at()), FIRST);
    assert.equal(one.update(HANDLE, 1, nextOf("of one"), at()), "updated");
    assert.equal(two.update(HANDLE, 1, nextOf("of two"), at()), "conflict");
    assert.equal(two.update(HANDLE, 2, nextOf("of two", 3), at()), "updated");
    assert.equal(one.read(HANDLE, at())?.data, "of two");
  });

  test(`${name}: what one connection has read holds up neither its own writes nor those of another`, () => {
    const { one, two } = twoOn(temporaryFile());
    one.create(HANDLE, FIRST, at());
    for (let version = 1; version < 5; version += 2) {
      assert.equal(one.findBySubject("ada", at()).length, 1);
      assert.equal(one.read(HANDLE, at())?.version, version);
      assert.equal(two.update(HANDLE, version, nextOf("", version + 1), at()), "updated");
      assert.equal(one.update(HANDLE, version + 1, nextOf("", version + 2), at()), "updated");
    }
  });

  test(`${name}: invariant 5, the dead stay dead: what another connection deleted is gone for every verb`, () => {
    const { one, two } = twoOn(temporaryFile());
    one.create(HANDLE, FIRST, at());
    assert.deepEqual(one.read(HANDLE, at()), FIRST);
    assert.equal(two.delete(HANDLE, at()), true);
    assert.equal(one.update(HANDLE, 1, nextOf("late"), at()), "gone");
    assert.equal(one.touch(HANDLE, FIRST.endsAt, at()), false);
    assert.equal(one.delete(HANDLE, at()), false);
    assert.equal(one.read(HANDLE, at()), undefined);
    assert.deepEqual(one.findBySubject("ada", at()), []);
  });

  test(`${name}: while another connection writes for long, reads go on, and writes fail without having written`, async () => {
    const { databases, one, two } = twoOn(temporaryFile());
    one.create(HANDLE, FIRST, at());
    // Else each write waits a second.
    databases[0].exec("PRAGMA busy_timeout = 0");
    databases[1].exec("BEGIN IMMEDIATE");
    assert.equal(two.update(HANDLE, 1, nextOf("of two"), at()), "updated");
    assert.deepEqual(one.read(HANDLE, at()), FIRST);
    for (const write of [
      () => one.create("other", recordOf("other"), at()),
      () => one.update(HANDLE, 1, nextOf("of one"), at()),
      () => one.touch(HANDLE, FIRST.endsAt, at()),
      () => one.delete(HANDLE, at()),
    ]) {
      assert.throws(write, /database is locked/);
    }
    await assert.rejects(one.sweep(1, at(FIRST.endsAt)), /database is locked/);
    databases[1].exec("COMMIT");
    assert.deepEqual(one.read(HANDLE, at()), nextOf("of two"));
    assert.equal(one.read("other", at()), undefined);
    assert.equal(one.update(HANDLE, 1, nextOf("of one"), at()), "conflict");
  });
}
