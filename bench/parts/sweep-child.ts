// Serves a store that is full of expired sessions, and sweeps it: `node sweep-child.ts STORAGE`.
import { once } from "node:events";
import { createServer } from "node:http";
import { numberOf } from "../harness/messages.ts";
import { serve } from "../harness/serve.ts";
import { StoreVisits } from "../harness/store-visits.ts";
import { beginSessions } from "../harness/visitors.ts";
import { ourHost } from "../subjects/ours.ts";
import { CROWDED, openCrowd } from "./crowd.ts";

const YEAR = 365 * 86_400_000;
let offset = 0;
const clock = () => Date.now() + offset;

const found = CROWDED.find((each) => each === process.argv[2]);
if (found === undefined) throw new Error(`There is no store ${process.argv[2]}.`);
const crowd = await openCrowd(found, { name: "expired", database: 3, clock });
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
  sweep: async () => {
    const start = performance.now();
    const removed = await crowd.store.sweep();
    return { removed, seconds: (performance.now() - start) / 1000 };
  },
});
