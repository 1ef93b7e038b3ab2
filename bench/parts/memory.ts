import { Child } from "../harness/child.ts";
import { numberOf } from "../harness/messages.ts";
import type { Plan } from "../harness/plan.ts";

export const MEMORY_STORES = [
  "map",
  "keepsake",
  "express-session",
  "@fastify/session",
  "hono-sessions",
] as const;

/** Bytes of a live session, by store. `map` is a plain `Map` of id to JSON text. */
export type Memory = Readonly<Record<(typeof MEMORY_STORES)[number], number>>;

export async function measureMemory({ sessions }: Plan["memory"]): Promise<Memory> {
  const bytes = {
    map: 0,
    keepsake: 0,
    "express-session": 0,
    "@fastify/session": 0,
    "hono-sessions": 0,
  };
  for (const store of MEMORY_STORES) {
    const child = new Child("parts/memory-child.ts", [store], {
      nodeOptions: ["--expose-gc", "--max-old-space-size=8192"],
    });
    try {
      bytes[store] = numberOf(await child.ask("measure", { count: sessions }), "bytes");
    } finally {
      await child.end();
    }
  }
  return bytes;
}
