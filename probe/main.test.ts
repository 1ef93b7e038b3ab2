import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { hosts } from "./serve.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Starts the probe as `npm run probe` does, on a free port, and gives its URL. */
async function start(t: TestContext, args: readonly string[]) {
  const command = ["scripts/run.mjs", "probe/main.ts", "--port", "0", ...args];
  const child = spawn(process.execPath, command, {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  t.after(async () => {
    // Not SIGKILL, which the launcher could not pass on to the probe.
    child.kill("SIGTERM");
    await exited;
  });
  for await (const line of createInterface(child.stdout)) {
    const url = /^listening on (http:\/\/127\.0\.0\.1:\d+)$/.exec(line)?.[1];
    if (url !== undefined) return { child, exited, url };
  }
  throw new Error("the probe ended before it listened");
}

for (const adapter of Object.keys(hosts)) {
  for (const store of ["cookie", "memory"]) {
    test(`npm run probe serves ${adapter} with ${store}, and ends within a second`, async (t) => {
      const { child, exited, url } = await start(t, ["--adapter", adapter, "--store", store]);
      const response = await fetch(`${url}/count`);
      assert.deepEqual(await response.json(), { count: 1 });
      assert.match(response.headers.getSetCookie()[0] ?? "", /^__Host-session=/);
      const asked = performance.now();
      child.kill("SIGTERM");
      const [code] = await exited;
      assert.equal(code, 0);
      assert.ok(performance.now() - asked < 1000);
    });
  }
}

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

test("routes that need what is to come answer 501", async (t) => {
  const { url } = await start(t, []);
  const routes = [
    "GET /sessions",
    "POST /revoke?id=x",
    "POST /revoke-others",
    "GET /form",
    "POST /form",
  ];
  for (const route of routes) {
    const [method = "", path = ""] = route.split(" ");
    assert.equal((await fetch(url + path, { method })).status, 501, route);
  }
});

test("a word that is no option, or no value of one, is refused with the usage", async () => {
  for (const args of [["--adapter", "none"], ["--idle-timeout", "1h"], ["--unknown"]]) {
    const child = spawn(process.execPath, ["scripts/run.mjs", "probe/main.ts", ...args], {
      cwd: root,
    });
    const chunks: unknown[] = await child.stderr.setEncoding("utf8").toArray();
    assert.match(chunks.join(""), /npm run probe -- \[options\]/);
  }
});
