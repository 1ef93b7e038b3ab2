import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import BetterSqlite3 from "better-sqlite3";
import { SqliteSessionRepository } from "./sqlite.ts";
import { at, CLIENTS, NOW, open, recordOf, temporaryFile } from "./sqlite-kit.test.ts";

const CONFIG = (message: RegExp) => ({ code: "ERR_SESSION_CONFIG", message });
const HANDLE = "AAAAAAAAAAAAAAAAAAAAAA";

test("what is no database is refused where the repository is made", () => {
  const bad: unknown[] = [undefined, null, "sessions.db", {}, { prepare() {} }, { exec() {} }];
  for (const each of bad) {
    assert.throws(
      () => Reflect.construct(SqliteSessionRepository, [each]),
      CONFIG(/prepare and exec.*DatabaseSync/),
    );
  }
});

test("a client that answers later is refused, and so are rows that come as arrays", () => {
  const exec = () => {};
  const verbs = { run: exec, all: exec };
  const clients = [
    { exec, prepare: async () => verbs },
    { exec, prepare: () => ({ ...verbs, get: async () => ({ version: "3.50.0" }) }) },
    { exec, prepare: () => ({ ...verbs, get() {} }) },
    { exec, prepare: () => ({ bind: exec, run: exec, all: exec, first: exec }) },
    new DatabaseSync(":memory:", { returnArrays: true }),
  ];
  for (const client of clients) {
    assert.throws(
      () => Reflect.construct(SqliteSessionRepository, [client]),
      CONFIG(/at once.*better-sqlite3/),
    );
  }
});

test("an SQLite without STRICT tables is refused with its version", () => {
  for (const version of ["3.36.0", "2.8.17"]) {
    const verbs = { run: () => ({ changes: 0 }), get: () => ({ version }), all: () => [] };
    const old = { exec() {}, prepare: () => verbs };
    assert.throws(() => new SqliteSessionRepository(old), CONFIG(/3\.37/));
  }
});

test("a table name that needs quoting or is reserved is refused, and so is an unknown option", () => {
  const database = open(":memory:");
  const names: unknown[] = [
    "",
    "1st",
    "a-b",
    'a"b',
    "a b",
    "a.b",
    "sitzungen_ä",
    "a\n",
    "x".repeat(64),
  ];
  for (const table of [...names, null, 5, {}]) {
    assert.throws(
      () => Reflect.construct(SqliteSessionRepository, [database, { table }]),
      CONFIG(/table must be/),
    );
  }
  for (const table of ["sqlite_sessions", "SQLite_x", "keepsake_schema", "Keepsake_Schema"]) {
    assert.throws(() => new SqliteSessionRepository(database, { table }), CONFIG(/reserved/));
  }
  assert.throws(
    () => Reflect.construct(SqliteSessionRepository, [database, { tableName: "a" }]),
    CONFIG(/no option "tableName"/),
  );
  assert.deepEqual(database.prepare("SELECT name FROM sqlite_schema").all(), []);
});

test("a table or view of somebody else's is refused, and left as it was", () => {
  for (const sql of ["CREATE TABLE Sessions (id)", "CREATE VIEW sessions AS SELECT 1"]) {
    for (const others of [[], ["other"]]) {
      const database = open(":memory:");
      for (const table of others) new SqliteSessionRepository(database, { table });
      database.exec(sql);
      const schema = () => database.prepare("SELECT name, sql FROM sqlite_schema").all();
      const before = schema();
      const make = () => new SqliteSessionRepository(database, { table: "sessions" });
      assert.throws(make, CONFIG(/"sessions" already.*another name/));
      assert.deepEqual(schema(), before);
      database.exec("BEGIN IMMEDIATE; COMMIT");
    }
  }
});

test("a table of a newer release is refused", () => {
  const database = open(":memory:");
  new SqliteSessionRepository(database);
  database.exec("UPDATE keepsake_schema SET version = 2");
  assert.throws(() => new SqliteSessionRepository(database), CONFIG(/schema 2; this one knows 1/));
});

