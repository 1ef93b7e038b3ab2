import { andThen, type Eventually } from "../promises.ts";
import type { SessionRecord } from "../repository.ts";
import type { ServerContext } from "./context.ts";
import type { Operation } from "./guard.ts";
import type { Line } from "./write-queue.ts";

/** How an attempt to write went. `written` is the newest record now. */
export type Attempt =
  | { readonly outcome: "updated"; readonly written: SessionRecord }
  | { readonly outcome: "conflict" | "gone" };

/** @param isNewest The record was read just now, so what it says holds without being written to. */
type Try = (record: SessionRecord, isNewest: boolean) => Eventually<Attempt>;

/**
 * Tries to write until it sticks: on the record that the request saw, on what a writer before it in this process left,
 * or, after a conflict, on the newest one there is.
 *
 * @returns Whether there was still something to write to.
 */
export function compareAndSet(
  { queue }: ServerContext,
  operation: Operation,
  seen: SessionRecord,
  attempt: Try,
): Eventually<boolean> {
  const { handle } = seen;
  return queue.run(
    handle,
    (before) => operation.wait(before),
    (line) => {
      const { newest } = line;
      const record = newest !== undefined && newest.version >= seen.version ? newest : seen;
      return andThen(attempt(record, false), (first) =>
        first.outcome === "conflict"
          ? tryAgain(operation, handle, line, attempt)
          : isWritten(line, first),
      );
    },
  );
}

async function tryAgain(
  operation: Operation,
  handle: string,
  line: Line,
  attempt: Try,
): Promise<boolean> {
  for (let tries = 1; ; tries += 1) {
    // The first conflict is met at once: mostly the other writer is done.
    if (tries > 1) await operation.pause(tries - 1);
    const record = await operation.read(handle);
    if (record === undefined) return false;
    line.newest = record;
    const result = await attempt(record, true);
    if (result.outcome !== "conflict") return isWritten(line, result);
  }
}

function isWritten(line: Line, result: Attempt): boolean {
  if (result.outcome !== "updated") return false;
  line.newest = result.written;
  return true;
}
