import { SessionError } from "../errors.ts";
import { type OnEvent, warnOnce } from "../events.ts";
import type { SessionRequest } from "../exchange.ts";
import { isValues } from "../json.ts";
import {
  checkBoolean,
  checkFunction,
  checkOptions,
  checkSeconds,
  checkTimeout,
  describe,
  misconfigured,
  optionNames,
} from "../options.ts";
import type { SessionRepository } from "../repository.ts";
import type { Secret } from "../secrets.ts";
import { createSessionConfig, SESSION_OPTIONS, type SessionOptions } from "../session-config.ts";
import { createTransports, TRANSPORT_OPTIONS, type TransportOptions } from "../transports.ts";
import type { ServerContext, SubjectLimit } from "./context.ts";
import { checkRepository, RepositoryGuard } from "./guard.ts";
import type { OnConflict } from "./merge.ts";
import { createTokens } from "./tokens.ts";
import { WriteQueue } from "./write-queue.ts";

/** What every store that keeps sessions on the server takes. */
export interface ServerSessionStoreOptions extends SessionOptions, TransportOptions {
  /**
   * Puts a MAC of 16 bytes behind each token, so that made-up ones cost no look-up: a secret of at least 32 random bytes
   * as text, or several to rotate, the newest first. Without one tokens are as hard to guess. Default: none.
   */
  readonly secret?: Secret;
  /**
   * Seconds after which a session's token is renewed, so that a copied one is not good for long. Every holder of the old
   * one is handed the same new one, and the old one is good until 30 s after that was first used: a lost response logs
   * nobody out. Default: never. Recommended: 3,600.
   */
  readonly renewAfter?: number;
  /** What decides where two requests gave one key different values at the same time. Default: `"last-wins"`. */
  readonly onConflict?: OnConflict;
  /**
   * Seconds that a load or a save may wait for the repository in all, before it fails with `ERR_SESSION_STORE`.
   * Default: 2.
   */
  readonly timeout?: number;
  /**
   * Encrypts data at rest, under a key of its own for each session that only the holder of the token can open: a stolen
   * dump shows handles, subjects, labels and times. Changing it takes effect for a session at its next login or
   * regeneration. Default: `false`.
   */
  readonly encrypt?: boolean;
  /**
   * What a list of devices calls the one that sent a request; up to 256 characters are kept. Asked at login, which fails
   * with `ERR_SESSION_VALUE` if it throws. Default: nothing.
   */
  readonly label?: (request: SessionRequest) => string | undefined;
  /** How many sessions one subject may have at a time, roughly: logins at the same moment may slip through. Default: any number. */
  readonly subjectLimit?: SubjectLimit;
  /**
   * Seconds between two removals of expired records, where the database does not remove them by itself. It is done beside
   * a request, at most so often, and never by a timer. `false`: only `sweep()` does it. Default: 300.
   */
  readonly sweepInterval?: number | false;
  /** Receives what an operator should know. Default: a warning on the console, once a process. */
  readonly onEvent?: OnEvent;
}

const SERVER_STORE_OPTIONS: readonly string[] = optionNames<ServerSessionStoreOptions>({
  secret: true,
  renewAfter: true,
  onConflict: true,
  timeout: true,
  encrypt: true,
  label: true,
  subjectLimit: true,
  sweepInterval: true,
  onEvent: true,
  ...TRANSPORT_OPTIONS,
  ...SESSION_OPTIONS,
});

const LONGEST_LABEL = 256;

/** Checks the options of a store and makes its parts. Throws `ERR_SESSION_CONFIG` and `ERR_SESSION_SECRET`. */
export function createServerContext(
  owner: string,
  repository: SessionRepository,
  options: ServerSessionStoreOptions,
): ServerContext {
  checkOptions(owner, options, SERVER_STORE_OPTIONS);
  checkRepository(owner, repository);
  const { onEvent = warnOnce, timeout = 2, encrypt = false, renewAfter, label } = options;
  const { onConflict = "last-wins", subjectLimit } = options;
  checkFunction(owner, "onEvent", onEvent);
  checkFunction(owner, "label", label);
  checkBoolean(owner, "encrypt", encrypt);
  checkTimeout(owner, timeout);
  if (renewAfter !== undefined) checkSeconds(owner, "renewAfter", renewAfter);
  if (onConflict !== "last-wins" && onConflict !== "fail" && typeof onConflict !== "function") {
    throw misconfigured(`${owner}: onConflict must be "last-wins", "fail" or a function.`);
  }
  checkSubjectLimit(owner, repository, subjectLimit);
  const config = createSessionConfig(owner, options, { handleStays: true });
  const { clock, random } = config;
  return {
    owner,
    config,
    guard: new RepositoryGuard(repository, {
      owner,
      timeout: timeout * 1000,
      clock,
      random,
      onEvent,
    }),
    tokens: createTokens(owner, options.secret),
    transports: createTransports(owner, options, { onEvent, clock }),
    queue: new WriteQueue(),
    onEvent,
    renewAfter: renewAfter === undefined ? Number.POSITIVE_INFINITY : renewAfter * 1000,
    onConflict,
    encrypt,
    subjectLimit,
    labelOf: (request) => labelFrom(owner, label, request),
  };
}

function checkSubjectLimit(
  owner: string,
  repository: SessionRepository,
  limit: SubjectLimit | undefined,
): void {
  if (limit === undefined) return;
  const isLimit =
    isValues(limit) &&
    Number.isSafeInteger(limit.sessions) &&
    limit.sessions >= 1 &&
    ["refuse", "evict-oldest"].includes(limit.beyond);
  if (!isLimit) {
    throw misconfigured(
      `${owner}: subjectLimit must be such as { sessions: 5, beyond: "evict-oldest" } or { …, beyond: "refuse" }, not ${describe(limit)}.`,
    );
  }
  if (repository.findBySubject === undefined) {
    throw misconfigured(
      `${owner}: subjectLimit takes a repository that can find the sessions of a subject, and this one cannot.`,
    );
  }
}

function labelFrom(
  owner: string,
  label: ServerSessionStoreOptions["label"],
  request: SessionRequest,
): string | undefined {
  try {
    return tidyLabel(label?.(request));
  } catch (cause) {
    throw new SessionError(
      "ERR_SESSION_VALUE",
      `${owner}: label threw, and the cause says what. So the login was not saved. It has to cope with any request: ` +
        "let it give undefined where it knows no name.",
      { cause },
    );
  }
}

/** What a client sends in a header ends up here: neither its length nor control characters are to reach a database. */
function tidyLabel(label: unknown): string | undefined {
  if (typeof label !== "string") return undefined;
  const tidy = label
    .slice(0, LONGEST_LABEL)
    .toWellFormed()
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is meant
    .replace(/[\u0000-\u001f\u007f]+/g, " ")
    .trim();
  return tidy === "" ? undefined : tidy;
}
