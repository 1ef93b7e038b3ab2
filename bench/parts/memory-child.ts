// Measures what a live session takes in one kind of memory store: `node --expose-gc memory-child.ts KIND`.
import { MemoryStore as ExpressMemoryStore } from "express-session";
import { keepsake } from "../harness/keepsake.ts";
import { numberOf } from "../harness/messages.ts";
import { serve } from "../harness/serve.ts";
import { subjectOf } from "../subjects/index.ts";
import { type Sample, sample } from "../subjects/sample.ts";

/** Begins the session with a number, and returns nothing that would keep it alive. */
type Begin = (index: number) => unknown;

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
    // By default its cookie has no end.
    const cookie = { originalMaxAge: null, expires: null, httpOnly: true, path: "/" };
    const begin = (index: number) =>
      Reflect.apply(kept.set, kept, [idOf(index), { cookie, ...valuesOf(index) }, done]);
    return { kept, begin };
  },
  // By requests, because they keep objects of their own, with all that these refer to.
  async "@fastify/session"() {
    const kept = await subjectOf("fastify-session-memory").open();
    return { kept, begin: () => kept.send("/begin") };
  },
  async "hono-sessions"() {
    const kept = await subjectOf("hono-sessions-memory-plain").open();
    return { kept, begin: () => kept.send("/begin") };
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