for (const { name, open } of CLIENTS) {
  test(`${name}: what is stored is there for the next repository, which changes nothing of the schema`, () => {
    const file = temporaryFile();
    const first = open(file);
    new SqliteSessionRepository(first).create(HANDLE, recordOf(HANDLE), at());
    first.close();
    const second = open(file);
    const version = () => second.prepare("PRAGMA schema_version").get();
    const before = version();
    const repository = new SqliteSessionRepository(second);
    assert.deepEqual(repository.read(HANDLE, at()), recordOf(HANDLE));
    assert.deepEqual(version(), before);
  });

  test(`${name}: tables in one database do not meet, and capitals make no other table`, () => {
    const database = open(temporaryFile());
    const [one, two, again] = ["one", "two", "ONE"].map(
      (table) => new SqliteSessionRepository(database, { table }),
    );
    one?.create(HANDLE, recordOf(HANDLE, { data: "of one" }), at());
    assert.equal(two?.read(HANDLE, at()), undefined);
    assert.equal(again?.read(HANDLE, at())?.data, "of one");
  });

  test(`${name}: the connection has WAL, synchronous = NORMAL and a busy timeout of a second`, () => {
    const database = open(temporaryFile());
    database.exec("PRAGMA user_version = 7");
    new SqliteSessionRepository(database);
    const settings = ["journal_mode", "synchronous", "busy_timeout", "user_version"].map(
      (setting) => Object.values(Object(database.prepare(`PRAGMA ${setting}`).get()))[0],
    );
    assert.deepEqual(settings, ["wal", 1, 1000, 7]);
  });

  test(`${name}: a table that was dropped is made again`, () => {
    const database = open(":memory:");
    new SqliteSessionRepository(database);
    database.exec("DROP TABLE keepsake_sessions");
    const repository = new SqliteSessionRepository(database);
    assert.equal(repository.create(HANDLE, recordOf(HANDLE), at()), true);
  });

  test(`${name}: what the database refuses is thrown as the client has it`, async () => {
    const database = open(":memory:");
    const repository = new SqliteSessionRepository(database);
    database.exec("PRAGMA query_only = ON");
    for (const write of [
      () => repository.create(HANDLE, recordOf(HANDLE), at()),
      () => repository.update(HANDLE, 1, recordOf(HANDLE), at()),
      () => repository.touch(HANDLE, NOW, at()),
      () => repository.delete(HANDLE, at()),
    ]) {
      assert.throws(write, /readonly database/);
    }
    await assert.rejects(repository.sweep(1, at()), /readonly database/);
    assert.equal(repository.read(HANDLE, at()), undefined);
    database.exec("PRAGMA query_only = OFF");
    assert.equal(repository.create(HANDLE, recordOf(HANDLE), at()), true);
  });
}

test("a database that may only be read is read, where the table is there", () => {
  const file = temporaryFile();
  new SqliteSessionRepository(open(file)).create(HANDLE, recordOf(HANDLE), at());
  const database = new DatabaseSync(file, { readOnly: true });
  const repository = new SqliteSessionRepository(database);
  assert.deepEqual(repository.read(HANDLE, at()), recordOf(HANDLE));
  assert.throws(() => repository.delete(HANDLE, at()), /readonly database/);
  assert.throws(() => new SqliteSessionRepository(database, { table: "other" }), /readonly/);
  database.close();
});

test("whole numbers that come as bigint are numbers in a record and in every answer", async () => {
  const databases = [
    new DatabaseSync(":memory:", { readBigInts: true }),
    new BetterSqlite3(":memory:").defaultSafeIntegers(true),
  ];
  for (const database of databases) {
    new SqliteSessionRepository(database);
    const repository = new SqliteSessionRepository(database);
    const record = recordOf(HANDLE, { subject: "ada", authenticatedAt: NOW });
    assert.equal(repository.create(HANDLE, record, at()), true);
    assert.equal(repository.create(HANDLE, record, at()), false);
    assert.deepEqual(repository.read(HANDLE, at()), record);
    assert.deepEqual(repository.findBySubject("ada", at()), [record]);
    assert.equal(repository.update(HANDLE, 1, { ...record, version: 2 }, at()), "updated");
    assert.equal(repository.touch(HANDLE, record.expiresAt + 1, at()), true);
    assert.equal(await repository.sweep(9, at(record.endsAt)), 1);
    database.close();
  }
});
