import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { run } from "../scripts/processes.ts";
import { debianProgram, debianRelease } from "../scripts/services/debian.ts";
import { freePort } from "../scripts/services/ports.ts";
import { ask } from "../scripts/services/resp.ts";
import { ServerGroup } from "../scripts/services/server-group.ts";
import {
  startRedis,
  startValkey,
  type ValkeyWay,
  valkeyServer,
} from "../scripts/services/valkey.ts";
import { startNode } from "../scripts/services/valkey-node.ts";
import type { Found } from "../scripts/services/ways.ts";
import { setEnv } from "./support/env.ts";

const ON_DEBIAN = (await debianRelease()) !== undefined;
const LONG = process.env.KEEPSAKE_LONG !== undefined;

const VALKEY = await valkeyServer();

async function start(
  test: TestContext,
  begin: typeof startValkey,
  ways: readonly ValkeyWay[],
  usualPort?: number,
): Promise<Found> {
  const found = await begin(ways, usualPort);
  test.after(() => found.stop());
  return found;
}

async function temporaryFolder(test: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "keepsake-test-"));
  test.after(() => rm(folder, { recursive: true }));
  return folder;
}

/** A folder of programs before all others, and no program that the environment names. */
async function putOnPath(test: TestContext, programs: Readonly<Record<string, string>>) {
  const folder = await temporaryFolder(test);
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(folder, name), 0o755);
  }
  setEnv(test, {
    PATH: `${folder}${delimiter}${process.env.PATH}`,
    KEEPSAKE_VALKEY_SERVER: undefined,
    KEEPSAKE_REDIS_SERVER: undefined,
  });
  return folder;
}

const asValkey = { "valkey-server": `exec "${VALKEY}" "$@"` };

