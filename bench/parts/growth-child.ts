// Reads and changes sessions among many: `node growth-child.ts STORAGE NAME DATABASE`.
import { inLanes } from "../harness/lanes.ts";
import { numberOf, textOf } from "../harness/messages.ts";
import { serve } from "../harness/serve.ts";
import { StoreVisits } from "../harness/store-visits.ts";
import { counter } from "../subjects/sample.ts";
import { CROWDED, openCrowd } from "./crowd.ts";

const [storage, name = "", database] = process.argv.slice(2);
const found = CROWDED.find((each) => each === storage);
if (found === undefined) throw new Error(`There is no store ${storage}.`);
const crowd = await openCrowd(found, { name, database: Number(database), clock: Date.now });
const visits = new StoreVisits(crowd.store);
const cookies: string[] = [];
const nextCount = counter();

/** So many begin while the store grows, and are visited: they lie all over it. */
const VISITED = 5000;
const STEPS = 10;
let visited = 0;

/** The handle of the last one. */
async function beginSome(count: number): Promise<string> {
  let last = "";
  await inLanes(count, async () => {
    const { handle, cookie } = await visits.begin();
    cookies.push(cookie);
    last = handle;
  });
  return last;
}

serve({
  fill: async (input) => {
    const copies = Math.round((numberOf(input, "count") - VISITED) / STEPS);
    for (let step = 0; step < STEPS; step += 1) {
      const handle = await beginSome(VISITED / STEPS);
      await crowd.copy(handle, copies, Date.now());
    }
    await crowd.settle();
    return {};
  },
  close: async () => {
    await crowd.close();
    return {};
  },
  /** Microseconds for each visit. */
  measure: async (input) => {
    const count = numberOf(input, "count");
    const isRead = textOf(input, "case") === "read";
    const start = performance.now();
    await inLanes(count, () => {
      const cookie = cookies[visited % cookies.length] ?? "";
      visited += 1;
      return isRead ? visits.read(cookie) : visits.change(cookie, nextCount());
    });
    return { time: ((performance.now() - start) * 1000) / count };
  },
});
