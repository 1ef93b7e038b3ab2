// Serves a store that is full of expired sessions, and sweeps it: `node sweep-child.ts STORAGE`.
import { once } from "node:events";
import { createServer } from "node:http";
import { keepsake } from "../harness/keepsake.ts";
import { numberOf } from "../harness/messages.ts";
import { serve } from "../harness/serve.ts";
import { StoreVisits } from "../harness/store-visits.ts";
import { beginSessions } from "../harness/visitors.ts";
import { ourHost } from "../subjects/ours.ts";
import { CROWDED, openCrowd } from "./crowd.ts";

const YEAR = 365 * 86_400_000;
let offset = 0;
const clock = () => Date.now() + offset;

/** Counts what sweeps remove, batch by batch: one of a million may take longer than anybody measures beside it. */
let removed = 0;
const { MemorySessionRepository } = await keepsake.core();
const { SqliteSessionRepository } = await keepsake.sqlite();
const { PostgresSessionRepository } = await keepsake.postgres();
for (const { prototype } of [
  MemorySessionRepository,
  SqliteSessionRepository,
  PostgresSessionRepository,
]) {
  const { sweep } = prototype;
  prototype.sweep = function (this: never, ...args: Parameters<typeof sweep>) {
    const answer = Reflect.apply(sweep, this, args);
    void Promise.resolve(answer).then(
      (count) => {
        removed += count;
      },
      () => undefined,
    );
    return answer;
  };
}

const found = CROWDED.find((each) => each === process.argv[2]);
if (found === undefined) throw new Error(`There is no store ${process.argv[2]}.`);
const crowd = await openCrowd(found, { name: "expired", database: 3, clock });
let sweptFrom = 0;
let sweptTo: number | undefined;
let failure: unknown;
const host = await ourHost("express", crowd);
const server = createServer({ keepAliveTimeout: 0 }, host.listener);
server.listen(0, "127.0.0.1");
await once(server, "listening");

serve({
  port: () => {
    const address = server.address();
    return { port: typeof address === "object" ? (address?.port ?? 0) : 0 };
  },
  begin: (input) => beginSessions(host, numberOf(input, "count")),
  /** Fills the store with sessions of a year ago. After the others began: the memory store makes room when one does. */
  fill: async (input) => {
    offset = -YEAR;
    const { handle } = await new StoreVisits(crowd.store).begin();
    await crowd.copy(handle, numberOf(input, "expired"), clock());
    offset = 0;
    await crowd.settle();
    return {};
  },
  /** Begins a sweep, and does not wait for it. */
  sweep: () => {
    sweptFrom = performance.now();
    sweptTo = undefined;
    removed = 0;
    crowd.store.sweep().then(
      () => {
        sweptTo = performance.now();
      },
      (error: unknown) => {
        failure = error;
      },
    );
    return {};
  },
  swept: () => {
    if (failure !== undefined) throw failure;
    const seconds = ((sweptTo ?? performance.now()) - sweptFrom) / 1000;
    return { removed, seconds, isOver: sweptTo === undefined ? 0 : 1 };
  },
  /** Also in the middle of a sweep, which then fails. */
  close: async () => {
    await crowd.close();
    return {};
  },
});