describe("A Valkey or a Redis for tests", { concurrency: false }, () => {
  let valkey: Found;
  before(async () => {
    valkey = await startValkey(["installed", "downloaded"]);
  });
  after(() => valkey.stop());
  const usualPort = () => Number(new URL(valkey.url).port);

  test("starts from the program on the PATH, and leaves nothing behind", async (t) => {
    const folder = await putOnPath(t, asValkey);
    setEnv(t, { TMPDIR: await temporaryFolder(t) });
    const { url, description, stop } = await start(t, startValkey, ["installed"]);
    assert.match(
      description,
      /^Valkey \d+\.\d+\.\d+ on 127\.0\.0\.1:\d+, started from \/.*\/valkey-server$/,
    );
    assert.ok(description.endsWith(join(folder, "valkey-server")));
    assert.equal(await ask(url, "SET", "key", "grün"), "OK");
    assert.equal(await ask(url, "GET", "key"), "grün");
    assert.equal((await readdir(tmpdir())).length, 1);
    await stop();
    assert.deepEqual(await readdir(tmpdir()), []);
    await assert.rejects(ask(url, "PING"), { code: "ECONNREFUSED" });
  });

  test("comes from elsewhere where the program does not work", async (t) => {
    await putOnPath(t, {
      "valkey-server":
        'case $1 in --version) echo "Valkey server v=9" ;; *) echo Broken.; exit 1 ;; esac',
    });
    await assert.rejects(startValkey(["installed"]), /valkey-server has ended with 1\nBroken\./);
    const { url } = await start(t, startValkey, ["installed", "running"], usualPort());
    assert.equal(url, valkey.url);
  });

  test("is no Valkey under the name of Redis", async (t) => {
    const folder = await putOnPath(t, { "redis-server": `exec "${VALKEY}" "$@"` });
    setEnv(t, { PATH: folder });
    await assert.rejects(
      startRedis(["installed"]),
      /^Error: There is no Redis to test with\.\nInst/,
    );
  });

  test("is the one that runs on the usual port, if it is the right one", async (t) => {
    const { url, description } = await start(t, startValkey, ["running"], usualPort());
    assert.equal(url, valkey.url);
    assert.match(description, /^Valkey .*, already running$/);
    await assert.rejects(startRedis(["running"], usualPort()), /^Error: There is no Redis to/);
  });

  test("is not what runs on the usual port and cannot be used", async (t) => {
    const port = await freePort();
    const other = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    other.listen(port, "127.0.0.1");
    t.after(() => other.close());
    await assert.rejects(
      startValkey(["running"], port),
      new RegExp(`The server on 127\\.0\\.0\\.1:${port} cannot be used: this is no Valkey`),
    );
  });

  test("is not to be had where nothing listens, and the error says what to do", async () => {
    await assert.rejects(
      startValkey(["running"], await freePort()),
      /^Error: There is no Valkey to test with\.\nInstall it \(apt-get install valkey-server.*VALKEY_URL=/,
    );
  });

  test("is the one that VALKEY_URL names, with its password, and no other", async (t) => {
    await putOnPath(t, asValkey);
    const { url, stop } = await start(t, startValkey, ["installed"]);
    await ask(url, "CONFIG", "SET", "requirepass", "se:cret");
    const port = Number(new URL(url).port);
    await assert.rejects(startValkey(["running"], port), /cannot be used: NOAUTH/);

    setEnv(t, { VALKEY_URL: `redis://:se%3Acret@127.0.0.1:${port}` });
    assert.match((await startValkey()).description, /^Valkey \S+, named by VALKEY_URL$/);
    await stop();
    await assert.rejects(startValkey(), (error: Error) => {
      assert.match(error.message, /^VALKEY_URL names a server that cannot be used: .*REFUSED/);
      assert.doesNotMatch(error.message, /cret/);
      return true;
    });
  });

  test("is none that takes no writes", async (t) => {
    await putOnPath(t, asValkey);
    const { url } = await start(t, startValkey, ["installed"]);
    await ask(url, "REPLICAOF", "127.0.0.1", String(usualPort()));
    setEnv(t, { VALKEY_URL: url });
    await assert.rejects(startValkey(), /it is a replica/);
  });

  test("is not another one that has taken the port first", async (t) => {
    const group = ServerGroup.open();
    t.after(() => group.stop());
    const started = startNode(group, { program: VALKEY, port: usualPort() });
    await assert.rejects(started, /valkey-server has ended with 1\n.*already in use/s);
  });

  if (ON_DEBIAN) {
    test("starts from Debian's package, which is not installed", async (t) => {
      const { url, description } = await start(t, startValkey, ["downloaded"]);
      assert.match(description, /started from Debian's package valkey-server, not installed$/);
      assert.equal(await ask(url, "PING"), "PONG");
    });
  }
});

describe("A program of Debian's", () => {
  test("is none on another system", async (t) => {
    const file = join(await temporaryFolder(t), "os-release");
    await writeFile(file, "ID=fedora\nVERSION_CODENAME=bookworm\n");
    assert.equal(await debianRelease(file), undefined);
  });

  if (ON_DEBIAN && LONG) {
    test("is downloaded once, by one of many, with the libraries that are missing", async (t) => {
      await putOnPath(t, {
        ldd: '[ -e "$LD_LIBRARY_PATH/liblzf.so.1" ] || printf "\\tliblzf.so.1 => not found\\n"',
      });
      const cache = await temporaryFolder(t);
      const wanted = { program: "redis-server", packages: ["redis-server", "redis-tools"] };
      const [first, second] = await Promise.all([
        debianProgram(wanted, cache),
        debianProgram(wanted, cache),
      ]);
      assert.ok(first !== undefined);
      assert.equal(second, first);
      assert.deepEqual(await readdir(join(dirname(first), "lib")), ["liblzf.so.1"]);
      assert.match((await run(first, ["--version"])).output, /^Redis/);
      assert.deepEqual(await readdir(join(dirname(first), "..")), ["redis-server"]);

      await putOnPath(t, { "apt-get": "exit 1" });
      assert.equal(await debianProgram(wanted, cache), first);
    });
  }
});
