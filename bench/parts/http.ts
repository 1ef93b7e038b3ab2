import type { Path } from "../drivers/host.ts";
import { Child } from "../harness/child.ts";
import { numberOf } from "../harness/messages.ts";
import type { Plan } from "../harness/plan.ts";
import { type Measured, measured } from "../harness/statistics.ts";
import { bareSubjects } from "../subjects/bare.ts";
import type { Subject } from "../subjects/subject.ts";

/** The processors of the server, and of what sends requests. */
export const SERVER_CORE = 0;
export const LOAD_CORE = 1;
const VISITORS = 512;
/** The part of its processor that a server shows as used which always has something to do. */
const ALWAYS = 0.97;

/** Requests a second as a share of those of the bare framework. */
export interface Shares {
  readonly read: Measured;
  readonly change: Measured;
}

export interface Http {
  readonly shares: ReadonlyMap<Subject, Shares>;
  /** The least part of its processor that the server used while it was measured: below about 0.9 something else was slower. */
  readonly busy: ReadonlyMap<Subject, number>;
}

interface Server {
  readonly child: Child;
  readonly port: number;
  readonly cookies: readonly string[];
}

async function startServer(subject: Subject): Promise<Server> {
  const child = new Child("parts/http-server-child.ts", [subject.id], { core: SERVER_CORE });
  const port = numberOf(await child.ask("port"), "port");
  const cookies = await child.askTexts("begin", { count: VISITORS });
  return { child, port, cookies };
}

/** Requests a second that a server answers, and which part of its time it worked. */
async function rateOf(
  { child, port }: Server,
  cookies: readonly string[],
  load: Child,
  path: Path,
  milliseconds: number,
): Promise<{ rate: number; busy: number }> {
  const before = numberOf(await child.ask("processorTime"), "time");
  const numbers = await load.ask("load", { port, path, cookies, milliseconds });
  const seconds = numberOf(numbers, "seconds");
  const spent = numberOf(await child.ask("processorTime"), "time") - before;
  return { rate: numberOf(numbers, "count") / seconds, busy: spent / (seconds * 1e6) };
}

/** Each subject beside the bare framework, by turns, so that both see the same moments of the machine. */
export async function measureHttp(subjects: readonly Subject[], plan: Plan["http"]): Promise<Http> {
  const end = performance.now() + plan.seconds * 1000;
  const load = new Child("parts/http-load-child.ts", [], { core: LOAD_CORE });
  const bare = new Map<string, Server>();
  const shares = new Map<Subject, Shares>();
  const busy = new Map<Subject, number>();
  try {
    for (const subject of bareSubjects) bare.set(subject.framework, await startServer(subject));
    for (const subject of subjects) {
      const beside = bare.get(subject.framework);
      if (beside === undefined) throw new Error(`There is no bare ${subject.framework}.`);
      const server = await startServer(subject);
      try {
        const result = await measureShares(server, beside, load, plan, end);
        shares.set(subject, result.shares);
        busy.set(subject, result.busy);
      } finally {
        await server.child.end();
      }
    }
    return { shares, busy };
  } finally {
    await Promise.all(
      [load, ...Array.from(bare.values(), ({ child }) => child)].map((child) => child.end()),
    );
  }
}

/** A bare framework may answer faster than requests can be sent: what it would answer if it always had one. */
export function fullRate({ rate, busy }: { readonly rate: number; readonly busy: number }): number {
  return busy < ALWAYS ? (rate * ALWAYS) / busy : rate;
}

async function measureShares(
  server: Server,
  bare: Server,
  load: Child,
  { rounds, milliseconds }: Plan["http"],
  end: number,
): Promise<{ shares: Shares; busy: number }> {
  const { cookies } = server;
  const rateAt = (whom: Server, path: Path, time = milliseconds) =>
    rateOf(whom, cookies, load, path, time);
  for (const path of ["/read", "/change"] as const) {
    await rateAt(server, path, milliseconds * 2);
    await rateAt(bare, path, milliseconds);
  }
  const shares: { read: number[]; change: number[] } = { read: [], change: [] };
  let busy = 1;
  for (let round = 0; round < rounds && (round === 0 || performance.now() < end); round += 1) {
    for (const path of ["/read", "/change"] as const) {
      const before = await rateAt(bare, path, milliseconds / 2);
      const own = await rateAt(server, path);
      const after = await rateAt(bare, path, milliseconds / 2);
      shares[path === "/read" ? "read" : "change"].push(
        (own.rate * 2) / (fullRate(before) + fullRate(after)),
      );
      busy = Math.min(busy, own.busy);
    }
  }
  return { shares: { read: measured(shares.read), change: measured(shares.change) }, busy };
}
