import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { serviceUrl } from "../scripts/services/index.ts";
import { openPostgres, openValkey } from "./clients.ts";
import { SEALERS, STORES } from "./options.ts";
import { hosts } from "./serve.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

const folder = mkdtempSync(join(tmpdir(), "keepsake-probe-test-"));
const temporary = join(folder, "temporary");
const schema = `keepsake_${randomBytes(6).toString("hex")}`;
/** The handles of all sessions, which is what their keys in Valkey have. */
const handles: string[] = [];
let env: NodeJS.ProcessEnv;

before(async () => {
  mkdirSync(temporary);
  const postgres = new URL(await serviceUrl("postgres"));
  await onPostgres(`CREATE SCHEMA ${schema}`);
  postgres.searchParams.set("options", `-c search_path=${schema}`);
  const { SQLITE_FILE: _, ...rest } = process.env;
  env = {
    ...rest,
    TMPDIR: temporary,
    // Many probes are started here, and it halves the time.
    NODE_COMPILE_CACHE: join(folder, "compiled"),
    DATABASE_URL: postgres.href,
    VALKEY_URL: await serviceUrl("valkey"),
  };
});

after(async () => {
  rmSync(folder, { recursive: true });
  await onPostgres(`DROP SCHEMA ${schema} CASCADE`);
  const { client, close } = await openValkey();
  await client.unlink(handles.map((handle) => `session:${handle}`));
  await close();
});

async function onPostgres(statement: string): Promise<void> {
  const { client, close } = await openPostgres();
  await client.query(statement);
  await close();
}

