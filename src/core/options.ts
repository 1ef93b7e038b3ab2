import { SessionError } from "./errors.ts";

/** Browsers keep no cookie longer than this (RFC 6265bis 5.5), so no session is promised a longer life. */
export const LONGEST_SECONDS: number = 400 * 24 * 60 * 60;

/** A configuration error: thrown where an object is made, never while a request is served. */
export function misconfigured(message: string): SessionError {
  return new SessionError("ERR_SESSION_CONFIG", message);
}

/** What people write who come from another library, and what it is called here. */
const RENAMED: Record<string, string> = {
  maxAge: "idleTimeout and absoluteTimeout, in seconds",
  max_age: "idleTimeout and absoluteTimeout, in seconds",
  ttl: "idleTimeout, in seconds",
  expires: "absoluteTimeout, in seconds",
  rolling: "idleTimeout (activity always moves it, absoluteTimeout never moves)",
  resave: "nothing (only changes are saved)",
  saveUninitialized: "nothing (strangers get no session)",
  secrets: "secret: [newest, …older]",
  secretKey: "secret",
  password: "secret",
  keys: "secret: [newest, …older]",
  key: "secret",
  cookieName: "cookie: { name }",
  cookieOptions: "cookie",
  name: "cookie: { name }",
  signer: "sealer",
  store: "sessions(store, { … })",
  genid: "random",
  samesite: "sameSite",
  httponly: "httpOnly",
};

export function checkObject(owner: string, options: unknown): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw misconfigured(`${owner}: the options must be an object, not ${kindOf(options)}.`);
  }
}

/** All options of a type, by name: with one missing, or one too many, it does not compile. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/** The same as a list. */
export function optionNames<Options>(names: OptionNames<Options>): readonly string[] {
  return Object.keys(names);
}

/** Refuses what is not an option, so that a misspelt one is never silently without effect. */
export function checkOptions(owner: string, options: object, known: readonly string[]): void {
  checkObject(owner, options);
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const instead = Object.hasOwn(RENAMED, name) ? RENAMED[name] : undefined;
    throw misconfigured(
      instead === undefined
        ? `${owner}: there is no option "${name}". The options are: ${known.join(", ")}.`
        : `${owner}: there is no option "${name}". Write instead: ${instead}.`,
    );
  }
}

/** Refuses anything but `true`, `false` and, for JavaScript callers who pass it along, `undefined`. */
export function checkBoolean(owner: string, name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "boolean") {
    throw misconfigured(`${owner}: ${name} must be true or false, not ${describe(value)}.`);
  }
}

export function checkFunction(owner: string, name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "function") {
    throw misconfigured(`${owner}: ${name} must be a function, not ${describe(value)}.`);
  }
}

/** Refuses NaN, infinities, zero, negative numbers, strings such as "1h", and more than 400 days. */
export function checkSeconds(owner: string, name: string, value: unknown): asserts value is number {
  if (typeof value !== "number" || !Number.isFinite(value) || value <= 0) {
    throw misconfigured(
      `${owner}: ${name} must be a positive number of seconds, such as 3600 for an hour, not ${describe(value)}.`,
    );
  }
  if (value > LONGEST_SECONDS) {
    throw misconfigured(
      `${owner}: ${name} is ${value} seconds, more than the 400 days for which browsers keep a cookie. ` +
        `It is in seconds, not milliseconds: write at most ${LONGEST_SECONDS}.`,
    );
  }
}

const LONGEST_QUOTE = 24;

/** What was found, for a message. Long text is not quoted, because it may be a secret in the wrong place. */
export function describe(value: unknown): string {
  if (typeof value !== "string") return kindOf(value);
  return value.length > LONGEST_QUOTE
    ? `text of ${value.length} characters`
    : JSON.stringify(value);
}

function kindOf(value: unknown): string {
  if (typeof value === "string") return "text";
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}

const LONGEST_TIMEOUT = 60;

/** Refuses a time limit, in seconds, that is none or that nobody waits for. */
export function checkTimeout(owner: string, timeout: unknown): asserts timeout is number {
  checkSeconds(owner, "timeout", timeout);
  if (timeout > LONGEST_TIMEOUT) {
    throw misconfigured(
      `${owner}: timeout is ${timeout} seconds, for which no visitor waits. It is in seconds, not milliseconds: write at most ${LONGEST_TIMEOUT}.`,
    );
  }
}
