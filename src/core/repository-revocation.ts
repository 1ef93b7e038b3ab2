import { SessionError } from "./errors.ts";
import { type OnEvent, warnOnce } from "./events.ts";
import { isValues, type Values } from "./json.ts";
import { checkFunction, checkOptions, checkTimeout } from "./options.ts";
import { andThen } from "./promises.ts";
import { type Random, systemRandom } from "./random.ts";
import { isRecord, type SessionRecord, type SessionRepository } from "./repository.ts";
import { checkCacheFor, type Revocation } from "./revocation.ts";
import {
  handleOf,
  notBeforeFor,
  noteAfter,
  noteIn,
  recordOf,
  successorIn,
} from "./revocation-records.ts";
import { checkRepository, type Operation, RepositoryGuard } from "./server/guard.ts";
import { Sweeper } from "./server/sweeper.ts";

/** How often and how long the repository is asked. */
export interface RepositoryRevocationOptions {
  /**
   * Seconds for which a process may reuse an answer: so long it may take until a session that another process has ended
   * is refused by this one. `0`: the repository is read with every request. Default: 5.
   */
  readonly cacheFor?: number;
  /** Seconds that a question may wait for the repository, if the store's `timeout` is not shorter. Default: 2. */
  readonly timeout?: number;
  /** Secure random bytes. Default: the platform's CSPRNG. For tests. */
  readonly random?: Random;
  /** Receives what an operator should know. Default: a warning on the console, once a process. */
  readonly onEvent?: OnEvent;
}

const OWNER = "repositoryRevocation";
const OPTIONS = ["cacheFor", "timeout", "random", "onEvent"];
/** Seconds between two removals of expired records, where the database does not remove them by itself. */
const SWEEP_INTERVAL = 300;

/**
 * A revocation over any repository, that of a server-side store included: one small record for each session that has
 * ended, until no token of it opens any more, and one for each subject that has signed out everywhere.
 *
 * Asking reads the session's record and its subject's, at the same time. Both are refused as ended where they are there
 * and damaged. The time is the store's, by its `clock`.
 *
 * @throws `ERR_SESSION_CONFIG` for bad options, or what is no repository.
 *
 * @example
 * ```ts
 * const repository = new SqliteSessionRepository(new DatabaseSync("ended.db"));
 * const store = new CookieSessionStore({ secret, revocation: repositoryRevocation(repository) });
 * ```
 */
export function repositoryRevocation(
  repository: SessionRepository,
  options: RepositoryRevocationOptions = {},
): Revocation {
  checkOptions(OWNER, options, OPTIONS);
  checkRepository(OWNER, repository);
  const { cacheFor, timeout = 2, random = systemRandom, onEvent = warnOnce } = options;
  checkCacheFor(OWNER, "cacheFor", cacheFor);
  checkTimeout(OWNER, timeout);
  for (const name of ["random", "onEvent"] as const) {
    checkFunction(OWNER, name, options[name]);
  }
  // What outlives a question, the guard's breaker and the sweeper, goes by the store that asked last.
  let latest = 0;
  const clock = () => latest;
  const guard = new RepositoryGuard(readingDamaged(repository, onEvent), {
    owner: OWNER,
    timeout: timeout * 1000,
    clock,
    random,
    onEvent,
  });
  let sweeper: Sweeper | undefined;
  const begin = (now: number): Operation => {
    latest = now;
    // Not before there is a time.
    sweeper ??= new Sweeper({ guard, onEvent, config: { clock, random } }, SWEEP_INTERVAL);
    return guard.begin(() => now);
  };

  return {
    ...(cacheFor === undefined ? {} : { cacheFor }),

    async isRevoked({ id, subject, startedAt }, { now }) {
      const operation = begin(now);
      const read = async (handle: string) => operation.read(handle);
      const [own, ofSubject] = await Promise.all([
        read(id),
        subject === undefined ? undefined : read(handleOf(subject)),
      ]);
      const ends = own === undefined ? [] : [own.createdAt];
      const notBefore = notBeforeFor(noteIn(ofSubject), id);
      if (startedAt <= notBefore) ends.push(notBefore);
      return ends.length === 0 ? false : new Date(Math.min(...ends));
    },

    async revoke(id, until, { now, successor }) {
      const operation = begin(now);
      if (successor?.subject !== undefined) {
        await spare(operation, id, successor.id, handleOf(successor.subject));
      }
      const ended = recordOf(id, { now, until, successor: successor?.id });
      let hasEnded = await operation.create(ended);
      if (!hasEnded) {
        await write(operation, id, (found) => {
          hasEnded = found === undefined;
          return hasEnded ? ended : undefined;
        });
      }
      sweeper?.sweepIfDue();
      return hasEnded;
    },

    async successorOf(id, { now }) {
      const successor = successorIn(await begin(now).read(id));
      if (successor !== "damaged") return successor;
      throw new SessionError(
        "ERR_SESSION_STORE",
        `${OWNER}: the record of a session that has ended is damaged, so it is not known whether that goes on under another handle. Do it again, with the cookie or the handle that the session has by now.`,
      );
    },

    async revokeAll(subject, until, { now, except }) {
      const handle = handleOf(subject);
      await write(begin(now), handle, (found) =>
        recordOf(handle, { now, until, found, note: noteAfter(noteIn(found), now, except) }),
      );
      sweeper?.sweepIfDue();
    },
  };
}

