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

/** So many are visited: half of them older than the crowd, half of them younger. */
const VISITED = 1000;

async function beginSome(): Promise<string> {
  let last = "";
  for (let index = 0; index < VISITED / 2; index += 1) {
    const { handle, cookie } = await visits.begin();
    cookies.push(cookie);
    last = handle;
  }
  return last;
}

serve({
  fill: async (input) => {
    const handle = await beginSome();
    await crowd.copy(handle, numberOf(input, "count") - VISITED, Date.now());
    await beginSome();
    return {};
  },
  /** Microseconds for each visit. */
  measure: async (input) => {
    const count = numberOf(input, "count");
    const isRead = textOf(input, "case") === "read";
    const start = performance.now();
    await inLanes(count, (index) => {
      const cookie = cookies[index % cookies.length] ?? "";
      return isRead ? visits.read(cookie) : visits.change(cookie, nextCount());
    });
    return { time: ((performance.now() - start) * 1000) / count };
  },
});
