// Measures what a live session takes in one kind of memory store: `node --expose-gc memory-child.ts KIND`.
import { MemoryStore as ExpressMemoryStore } from "express-session";
import { keepsake } from "../harness/keepsake.ts";
import { numberOf } from "../harness/messages.ts";
import { serve } from "../harness/serve.ts";
import { peers } from "../subjects/peers.ts";
import { type Sample, sample } from "../subjects/sample.ts";

/** Begins the session with a number, and returns nothing that would keep it alive. */
type Begin = (index: number) => unknown;

const DAY = 86_400_000;
/** As long as the ids of express-session. */
const idOf = (index: number): string => `${index}`.padStart(32, "i");
const valuesOf = (index: number): Sample => ({ ...sample(), count: index });
const done = (error?: unknown): void => {
  if (error) throw error;
};

/** Kept here, so that they are alive when memory is measured. */
const KINDS: Record<string, () => Promise<{ begin: Begin; kept: unknown }>> = {
  async map() {
    const kept = new Map<string, string>();
    return { kept, begin: (index) => kept.set(idOf(index), JSON.stringify(valuesOf(index))) };
  },
  async keepsake() {
    const { InMemorySessionStore } = await keepsake.core();
    const kept = new InMemorySessionStore<Sample>({ maxSessions: 20_000_000 });
    const begin = async (index: number) => {
      const request = { headers: new Headers() };
      const session = await kept.load(request);
      session.update(valuesOf(index));
      await kept.save(request, { headers: new Headers() }, session);
    };
    return { kept, begin };
  },
  async "express-session"() {
    const kept = new ExpressMemoryStore();
    const begin = (index: number) => {
      const cookie = {
        originalMaxAge: DAY,
        expires: new Date(Date.now() + DAY),
        httpOnly: true,
        path: "/",
      };
      Reflect.apply(kept.set, kept, [idOf(index), { cookie, ...valuesOf(index) }, done]);
    };
    return { kept, begin };
  },
  async "@fastify/session"() {
    const { MemoryStore } = await peers.fastifySession();
    const kept = new MemoryStore();
    const begin = (index: number) => {
      const cookie = {
        originalMaxAge: DAY,
        expires: new Date(Date.now() + DAY),
        httpOnly: true,
        path: "/",
      };
      // It keeps the object it is given, which a request has made from a cookie and JSON.
      const session = JSON.parse(JSON.stringify(valuesOf(index)));
      kept.set(idOf(index), { cookie, ...session }, done);
    };
    return { kept, begin };
  },
  async "hono-sessions"() {
    const { MemoryStore } = await peers.honoSessions();
    const kept = new MemoryStore();
    const begin = (index: number) => {
      const values = Object.entries(valuesOf(index));
      const _data = Object.fromEntries(
        values.map(([key, value]) => [key, { value, flash: false }]),
      );
      const id = crypto.randomUUID();
      kept.createSession(id, { _data, _expire: null, _delete: false, _accessed: null, _id: id });
    };
    return { kept, begin };
  },
};

const opened = KINDS[process.argv[2] ?? ""]?.();

function used(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

serve({
  /** Bytes a session. */
  measure: async (input) => {
    if (opened === undefined) throw new Error("There is no such store.");
    const { begin, kept } = await opened;
    const count = numberOf(input, "count");
    await begin(0);
    const before = used();
    for (let index = 1; index <= count; index += 1) {
      const begun = begin(index);
      if (begun instanceof Promise) await begun;
    }
    const bytes = (used() - before) / count;
    if (kept === undefined) throw new Error("Nothing was kept.");
    return { bytes };
  },
});
