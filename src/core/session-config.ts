import { toBase64url } from "#base64url";
import { type Clock, systemClock } from "./clock.ts";
import { type Codec, createCodec } from "./codec.ts";
import { HANDLE_BYTES } from "./handle.ts";
import { createLimits, type Limits } from "./limits.ts";
import { checkFunction, misconfigured, type OptionNames } from "./options.ts";
import { type Random, systemRandom } from "./random.ts";
import type { Serializer } from "./serializer.ts";
import { createTimeline, type Timeline, type TimeoutOptions } from "./timeouts.ts";

/** What every store of this library takes, whatever it keeps its sessions in. */
export interface SessionOptions extends TimeoutOptions {
  /** Turns data into text and back. Default: `JSON`, which refuses what it would change silently. */
  readonly serializer?: Serializer;
  /** Bounds on what a session may hold. */
  readonly limits?: Limits;
  /** The time, in milliseconds since the epoch. Default: the system's clock. For tests. */
  readonly clock?: Clock;
  /** Secure random bytes. Default: the platform's CSPRNG. For tests. */
  readonly random?: Random;
}

export const SESSION_OPTIONS: OptionNames<SessionOptions> = {
  idleTimeout: true,
  absoluteTimeout: true,
  serializer: true,
  limits: true,
  clock: true,
  random: true,
};

/** A store's checked options, made once and shared by all of its sessions. */
export interface SessionConfig {
  readonly codec: Codec;
  readonly clock: Clock;
  readonly random: Random;
  readonly timeline: Timeline;
  /**
   * A fresh handle: 16 random bytes in base64url.
   *
   * @param before The one that the session was loaded under.
   */
  newHandle(before?: string): string;
  /** Whether a session keeps its handle when it gets a new token. */
  readonly handleStays: boolean;
}

/**
 * Checks what all stores have in common. Throws `ERR_SESSION_CONFIG`.
 *
 * @param traits `handleStays`: a new token is no new handle, because the store can tell tokens of one session apart.
 */
export function createSessionConfig(
  owner: string,
  options: SessionOptions = {},
  { handleStays = false }: { readonly handleStays?: boolean } = {},
): SessionConfig {
  const { serializer = JSON, clock = systemClock, random = systemRandom } = options;
  if (typeof serializer?.parse !== "function" || typeof serializer.stringify !== "function") {
    throw misconfigured(
      `${owner}: serializer must have the functions parse and stringify, as JSON has.`,
    );
  }
  checkFunction(owner, "clock", clock);
  checkFunction(owner, "random", random);
  return {
    codec: createCodec(serializer, createLimits(owner, options.limits)),
    clock: clock === systemClock ? clock : () => Math.floor(clock()),
    random,
    handleStays,
    timeline: createTimeline(owner, options),
    newHandle: () => toBase64url(random(HANDLE_BYTES)),
  };
}
