import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { SqliteSessionRepository } from "./sqlite.ts";
import { CHILD, NOW, recordOf } from "./sqlite-child.test.ts";
import { at, open, temporaryFile } from "./sqlite-kit.test.ts";

const CHILD_FILE = fileURLToPath(new URL("./sqlite-child.test.ts", import.meta.url));
const ARGUMENTS = [
  ...("Deno" in globalThis ? ["run", "--allow-all", "--no-lock"] : []),
  "--conditions=keepsake-source",
  ...(process.versions.bun === undefined && !("Deno" in globalThis)
    ? ["--disable-warning=ExperimentalWarning"]
    : []),
];
const HANDLE = "AAAAAAAAAAAAAAAAAAAAAA";

interface Other {
  readonly process: ChildProcess;
  readonly lines: AsyncIterator<string>;
  next(): Promise<string>;
  write(line: string): void;
}

/** Another process, in the same runtime. */
function start(t: TestContext, ...job: string[]): Other {
  const child = spawn(process.execPath, [...ARGUMENTS, CHILD_FILE], {
    env: { ...process.env, [CHILD]: job.join("\n") },
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    process: child,
    lines,
    next: async () => String((await lines.next()).value),
    write: (line) => child.stdin.write(`${line}\n`),
  };
}

test("processes that make the same database at the same time all get a repository", async (t) => {
  const others = Array.from({ length: 4 }, () => start(t, "construct"));
  for (const other of others) assert.equal(await other.next(), "ready");
  for (let round = 0; round < 25; round += 1) {
    const file = temporaryFile();
    for (const other of others) other.write(file);
    const answers = await Promise.all(others.map((other) => other.next()));
    assert.deepEqual(answers, ["true", "true", "true", "true"], `round ${round}`);
  }
});

test("a repository is made, and writes, as soon as another process has let go of the database", async (t) => {
  for (const begin of ["BEGIN; SELECT * FROM other", "BEGIN IMMEDIATE"]) {
    const file = temporaryFile();
    open(file).exec("CREATE TABLE other (id TEXT) STRICT");
    assert.equal(await start(t, "hold", file, begin).next(), "held");
    const repository = new SqliteSessionRepository(open(file));
    assert.equal(await start(t, "hold", file, "BEGIN IMMEDIATE").next(), "held");
    assert.equal(repository.create(HANDLE, recordOf(HANDLE, 1), at(NOW)), true);
  }
});

test("invariant 4, no lost update: processes that compare and set the same record lose none, and none fails", async (t) => {
  const file = temporaryFile();
  const repository = new SqliteSessionRepository(open(file));
  repository.create(HANDLE, { ...recordOf(HANDLE, 1), data: "0" }, at(NOW));
  const others = Array.from({ length: 4 }, () => start(t, "count", file, HANDLE, "100"));
  for (const other of others) assert.equal(await other.next(), "done");
  const { version, data } = repository.read(HANDLE, at(NOW)) ?? {};
  assert.deepEqual({ version, data }, { version: 401, data: "400" });
});

test("a process that is killed while it writes leaves whole records, and every write that it was told of", async (t) => {
  const file = temporaryFile();
  let version = 1;
  for (let round = 0; round < 20; round += 1) {
    const other = start(t, "storm", file, HANDLE);
    const told = await killAfter(other, 1 + round * 17);
    const database = new DatabaseSync(file);
    assert.deepEqual(
      { ...database.prepare("PRAGMA integrity_check").get() },
      { integrity_check: "ok" },
    );
    const repository = new SqliteSessionRepository(database);
    const found = repository.read(HANDLE, at(NOW));
    assert.ok(found !== undefined && found.version >= told, `round ${round}`);
    // Its last write may have been stored without a word.
    assert.ok(found.version - told <= 1 && found.version > version, `round ${round}`);
    assert.deepEqual(found, recordOf(HANDLE, found.version), `round ${round}`);
    const bySubject = ["user-1", "user-2"].flatMap((each) =>
      repository.findBySubject(each, at(NOW)),
    );
    assert.deepEqual(bySubject, found.subject === undefined ? [] : [found]);
    version = found.version;
    database.close();
  }
});

/** Kills a process when it has said so many lines, and gives the last one that it said. */
async function killAfter({ process, lines }: Other, count: number): Promise<number> {
  const ended = once(process, "exit");
  let last = 0;
  let said = 0;
  for await (const line of { [Symbol.asyncIterator]: () => lines }) {
    last = Number(line);
    said += 1;
    if (said === count) process.kill("SIGKILL");
  }
  const [code, signal] = await ended;
  assert.equal(signal, "SIGKILL", `it ended with ${code} by itself`);
  return last;
}
