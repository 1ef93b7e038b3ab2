import assert from "node:assert/strict";
import { after as afterAll, test } from "node:test";
import { type Any, Visitor } from "../core/kit.test.ts";
import { ValkeySessionRepository, ValkeySessionStore } from "./valkey.ts";
import {
  after,
  at,
  CLIENTS,
  Connections,
  HOUR,
  NOW,
  newPrefix,
  newRecord,
  nextOf,
  Probe,
} from "./valkey-kit.test.ts";
import { startServer } from "./valkey-server-kit.test.ts";

// One that nobody else speaks to, because what it tells of others is too much for the client.
const server = await startServer();
const prefix = newPrefix();
const { redis } = new Probe(server.url);
const connections = new Connections();
const client = await connections.open(CLIENTS.iovalkey, server.url);
const repository = new ValkeySessionRepository(client, { prefix });

afterAll(async () => {
  await connections.close();
  redis.disconnect();
  await server.stop();
});

/** What the server has done meanwhile with keys of this file, as it tells it: what came from clients, and from scripts. */
async function commandsOf(act: () => Promise<unknown>) {
  const monitor = await redis.monitor();
  connections.add(() => monitor.disconnect());
  const fromClients: string[] = [];
  const fromScripts: string[][] = [];
  const end = `${prefix}end`;
  const seen = new Promise<void>((resolve) => {
    monitor.on("monitor", (_time: string, command: string[], source: string) => {
      if (command.includes(end)) resolve();
      else if (!command.some((part) => part.startsWith(prefix))) return;
      else if (source === "lua") fromScripts.push(command);
      else fromClients.push(String(command[0]).toLowerCase());
    });
  });
  await act();
  await redis.echo(end);
  await seen;
  return { fromClients, fromScripts };
}

/** Has the server know all scripts. */
async function warmUp(): Promise<void> {
  const first = newRecord({ subject: "warm" });
  await repository.create(first.handle, first, at());
  const second = nextOf(first, { subject: undefined });
  await repository.update(first.handle, 1, second, after(first));
  await repository.touch(first.handle, NOW, at());
  await repository.delete(first.handle, at());
}

test("a read is one command, and so is a write; login and logout are two", async () => {
  await warmUp();
  const stranger = newRecord();
  const login = nextOf(stranger, { subject: "ada", endsAt: stranger.endsAt + HOUR });
  const change = nextOf(login, { data: "{}", expiresAt: login.expiresAt + HOUR });
  const logout = nextOf(change, { subject: undefined, data: "" });
  const user = newRecord({ subject: "ada" });
  const { handle } = stranger;
  const write = ["evalsha"];
  const expected: [string, string[], () => Promise<unknown>][] = [
    ["create", write, () => repository.create(handle, stranger, at())],
    ["read", ["hmget"], () => repository.read(handle, at())],
    ["login", [...write, ...write], () => repository.update(handle, 1, login, after(stranger))],
    ["update", write, () => repository.update(handle, 2, change, after(login))],
    ["touch", write, () => repository.touch(handle, change.expiresAt + HOUR, at())],
    ["logout", [...write, ...write], () => repository.update(handle, 3, logout, after(change))],
    ["delete", write, () => repository.delete(handle, at())],
    ["login of a stranger", [...write, ...write], () => repository.create(user.handle, user, at())],
    ["list", ["zrangebyscore", "hmget"], () => repository.findBySubject("ada", at())],
    ["end of a user's", [...write, ...write], () => repository.delete(user.handle, at())],
  ];
  for (const [what, commands, act] of expected) {
    assert.deepEqual((await commandsOf(act)).fromClients, commands, what);
  }
});

test("a request is one command if it reads, and one more if it changes something; a stranger's is none", async () => {
  await warmUp();
  const store = new ValkeySessionStore<Any>(client, { prefix });
  const visitor = new Visitor(store);
  const [read, write] = ["hmget", "evalsha"];
  const expected: [string, string[], (session: Any) => unknown][] = [
    ["a stranger reads", [], (session) => session.get("a")],
    ["a stranger changes something", [write], (session) => session.set("a", 1)],
    ["a request reads", [read], (session) => assert.equal(session.get("a"), 1)],
    ["a request changes something", [read, write], (session) => session.set("a", 2)],
    ["login", [read, write, write], (session) => session.login("ada")],
    ["a user's request changes something", [read, write], (session) => session.set("a", 3)],
    ["logout", [read, write, write], (session) => session.logout()],
    ["who was a user reads", [], (session) => assert.equal(session.get("a"), undefined)],
  ];
  for (const [what, commands, act] of expected) {
    assert.deepEqual((await commandsOf(() => visitor.visit(act))).fromClients, commands, what);
  }
});

test("a touch writes one field of one key, and a change does not write the index", async () => {
  const record = newRecord({ subject: "ada" });
  await repository.create(record.handle, record, at());
  const key = `${prefix}${record.handle}`;
  const touch = () => repository.touch(record.handle, record.expiresAt + HOUR, at());
  const touched = await commandsOf(touch);
  assert.deepEqual(
    touched.fromScripts.map(([name]) => name),
    ["HMGET", "PEXPIRE", "HSET"],
  );
  const next = nextOf(record, { data: "new" });
  const changed = await commandsOf(() => repository.update(record.handle, 1, next, after(record)));
  for (const [, written] of [...touched.fromScripts, ...changed.fromScripts]) {
    assert.equal(written, key);
  }
  const again = await commandsOf(() => repository.touch(record.handle, NOW + 1, at()));
  assert.deepEqual(
    again.fromScripts.map(([name]) => name),
    ["HMGET"],
  );
});

test("a user who may do these commands with keys under the prefix, and nothing else, is enough", async () => {
  const commands =
    "eval evalsha del hmget hset hstrlen pexpire pttl zadd zrangebyscore zrem zremrangebyscore";
  const rights = commands.split(" ").map((command) => `+${command}`);
  await redis.call("acl", ["setuser", "app", "on", ">secret", `~${prefix}*`, ...rights]);
  const url = new URL(server.url);
  [url.username, url.password] = ["app", "secret"];
  const client = await connections.open(CLIENTS.redis, url.href);
  const limited = new ValkeySessionRepository(client, { prefix });
  const record = newRecord({ subject: "ada" });
  const next = nextOf(record, { subject: "bob" });
  assert.equal(await limited.create(record.handle, record, at()), true);
  assert.equal(await limited.touch(record.handle, record.expiresAt + HOUR, at()), true);
  assert.equal(await limited.update(record.handle, 1, next, after(record)), "updated");
  assert.deepEqual(await limited.findBySubject("bob", at()), [next]);
  assert.equal(await limited.delete(record.handle, at()), true);
  await assert.rejects(new ValkeySessionRepository(client).read(record.handle, at()), /NOPERM/);
});
