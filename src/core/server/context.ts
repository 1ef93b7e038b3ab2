import type { OnEvent } from "../events.ts";
import type { SessionRequest } from "../exchange.ts";
import type { SessionConfig } from "../session-config.ts";
import type { SessionTransport } from "../transport.ts";
import type { Transports } from "../transports.ts";
import type { Operation, RepositoryGuard } from "./guard.ts";
import type { OnConflict } from "./merge.ts";
import type { Opened } from "./opening.ts";
import type { Presented, Tokens } from "./tokens.ts";
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

/** A session that a request's token opened, as it was when it was read. */
export interface Loaded extends Opened {
  readonly id: string;
  readonly presented: Presented;
  /** When the credential was found good; it stays so for this request, however long that takes. */
  readonly loadedAt: number;
  readonly transport: SessionTransport;
  /** Of a session that is watched: the hash of the credential that its holder had when it was last asked about. */
  heldHash?: string;
  /** The save's, so that a save that is repeated has no second time limit. */
  operation?: Operation;
  /** By this request: the token is to be taken away, however the rest of the save goes. */
  hasEnded: boolean;
}
