import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { test } from "node:test";
import { SqliteSessionRepository } from "./sqlite.ts";
import {
  at,
  DAY,
  NOW,
  type OpenDatabase,
  open,
  recordOf,
  temporaryFile,
} from "./sqlite-kit.test.ts";

const KEY = "SEARCH t USING INDEX sqlite_autoindex_t_1 (handle=?)";
const SUBJECT = "SEARCH t USING INDEX t_subject (subject=?)";
const SWEEP = [
  "SEARCH t USING INTEGER PRIMARY KEY (rowid=?)",
  "SEARCH t USING COVERING INDEX t_sweep_after (sweep_after<?)",
];

/** How the database would run what each verb sends. */
function plansOf(database: OpenDatabase): Record<string, string[][]> {
  let sent: string[] = [];
  const watched = {
    exec: (sql: string) => database.exec(sql),
    prepare: (sql: string) => {
      const statement = database.prepare(sql);
      const note = <Result>(result: Result) => {
        sent.push(sql);
        return result;
      };
      return {
        run: (...values: Parameters<typeof statement.run>) => note(statement.run(...values)),
        get: (...values: Parameters<typeof statement.get>) => note(statement.get(...values)),
        all: (...values: Parameters<typeof statement.all>) => note(statement.all(...values)),
      };
    },
  };
  const repository = new SqliteSessionRepository(watched, { table: "t" });
  const plan = (act: () => unknown) => {
    sent = [];
    act();
    return sent.map((sql) => {
      const steps = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
      const details = steps.map((step) => String(Object(step).detail));
      return details.filter((detail) => !/^LIST SUBQUERY|^CREATE BLOOM FILTER/.test(detail));
    });
  };
  return {
    read: plan(() => repository.read("none", at())),
    update: plan(() => repository.update("none", 1, recordOf("none"), at())),
    touch: plan(() => repository.touch("none", NOW, at())),
    delete: plan(() => repository.delete("none", at())),
    findBySubject: plan(() => repository.findBySubject("none", at())),
    sweep: plan(() => void repository.sweep(5, at())),
  };
}

test("every verb finds its records by an index, with no records and with many, analysed or not", () => {
  for (const count of [0, 500]) {
    const database = open(":memory:");
    const repository = new SqliteSessionRepository(database, { table: "t" });
    for (let index = 0; index < count; index += 1) {
      const subject = index % 2 === 0 ? undefined : "ada";
      repository.create(`${index}`, recordOf(`${index}`, { subject }), at());
    }
    for (const prepare of ["", "ANALYZE"]) {
      database.exec(prepare);
      assert.deepEqual(plansOf(database), {
        read: [[KEY]],
        update: [[KEY], [KEY], [KEY]],
        touch: [[KEY]],
        delete: [[KEY]],
        findBySubject: [[SUBJECT]],
        sweep: [SWEEP, SWEEP],
      });
    }
  }
});

test("a touch and an update write the record's page and no other, but where subject or end ask for it", () => {
  const file = temporaryFile();
  const database = open(file);
  const repository = new SqliteSessionRepository(database);
  database.exec("PRAGMA wal_autocheckpoint = 0");
  let record = recordOf("handle", { subject: "ada" });
  repository.create("handle", record, at());
  const pagesOf = (write: () => void) => {
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    write();
    return (statSync(`${file}-wal`).size - 32) / (4096 + 24);
  };
  const update = (changes: Partial<typeof record>) => {
    const before = record;
    record = { ...record, ...changes, version: before.version + 1 };
    assert.equal(repository.update("handle", before.version, record, at()), "updated");
  };
  assert.equal(
    pagesOf(() => repository.touch("handle", NOW + 2 * DAY, at())),
    1,
  );
  assert.equal(
    pagesOf(() => update({ expiresAt: NOW + 3 * DAY, data: "{}" })),
    1,
  );
  assert.equal(
    pagesOf(() => update({ subject: "bob" })),
    3,
  );
  assert.equal(
    pagesOf(() => update({ expiresAt: NOW + 1 })),
    3,
  );
});
