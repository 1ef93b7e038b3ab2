import type { OnEvent } from "../events.ts";
import type { SessionRequest } from "../exchange.ts";
import type { SessionConfig } from "../session-config.ts";
import type { Transports } from "../transports.ts";
import type { RepositoryGuard } from "./guard.ts";
import type { OnConflict } from "./merge.ts";
import type { Tokens } from "./tokens.ts";
import type { WriteQueue } from "./write-queue.ts";

/** A limit on how many sessions a subject may have, and what a login beyond it does. */
export interface SubjectLimit {
  readonly sessions: number;
  /** `"refuse"`: the login fails with `ERR_SESSION_LIMIT` (409). `"evict-oldest"`: the oldest session ends. */
  readonly beyond: "refuse" | "evict-oldest";
}

/** A store's checked options and the parts that its loads, saves and administration share. */
export interface ServerContext {
  readonly owner: string;
  readonly config: SessionConfig;
  readonly guard: RepositoryGuard;
  readonly tokens: Tokens;
  readonly transports: Transports;
  readonly queue: WriteQueue;
  readonly onEvent: OnEvent;
  /** Milliseconds, or never. */
  readonly renewAfter: number;
  readonly onConflict: OnConflict;
  readonly encrypt: boolean;
  readonly subjectLimit: SubjectLimit | undefined;
  /** What a list of devices calls the one that sent a request. */
  labelOf(request: SessionRequest): string | undefined;
}
