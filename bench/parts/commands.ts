import { Child } from "../harness/child.ts";
import { type CountingProxy, startCountingProxy } from "../harness/counting-proxy.ts";
import type { Subject } from "../subjects/subject.ts";

const REQUESTS = 200;
const VISITORS = 20;
/** A busy session: a hundred reads in an idle timeout. */
const BUSY = { count: 200, idleTimeouts: 2 };
/** One that is seldom used is read once, and not again before a tenth of the idle timeout is over. */
const IDLE = { count: 10, idleTimeouts: 0.09 };

/** Commands a request, as they go over the wire to the database. */
export interface CommandCounts {
  readonly read: number;
  readonly change: number;
}

/** Touches a read of one of keepsake's sessions. */
export interface Touches {
  readonly busy: number;
  readonly idle: number;
}

export interface Commands {
  readonly perRequest: ReadonlyMap<Subject, CommandCounts>;
  readonly touches: Readonly<Record<"valkey" | "postgres", Touches>>;
}

/** @param subjects Those with a database. */
export async function countAll(subjects: readonly Subject[]): Promise<Commands> {
  const { DATABASE_URL = "", VALKEY_URL = "" } = process.env;
  const proxies = {
    postgres: await startCountingProxy(DATABASE_URL),
    valkey: await startCountingProxy(VALKEY_URL),
  };
  const env = { DATABASE_URL: proxies.postgres.url, VALKEY_URL: proxies.valkey.url };
  try {
    const perRequest = new Map<Subject, CommandCounts>();
    for (const subject of subjects) {
      const { storage } = subject;
      if (storage !== "valkey" && storage !== "postgres") continue;
      perRequest.set(subject, await countRequests(subject, proxies[storage], env));
    }
    const touches = {
      valkey: await countTouches("valkey", proxies.valkey, env),
      postgres: await countTouches("postgres", proxies.postgres, env),
    };
    return { perRequest, touches };
  } finally {
    for (const proxy of Object.values(proxies)) proxy.close();
  }
}

type Environment = Readonly<Record<string, string>>;

async function countRequests(
  subject: Subject,
  proxy: CountingProxy,
  env: Environment,
): Promise<CommandCounts> {
  const child = new Child("parts/in-process-child.ts", [subject.id, String(VISITORS)], { env });
  const count = async (name: "read" | "change"): Promise<number> => {
    // What is done once, such as loading a script, has been done then.
    await child.ask("visit", { case: name, count: 5 });
    const before = proxy.count();
    await child.ask("visit", { case: name, count: REQUESTS });
    return (proxy.count() - before) / REQUESTS;
  };
  try {
    return { read: await count("read"), change: await count("change") };
  } finally {
    await child.end();
  }
}

async function countTouches(
  storage: "valkey" | "postgres",
  proxy: CountingProxy,
  env: Environment,
): Promise<Touches> {
  const child = new Child("parts/touches-child.ts", [storage], { env });
  const count = async (reads: { count: number; idleTimeouts: number }): Promise<number> => {
    const before = proxy.count();
    await child.ask("read", reads);
    // Each read is one command; whatever there is more of is touches.
    return (proxy.count() - before - reads.count) / reads.count;
  };
  try {
    await child.ask("begin");
    const idle = await count(IDLE);
    // What the first touch does once, such as loading a script, has been done then.
    await child.ask("read", { count: 1, idleTimeouts: 0.5 });
    return { idle, busy: await count(BUSY) };
  } finally {
    await child.end();
  }
}
