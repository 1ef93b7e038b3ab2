import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ServerSessionStore, type SessionRepository } from "keepsake";
import { CookieJar, type FakeClock, fakeClock, Visitor } from "keepsake/testing";
import { serviceUrl } from "../scripts/services/index.ts";
import type { ProbeData } from "./app.ts";
import { type Flow, flows, RENEW_AFTER, type Stored } from "./crash-flows.ts";
import { serveProbe } from "./serve.ts";
import { DATABASES, type DatabaseName, newPlace, type Place } from "./test-databases.ts";

// A process that serves the probe is killed at each call that it makes to its database: sqlite, postgres, valkey. The
// next process opens what it has left.

const CHILD = fileURLToPath(new URL("crash-child.ts", import.meta.url));

// Many children are started here, and it halves the time.
const compiled = mkdtempSync(join(tmpdir(), "keepsake-compiled-"));
after(() => rmSync(compiled, { recursive: true, force: true }));

type Moment = "before" | "during" | "after";

/** Before a call is after the last one, unless an answer has left between them. SQLite's calls have no during. */
function momentsOf(name: DatabaseName, { answers = 1 }: Flow): readonly [Moment, ...Moment[]] {
  const during: readonly Moment[] = name === "sqlite" ? [] : ["during"];
  const before: readonly Moment[] = answers === 1 ? [] : ["before"];
  return ["after", ...during, ...before];
}

for (const name of DATABASES) {
  const place = newPlace(name);
  describe(`killed at any call to ${name}`, { concurrency: 3 }, () => {
    before(async () => (await place.open()).close());
    after(() => place.remove());
    for (const [title, flow] of Object.entries(flows)) {
      test(`${title}: one id, no half record, and on it goes`, async () => {
        const [first, ...others] = momentsOf(name, flow);
        let at = 1;
        for (; await isKilled({ name, place, flow, at, moment: first }); at += 1) {
          for (const moment of others) await isKilled({ name, place, flow, at, moment });
        }
        assert.ok(at > 1, "no call was made");
      });
    }
  });
}

interface Kill {
  readonly name: DatabaseName;
  readonly place: Place;
  readonly flow: Flow;
  /** The number of the call, from 1. */
  readonly at: number;
  readonly moment: Moment;
}

let users = 0;

/** Runs a flow against a process that dies, and checks what it leaves. False: it made fewer calls, and was let live. */
async function isKilled({ name, place, flow, at, moment }: Kill): Promise<boolean> {
  users += 1;
  const user = `user${users}`;
  const clock = fakeClock();
  const jar = new CookieJar(clock);

  await withProbe(place, clock, async ({ url }) => {
    await visit(url, clock, jar, (visitor) => flow.before?.(visitor, user));
  });
  clock.advance(flow.pause ?? 0);

  const child = await startChild([name, place.name, clock(), RENEW_AFTER, at, moment]);
  const acted = visit(child.url, clock, jar, (visitor) => flow.act(visitor, user)).then(
    () => true,
    () => false,
  );
  if (flow.meanwhile !== undefined) {
    await Promise.race([child.hasCalled, child.signal]);
    await withProbe(place, clock, ({ url }) =>
      visit(url, clock, jar, (visitor) => flow.meanwhile?.(visitor)),
    );
  }
  const isAlive = await acted;
  if (isAlive) child.kill();
  assert.equal(await child.signal, "SIGKILL");
  // The server may be about to do what it was asked.
  if (moment === "during") await wait(30);

  await withProbe(place, clock, async ({ url, store, repository }) => {
    const [owned] = await store.list(user);
    const handle = owned?.id ?? handleIn(jar);
    const stored = handle === undefined ? undefined : await read(repository, handle, clock);
    const found = stored && { subject: stored.subject, data: stored.data };
    const isWhole = flow.outcomes(user).some((outcome) => isEqual(outcome, found));
    assert.ok(isWhole, `call ${at} left ${JSON.stringify(found)}`);
    await visit(url, clock, jar, (visitor) =>
      isAlive ? undefined : flow.check({ user, stored, store, visitor, clock }),
    );
  });
  return !isAlive;
}

interface Probe {
  readonly url: string;
  readonly store: ServerSessionStore<ProbeData>;
  readonly repository: SessionRepository;
}

/** Serves the probe in this process, on a database that is opened for it. */
async function withProbe(
  place: Place,
  clock: FakeClock,
  act: (probe: Probe) => Promise<unknown>,
): Promise<void> {
  const { repository, close } = await place.open();
  const store = new ServerSessionStore<ProbeData>(repository, { clock, renewAfter: RENEW_AFTER });
  const probe = await serveProbe("connect", { store });
  try {
    await act({ url: probe.url, store, repository });
  } finally {
    await probe.close();
    await close();
  }
}

/** Lets a client with these cookies visit, and keeps those that it has then. */
async function visit(
  url: string,
  clock: FakeClock,
  jar: CookieJar,
  act: (visitor: Visitor) => unknown,
): Promise<void> {
  const visitor = new Visitor(url, clock);
  for (const name of jar.names) visitor.jar.set(name, jar.get(name) ?? "");
  try {
    await act(visitor);
  } finally {
    for (const name of visitor.jar.names) jar.set(name, visitor.jar.get(name) ?? "");
  }
}

async function startChild(args: readonly (string | number)[]) {
  const child = spawn(
    process.execPath,
    [
      "--conditions=keepsake-source",
      "--disable-warning=ExperimentalWarning",
      CHILD,
      ...args.map(String),
    ],
    {
      env: {
        ...process.env,
        NODE_COMPILE_CACHE: compiled,
        DATABASE_URL: await serviceUrl("postgres"),
        VALKEY_URL: await serviceUrl("valkey"),
      },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const signal = once(child, "exit").then(([, name]) => name);
  const lines = createInterface(child.stdout);
  const [port] = await Promise.race([once(lines, "line"), signal.then(() => [])]);
  assert.ok(port !== undefined, "the child ended before it listened");
  return {
    url: `http://127.0.0.1:${port}`,
    signal,
    /** The first call to the database is done. */
    hasCalled: once(lines, "line"),
    kill: () => child.kill("SIGKILL"),
  };
}

function handleIn(jar: CookieJar): string | undefined {
  return jar.get("__Host-session")?.split(".")[0];
}

/** The record, if its session is alive. One that has ended is empty. */
async function read(
  repository: SessionRepository,
  handle: string,
  clock: FakeClock,
): Promise<Stored | undefined> {
  const record = await repository.read(handle, {
    now: clock(),
    signal: new AbortController().signal,
  });
  if (record === undefined || record.data === "") return undefined;
  return { handle, subject: record.subject, data: JSON.parse(record.data) };
}

function isEqual(one: unknown, two: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(two);
}
