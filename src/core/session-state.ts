import type { Contents } from "./changes.ts";
import type { Codec } from "./codec.ts";
import type { SessionConfig } from "./session-config.ts";
import type { DefaultData, KeyOf } from "./session-data.ts";

/** What a store knows of a session beside its data. All times are milliseconds since the epoch. */
export interface SessionState {
  /** The handle. Without one the session is new, and gets a fresh handle. */
  readonly id?: string;
  readonly subject?: string;
  readonly createdAt?: number;
  readonly authenticatedAt?: number;
  /** Flash values that an earlier request left. */
  readonly flash?: object;
  /**
   * What the session's anti-forgery tokens are bound to: 32 random bytes, as 43 characters of base64url. Secret. It is made
   * with the session, and anew by `login()` and `regenerate()`. Anything else counts as missing.
   */
  readonly antiForgerySecret?: string;
  /** The store's options, from `createSessionConfig`. Default: the defaults. */
  readonly config?: SessionConfig;
}

/** A session as plain data, for a store that keeps whole sessions. `new Session(stored.data, stored)` is the way back. */
export interface StoredSession<Data extends object = DefaultData> extends SessionState {
  readonly id: string;
  readonly createdAt: number;
  readonly data: Partial<Data>;
  readonly flash: object;
}

/** The state of a session as it is to be stored. */
export interface StoredState {
  readonly id: string;
  readonly subject: string | undefined;
  readonly createdAt: number;
  readonly authenticatedAt: number | undefined;
  readonly antiForgerySecret: string | undefined;
}

/** Throws `ERR_SESSION_VALUE` and `ERR_SESSION_TOO_LARGE` for contents that cannot be stored. */
export function copyStored<Data extends object>(
  codec: Codec,
  { id, createdAt, subject, authenticatedAt, antiForgerySecret }: StoredState,
  { data, flash }: Contents,
): StoredSession<Data> {
  return {
    id,
    data: codec.copyWithin(data) as Partial<Data>,
    flash: codec.copyWithin(flash),
    createdAt,
    ...(subject === undefined ? {} : { subject }),
    ...(authenticatedAt === undefined ? {} : { authenticatedAt }),
    ...(antiForgerySecret === undefined ? {} : { antiForgerySecret }),
  };
}

/** What the save must do to the session that was loaded. */
export type Pending = "none" | "regenerate" | "login" | "end";

/** What a login keeps of the session before it. */
export interface LoginOptions<Data> {
  /** The keys of a stranger's data to keep. Default: none, so that nothing a stranger planted survives (ASVS 7.2.4). */
  readonly keep?: readonly KeyOf<Data>[];
}
