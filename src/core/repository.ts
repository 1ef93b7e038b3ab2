import { isValues } from "./json.ts";
import type { Eventually } from "./promises.ts";

/**
 * One stored session. What a repository has to understand are the handle, the version, the subject and the two ends;
 * everything else it gives back as it was given. All times are milliseconds since the epoch.
 */
export interface SessionRecord {
  /** The key: 22 characters of base64url. Not secret. */
  readonly handle: string;
  /** 1 at creation, one more with every update. */
  readonly version: number;
  /** The user the session belongs to: at most 1,024 characters, without NUL. An index, where there is one, is by this. */
  readonly subject: string | undefined;
  /** What a list of devices shows: at most 256 characters, without NUL. */
  readonly label: string | undefined;
  readonly createdAt: number;
  readonly authenticatedAt: number | undefined;
  /** From here on the record counts as gone. Touching moves it, never past `endsAt`. */
  readonly expiresAt: number;
  /** The absolute end. Only an update moves it. */
  readonly endsAt: number;
  /** As text: hashes of the credentials that belong to the session, and the secret of its anti-forgery tokens. */
  readonly credentials: string;
  /** The serialised data: text without NUL, of any length that the store's `limits` allow. */
  readonly data: string;
  /** The serialised flash values, mostly `""`. */
  readonly flash: string;
}

/** Whether something has the fields of a record, of the right types. */
export function isRecord(value: unknown): value is SessionRecord {
  if (!isValues(value)) return false;
  const { handle, credentials, data, flash, subject, label } = value;
  const { version, createdAt, authenticatedAt, expiresAt, endsAt } = value;
  return (
    isText(handle) &&
    isText(credentials) &&
    isText(data) &&
    isText(flash) &&
    (subject === undefined || isText(subject)) &&
    (label === undefined || isText(label)) &&
    Number.isSafeInteger(version) &&
    Number.isSafeInteger(createdAt) &&
    Number.isSafeInteger(expiresAt) &&
    Number.isSafeInteger(endsAt) &&
    (authenticatedAt === undefined || Number.isSafeInteger(authenticatedAt))
  );
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

/** What every verb is given last. */
export interface RepositoryContext {
  /** The time, in milliseconds since the epoch, by the server's clock. A repository has no clock of its own. */
  readonly now: number;
  /**
   * Aborted when the answer is no longer waited for. A repository that can cancel should; none has to. It is made when it
   * is first looked at, so a copy of the context by `{ ...context }` has none: pass on the context itself, or name it.
   */
  readonly signal: AbortSignal;
}

/** What `update` is given beside the record. */
export interface UpdateContext extends RepositoryContext {
  /** The record as it was at the version that is updated: an index needs writing only where these differ. */
  readonly before: Pick<SessionRecord, "subject" | "endsAt">;
}

/** What a repository promises, in code, so that its tests and the documentation can hold it to it. */
export interface RepositoryCapabilities {
  /** Records outlive the process. */
  readonly persistent: boolean;
  /** Several processes may use the same records. */
  readonly shared: boolean;
  /** `create` and `update` compare and set in one step, whoever else writes. Without it, only one process may write. */
  readonly atomic: boolean;
  /** What removes expired records: `sweep`, the database by itself, or nothing. */
  readonly expiry: "sweep" | "database" | "nothing";
}

/**
 * Keeps records by handle: what a database must be able to do to hold sessions. A verb may answer at once or with a
 * promise; it throws, or rejects, where it cannot tell, and the request fails with `ERR_SESSION_STORE`.
 *
 * Expired is decided by `expiresAt <= now`, whatever the database still holds.
 */
export interface SessionRepository {
  readonly capabilities: RepositoryCapabilities;
  /** Stores a record under a handle that is free. `false`: it is taken, and nothing was changed. */
  create(handle: string, record: SessionRecord, context: RepositoryContext): Eventually<boolean>;
  /** The newest record; `undefined` where there is none or it has expired. */
  read(handle: string, context: RepositoryContext): Eventually<SessionRecord | undefined>;
  /**
   * Replaces the record if it has not expired and its version is `version`, in one step. `"conflict"`: it has another
   * version. `"gone"`: there is none, or it has expired. In both cases nothing was changed.
   */
  update(
    handle: string,
    version: number,
    record: SessionRecord,
    context: UpdateContext,
  ): Eventually<"updated" | "conflict" | "gone">;
  /**
   * Moves `expiresAt` of a record that has not expired, only to a later time and at most to `endsAt`. The version stays.
   * `false`: there is none, or it has expired.
   */
  touch(handle: string, expiresAt: number, context: RepositoryContext): Eventually<boolean>;
  /** Removes a record. `false`: there was none. */
  delete(handle: string, context: RepositoryContext): Eventually<boolean>;
  /** All records of a subject that have not expired, in any order. */
  findBySubject?(subject: string, context: RepositoryContext): Eventually<SessionRecord[]>;
  /** Removes up to `limit` expired records and says how many. Several processes may do it at once. */
  sweep?(limit: number, context: RepositoryContext): Eventually<number>;
}
