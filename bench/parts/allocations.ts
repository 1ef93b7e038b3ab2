import { Child } from "../harness/child.ts";
import { numberOf } from "../harness/messages.ts";

const REQUESTS = 2000;
/** So much that nothing is collected while it is counted. */
const NODE_OPTIONS = ["--expose-gc", "--min-semi-space-size=256", "--max-semi-space-size=256"];

/** Bytes that a subject allocates for a request without a cookie that leaves the session alone, above the bare framework. */
export async function countAllocations(id: string): Promise<number> {
  const child = new Child("parts/in-process-child.ts", [id, "1"], { nodeOptions: NODE_OPTIONS });
  try {
    return numberOf(await child.ask("allocate", { case: "none", count: REQUESTS }), "bytes");
  } finally {
    await child.end();
  }
}
