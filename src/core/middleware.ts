import { SessionError } from "./errors.ts";
import { type OnEvent, type SessionEvent, warnOnce } from "./events.ts";
import { addVary, type SessionRequest, type SessionResponse } from "./exchange.ts";
import { checkBoolean, checkFunction } from "./options.ts";
import { type SchemaOptions, schemaCheck } from "./schema.ts";
import { internals, type Session } from "./session.ts";
import type { SessionStore } from "./store.ts";

/** What a request's way through the session needs beside the store. */
export interface MiddlewareOptions<Data extends object> extends SchemaOptions<Data> {
  /** Whether changes are kept when the answer is 500 or more. Default: `false`. `logout` and `destroy` always take effect. */
  readonly saveOnServerError?: boolean;
  /** Receives what an operator should know. Default: a warning on the console, once a process. */
  readonly onEvent?: OnEvent;
}

export const MIDDLEWARE_OPTIONS = ["schema", "onInvalid", "saveOnServerError", "onEvent"] as const;

/**
 * The way of a request through its session, the same in every framework: `load`, the handler, `save`.
 * Both give a promise only where the store does, so that a store that needs no waiting costs none.
 */
export class SessionMiddleware<Data extends object> {
  readonly #store: SessionStore<Data>;
  readonly #vary: readonly string[];
  readonly #onEvent: OnEvent;
  readonly #check: ((session: Session<Data>) => Session<Data> | Promise<Session<Data>>) | undefined;
  readonly #saveOnServerError: boolean;

  constructor(store: SessionStore<Data>, options: MiddlewareOptions<Data> = {}) {
    const { onEvent = warnOnce, saveOnServerError = false } = options;
    checkFunction("sessions", "onEvent", onEvent);
    checkBoolean("sessions", "saveOnServerError", saveOnServerError);
    this.#store = store;
    this.#vary = store.vary ?? ["Cookie"];
    this.#onEvent = onEvent;
    this.#check = schemaCheck(options, onEvent);
    this.#saveOnServerError = saveOnServerError;
  }

  /** The session of a request. Throws `ERR_SESSION_STORE` where the store cannot tell: down is not anonymous. */
  load(request: SessionRequest): Session<Data> | Promise<Session<Data>> {
    const loaded = guard(() => this.#store.load(request), "load");
    if (this.#check === undefined) return loaded;
    return loaded instanceof Promise ? loaded.then(this.#check) : this.#check(loaded);
  }

  /** Closes a session that the request did not use, and says so: there is nothing to save and no header to add. */
  closeUnused(session: Session<Data>): boolean {
    if (internals.isAccessed(session)) return false;
    internals.close(session);
    return true;
  }

  /**
   * Saves the session and puts what has to travel on the response. Called once, when the status is known and before the
   * headers leave; from here on every change of the session throws.
   */
  save(
    request: SessionRequest,
    response: SessionResponse,
    session: Session<Data>,
  ): void | Promise<void> {
    if (this.closeUnused(session)) return undefined;
    addVary(response, this.#vary);
    try {
      if ((response.status ?? 200) >= 500 && !this.#saveOnServerError) {
        internals.discard(session);
        if (session.pending !== "end") return internals.close(session);
      }
      // Before closing, because what was put into the data in place is looked at here for the last time.
      internals.check(session);
      internals.close(session);
      const saved = guard(() => this.#store.save(request, response, session), "save");
      return saved instanceof Promise ? saved.catch((error) => this.#fail(error)) : undefined;
    } catch (error) {
      internals.close(session);
      return this.#fail(error);
    }
  }

  #fail(error: unknown): never {
    this.emit({ type: "save-failed", error });
    throw error;
  }

  emit(event: SessionEvent): void {
    this.#onEvent(event);
  }
}

/** Makes of whatever a store throws an error that says so, and that adapters answer with 503. */
function guard<Result>(
  act: () => Result | Promise<Result>,
  verb: string,
): Result | Promise<Result> {
  try {
    const result = act();
    return result instanceof Promise
      ? result.catch((cause) => {
          throw storeError(cause, verb);
        })
      : result;
  } catch (cause) {
    throw storeError(cause, verb);
  }
}

function storeError(cause: unknown, verb: string): SessionError {
  if (cause instanceof SessionError) return cause;
  return new SessionError(
    "ERR_SESSION_STORE",
    `The session could not be ${verb === "load" ? "loaded" : "saved"}: the store failed. Its own error is the cause of this one.`,
    { cause },
  );
}
