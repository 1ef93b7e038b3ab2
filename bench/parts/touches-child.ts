// Reads one session of keepsake's again and again, by a clock of its own: `node touches-child.ts STORAGE`.
import type { SessionRequest } from "../../src/index.ts";
import { numberOf } from "../harness/messages.ts";
import { serve } from "../harness/serve.ts";
import { openOurStore } from "../subjects/our-stores.ts";
import { sample } from "../subjects/sample.ts";

const IDLE_TIMEOUT = 86_400_000;

let now = Date.now();
const { store } = await openOurStore(process.argv[2] === "valkey" ? "valkey" : "postgres", {
  clock: () => now,
  sweepInterval: false,
});

async function visit(cookie: string | undefined, act: "begin" | "read"): Promise<string> {
  const request: SessionRequest = { headers: new Headers(cookie === undefined ? {} : { cookie }) };
  const response = { headers: new Headers() };
  const session = await store.load(request);
  if (act === "begin") session.update(sample());
  else if (session.get("count") === undefined) throw new Error("The session is gone.");
  await store.save(request, response, session);
  return response.headers.getSetCookie()[0]?.split(";")[0] ?? cookie ?? "";
}

let cookie: string | undefined;

serve({
  begin: async () => {
    cookie = await visit(undefined, "begin");
    return {};
  },
  /** Reads it so many times in so many idle timeouts. */
  read: async (input) => {
    const count = numberOf(input, "count");
    const step = (numberOf(input, "idleTimeouts") * IDLE_TIMEOUT) / count;
    for (let index = 0; index < count; index += 1) {
      now += step;
      cookie = await visit(cookie, "read");
    }
    return {};
  },
});