/** Starts the probe as `npm run probe` does, on a free port. */
async function start(t: TestContext, args: readonly string[], variables: NodeJS.ProcessEnv = {}) {
  const command = ["scripts/run.mjs", "probe/main.ts", "--port", "0", ...args];
  const child = spawn(process.execPath, command, {
    cwd: root,
    env: { ...env, ...variables },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const asked = performance.now();
  const exited = once(child, "exit");
  t.after(async () => {
    // Not SIGKILL, which the launcher could not pass on to the probe.
    child.kill("SIGTERM");
    await exited;
  });
  for await (const line of createInterface(child.stdout)) {
    const url = /^listening on (http:\/\/127\.0\.0\.1:\d+)$/.exec(line)?.[1];
    if (url === undefined) continue;
    const started = performance.now() - asked;
    return { url, end: () => endInTime(started) };
  }
  throw new Error("the probe ended before it listened");

  /** Measured by how long it took to start, because the machine may be busy. */
  async function endInTime(started: number): Promise<void> {
    const asked = performance.now();
    child.kill("SIGTERM");
    const [code] = await exited;
    assert.equal(code, 0);
    const took = performance.now() - asked;
    assert.ok(took < 1000 + 3 * started, `${took} ms to end, and ${started} ms to start`);
  }
}

/** Counts, and gives the cookie for the next count. */
async function count(url: string, cookie = ""): Promise<{ count: unknown; cookie: string }> {
  const response = await fetch(`${url}/count`, { headers: { cookie } });
  const [line = ""] = response.headers.getSetCookie();
  const handle = /^__Host-session=([\w-]+)\./.exec(line)?.[1];
  if (handle !== undefined) handles.push(handle);
  const { count } = (await response.json()) as { count: unknown };
  return { count, cookie: line.split(";")[0] || cookie };
}

for (const adapter of Object.keys(hosts)) {
  for (const store of STORES) {
    test(`npm run probe serves ${adapter} with ${store}, and ends soon when it is told`, async (t) => {
      const { url, end } = await start(t, ["--adapter", adapter, "--store", store]);
      const first = await count(url);
      assert.match(first.cookie, /^__Host-session=/);
      const second = await count(url, first.cookie);
      assert.deepEqual([first.count, second.count], [1, 2]);
      await end();
      assert.deepEqual(readdirSync(temporary), [], "temporary files are left");
    });
  }
}

for (const store of ["sqlite", "postgres", "valkey"]) {
  test(`sessions in ${store} are there for the next probe`, async (t) => {
    const SQLITE_FILE = join(folder, "named.sqlite");
    const first = await start(t, ["--store", store], { SQLITE_FILE });
    const { cookie } = await count(first.url);
    await first.end();
    const second = await start(t, ["--store", store], { SQLITE_FILE });
    assert.equal((await count(second.url, cookie)).count, 2);
  });
}

test("a server that nobody named is found or started", async (t) => {
  const { VALKEY_URL: _, ...rest } = env;
  const args = ["--store", "valkey", "--idle-timeout", "1"];
  const { url, end } = await start(t, args, { ...rest, VALKEY_URL: undefined });
  assert.equal((await count(url)).count, 1);
  await end();
});

test("the probe's options reach the store", async (t) => {
  const secret = "4eqhFCE9yngFbyB6a!Cro5gubbb92ay_nBb1oCF3";
  const times = ["--idle-timeout", "100", "--absolute-timeout", "1000", "--now", "1700000000"];
  const carrier = ["--transport", "header", "--cookie-prefix", "none", "--secret", secret];
  const { url } = await start(t, [...times, ...carrier]);
  const response = await fetch(`${url}/count`);
  const token = response.headers.get("x-session-id") ?? "";
  const read = await fetch(`${url}/read`, { headers: { "x-session-id": token } });
  const { createdAt, expiresAt } = (await read.json()) as { createdAt: string; expiresAt: string };
  assert.equal(createdAt.slice(0, 10), "2023-11-14");
  const life = Date.parse(expiresAt) - Date.parse(createdAt);
  assert.ok(life >= 100_000 && life < 110_000, `the idle timeout is ${life} ms`);
});

interface Vector {
  readonly secret: string;
  readonly time: number;
  readonly values: Record<string, unknown>;
  readonly blacksheep: string;
  readonly starlette: string;
  readonly flask: string;
}

for (const sealer of SEALERS) {
  test(`--sealer ${sealer} reads what that framework wrote, and goes on from there`, async (t) => {
    const text = readFileSync(join(root, "test/vectors/itsdangerous.json"), "utf8");
    const [vector] = JSON.parse(text) as Vector[];
    assert.ok(vector);
    const { secret, time, values } = vector;
    const { url } = await start(
      t,
      ["--sealer", sealer, "--secret", secret].concat(
        ["--now", String(time + 60)],
        ["--cookie-prefix", "none"],
      ),
    );
    const read = async (cookie: string) => {
      const response = await fetch(`${url}/read`, { headers: { cookie } });
      return (await response.json()) as { data: unknown; createdAt: string };
    };
    const theirs = `session=${vector[sealer]}`;
    const session = await read(theirs);
    assert.deepEqual(session.data, values);
    assert.equal(Date.parse(session.createdAt), time * 1000);
    const counted = await fetch(`${url}/count`, { headers: { cookie: theirs } });
    const ours = counted.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    assert.match(ours, /^session=.+/);
    assert.deepEqual((await read(ours)).data, { ...values, count: 1 });
  });
}

test("the options of server-side stores reach the store", async (t) => {
  const SQLITE_FILE = join(folder, "options.sqlite");
  const secret = "4eqhFCE9yngFbyB6a!Cro5gubbb92ay_nBb1oCF3";
  const { url } = await start(
    t,
    ["--store", "sqlite", "--secret", secret, "--encrypt", "--timeout", "5"].concat(
      ["--renew-after", "0.001", "--on-conflict", "fail"],
      ["--subject-limit", "1", "--beyond-limit", "refuse"],
    ),
    { SQLITE_FILE },
  );
  const login = (label: string) =>
    fetch(`${url}/login?user=ada`, { method: "POST", headers: { "user-agent": label } });
  const first = await login("one");
  const cookie = first.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  assert.equal(cookie.split(".").length, 3, "the token has a MAC");
  const second = await login("two");
  assert.deepEqual([second.status, await second.text()], [409, "error: ERR_SESSION_LIMIT"]);

  const set = { method: "POST", headers: { cookie }, body: '{"key":"a plain value"}' };
  const changed = await fetch(`${url}/set`, set);
  assert.equal(changed.headers.getSetCookie().length, 1, "the token is renewed");
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(SQLITE_FILE, { readOnly: true });
  t.after(() => database.close());
  const [row] = database.prepare("SELECT * FROM keepsake_sessions").all();
  assert.equal(row?.label, "one");
  assert.doesNotMatch(JSON.stringify(row), /a plain value/);

  // Where one was done before the other began there was no conflict, and they try again, more slowly.
  for (let delay = 100; ; delay *= 2) {
    const late = fetch(`${url}/set?delay=${delay}`, { ...set, body: `{"key":"mine ${delay}"}` });
    const theirs = await fetch(`${url}/set`, { ...set, body: `{"key":"theirs ${delay}"}` });
    const answers = [theirs, await late];
    const refused = answers.filter(({ status }) => status !== 204);
    assert.ok(refused.length < 2 && delay < 10_000, `${delay} ms, and ${refused.length} refused`);
    if (refused[0] === undefined) continue;
    const { status } = refused[0];
    assert.deepEqual([status, await refused[0].text()], [409, "error: ERR_SESSION_CONFLICT"]);
    return;
  }
});

test("anti-forgery protects the form, and nothing else", async (t) => {
  const { url } = await start(t, []);
  const post = (path: string, site: string) =>
    fetch(`${url}${path}`, { method: "POST", headers: { "sec-fetch-site": site } });
  assert.match(await (await fetch(`${url}/form`)).text(), /__RequestVerificationToken/);
  assert.equal((await post("/form", "same-origin")).status, 204);
  assert.equal((await post("/form", "cross-site")).status, 403);
  assert.equal((await post("/clear", "cross-site")).status, 204);
});

test("a word that is no option, or no value of one, is refused with the usage", async () => {
  const refused = [
    ["--adapter", "none"],
    ["--idle-timeout", "1h"],
    ["--unknown"],
    ["--store", "cookie", "--renew-after", "60"],
    ["--store", "memory", "--on-conflict", "first-wins"],
    ["--sealer", "django"],
    ["--store", "memory", "--sealer", "flask"],
  ];
  for (const args of refused) {
    const { code, stderr } = await runToEnd(args);
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, /npm run probe -- \[options\]/);
  }
});

test("a database that is not there is said in a line", async () => {
  const { code, stderr } = await runToEnd(["--store", "postgres"], {
    DATABASE_URL: "postgres://postgres@127.0.0.1:1/nowhere",
  });
  assert.equal(code, 1);
  assert.match(stderr, /^The probe cannot start: .+\n$/);
});

async function runToEnd(args: readonly string[], variables: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, ["scripts/run.mjs", "probe/main.ts", ...args], {
    cwd: root,
    env: { ...env, ...variables },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(child, "exit");
  const chunks: unknown[] = await child.stderr.setEncoding("utf8").toArray();
  const [code] = await exited;
  return { code, stderr: chunks.join("") };
}
