/**
 * Every code a {@link SessionError} can carry, with the HTTP status an adapter answers when the application
 * does not handle the error itself. `docs/errors.md` has an entry for each.
 */
export const STATUS_OF_CODE = {
  ERR_SESSION_CONFIG: 500,
  ERR_SESSION_SECRET: 500,
  ERR_SESSION_KEY: 500,
  ERR_SESSION_VALUE: 500,
  ERR_SESSION_TOO_LARGE: 500,
  ERR_COOKIE_TOO_LARGE: 500,
  ERR_SESSION_COMMITTED: 500,
  ERR_SESSION_DESTROYED: 500,
  ERR_SESSION_DATA: 500,
  ERR_SESSION_MISSING: 500,
  ERR_SESSION_AMBIGUOUS: 400,
  ERR_SESSION_GONE: 409,
  ERR_SESSION_CONFLICT: 409,
  ERR_SESSION_LIMIT: 409,
  ERR_SESSION_STORE: 503,
} as const;

/** The closed set of codes. Branch on these, never on a message. */
export type SessionErrorCode = keyof typeof STATUS_OF_CODE;

/**
 * The one error of this library. The message says what happened and what to do; `code` says which case it is.
 * Bad input from a client is never an error: a bad token is "no session".
 *
 * @example
 * ```ts
 * try {
 *   session.set("when", new Date());
 * } catch (error) {
 *   if (error instanceof SessionError && error.code === "ERR_SESSION_VALUE") console.log(error.message);
 * }
 * ```
 */
export class SessionError extends Error {
  override readonly name: string = "SessionError";
  readonly code: SessionErrorCode;
  /** The HTTP status that fits. */
  readonly status: (typeof STATUS_OF_CODE)[SessionErrorCode];
  /** Headers that the answer to this error has to carry, such as the one that takes the token of an ended session away. */
  headers: Record<string, string | string[]> = {};

  constructor(code: SessionErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.status = STATUS_OF_CODE[code];
  }
}