/**
 * A session that `revokeAll` has spared is getting another handle: that is spared, too, before the first one ends.
 *
 * @param handle Of the subject's record.
 */
async function spare(
  operation: Operation,
  id: string,
  successor: string,
  handle: string,
): Promise<void> {
  await write(operation, handle, (found) => {
    const note = noteIn(found);
    if (found === undefined || !note?.except?.ids.includes(id)) return undefined;
    const except = { ...note.except, ids: [id, successor] };
    const { createdAt: now, endsAt: until } = found;
    return recordOf(handle, { now, until, found, note: { ...note, except } });
  });
}

/** Writes what `next` makes of the record that is there, until it sticks or there is nothing to write. */
async function write(
  operation: Operation,
  handle: string,
  next: (found: SessionRecord | undefined) => SessionRecord | undefined,
): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    if (tries > 1) await operation.pause(tries);
    const found = await operation.read(handle);
    const record = next(found);
    if (record === undefined) return;
    if (found !== undefined) {
      if ((await operation.update(found, record)) === "updated") return;
    } else {
      if (await operation.create(record)) return;
      // Taken twice, and yet nothing to be read: a record lies there that has expired, and that no sweep has met yet.
      if (tries > 0) await operation.delete(handle);
    }
  }
}

/** The latest time that is one. */
const END_OF_TIME = 8.64e15;

/** Before a guard, which takes damaged records for none: here that would let in whose session has ended. */
function readingDamaged(repository: SessionRepository, onEvent: OnEvent): SessionRepository {
  const mended = (handle: string, found: Values): SessionRecord => {
    const { version, createdAt, endsAt, data } = found;
    if (!isRecord(found)) {
      onEvent({ type: "data-refused", id: handle, reason: "the revocation's record is damaged" });
    }
    const wholeNumber = (value: unknown, instead: number) =>
      Number.isSafeInteger(value) ? Number(value) : instead;
    return {
      ...recordOf(handle, {
        now: wholeNumber(createdAt, END_OF_TIME),
        until: wholeNumber(endsAt, 0),
      }),
      version: wholeNumber(version, 1),
      data: typeof data === "string" ? data : "",
    };
  };
  const { sweep } = repository;
  return {
    capabilities: repository.capabilities,
    create: (...all) => repository.create(...all),
    read: (handle, context) =>
      andThen(repository.read(handle, context), (found) =>
        isValues(found) && found.handle === handle ? mended(handle, found) : found,
      ),
    update: (...all) => repository.update(...all),
    touch: (...all) => repository.touch(...all),
    delete: (...all) => repository.delete(...all),
    ...(sweep === undefined ? {} : { sweep: (...all) => sweep.call(repository, ...all) }),
  };
}
