import type { SessionRecord } from "../repository.ts";
import type { ServerContext } from "./context.ts";
import type { Operation } from "./guard.ts";

/** How an attempt to write went. `written` is the newest record now. */
export type Attempt =
  | { readonly outcome: "updated"; readonly written: SessionRecord }
  | { readonly outcome: "conflict" | "gone" };

/**
 * Tries to write until it sticks: on the record that the request saw, on what a writer before it in this process left,
 * or, after a conflict, on the newest one there is.
 *
 * @param attempt `isNewest`: the record was read just now, so what it says holds without being written to.
 * @returns Whether there was still something to write to.
 */
export function compareAndSet(
  { queue }: ServerContext,
  operation: Operation,
  seen: SessionRecord,
  attempt: (record: SessionRecord, isNewest: boolean) => Promise<Attempt>,
): Promise<boolean> {
  const { handle } = seen;
  const wait = (before: Promise<void>) => operation.wait(before);
  return queue.run(handle, wait, async (line) => {
    let record: SessionRecord | undefined =
      line.newest !== undefined && line.newest.version >= seen.version ? line.newest : seen;
    for (let tries = 0; record !== undefined; tries += 1) {
      const result = await attempt(record, tries > 0);
      if (result.outcome === "updated") {
        line.newest = result.written;
        return true;
      }
      if (result.outcome === "gone") return false;
      // The first conflict is met at once: mostly the other writer is done.
      if (tries > 0) await operation.pause(tries);
      record = await operation.read(handle);
      if (record !== undefined) line.newest = record;
    }
    return false;
  });
}
