import { SessionError } from "../core/errors.ts";
import { checkOptions, checkSeconds, misconfigured } from "../core/options.ts";
import type { Connection } from "./_valkey-clients.ts";

/** For which replicas a write waits, and how long. */
export interface ValkeyWait {
  /** How many replicas must have a write before it counts: a whole number above 0. */
  readonly replicas: number;
  /** How long to wait for them, in seconds; less than the store's time limit. Default: 1. */
  readonly timeout?: number;
}

/**
 * A `send` for writes that have to be on replicas as well.
 *
 * `WAIT` speaks of the writes of its connection. So it has to be right behind the write: over a connection that was made
 * in between, perhaps to another server, it would confirm what is lost.
 *
 * @throws `ERR_SESSION_CONFIG` for bad options, and where the client cannot do that.
 */
export function waiting(
  owner: string,
  { send, sendBoth }: Connection,
  wait: ValkeyWait,
): Connection["send"] {
  checkOptions(`${owner}: wait`, wait, ["replicas", "timeout"]);
  const { replicas, timeout = 1 } = wait;
  if (!Number.isSafeInteger(replicas) || replicas < 1) {
    throw misconfigured(
      `${owner}: wait.replicas must be a whole number above 0, not ${replicas}. Leave wait out to wait for none.`,
    );
  }
  checkSeconds(`${owner}: wait`, "timeout", timeout);
  if (sendBoth === undefined) {
    throw misconfigured(
      `${owner}: this client cannot send WAIT right behind a write, so it cannot tell whether replicas have that. ` +
        "Use iovalkey, ioredis or redis, or set min-replicas-to-write on the server.",
    );
  }
  const milliseconds = Math.max(1, Math.round(timeout * 1000));

  return async (key, command, context) => {
    const both = () => sendBoth(key, command, ["wait", String(replicas), String(milliseconds)]);
    const [reply, count] = await both().catch(async (error: unknown) => {
      if (!isMoved(error)) throw error;
      // Nothing was written. A single command finds the new place, and the client remembers it.
      await send(key, ["type", key], context);
      return both();
    });
    if (Number(count) >= replicas) return reply;
    throw new SessionError(
      "ERR_SESSION_STORE",
      `${owner}: ${Number(count)} of ${replicas} replicas had the write after ${timeout} s. It may be lost if the server ` +
        "fails now. Look after the replicas, or lower wait.replicas.",
    );
  };
}

function isMoved(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("MOVED ");
}
