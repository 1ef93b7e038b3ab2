import { toBase64url } from "#base64url";
import { utf8Length } from "./bytes.ts";
import { SessionError } from "./errors.ts";
import { checkBoolean, checkFunction, checkOptions } from "./options.ts";
import { systemRandom } from "./random.ts";

/** One secret, or several to rotate: the newest first. The newest seals, all of them open. */
export type Secret = string | readonly string[];

const SHORTEST_BYTES = 32;
const FEWEST_CHARACTERS = 10;

/** In one case only, because one random key in a few thousand is all letters with a "-" or "_" among them. */
const LOWER_CASE_WORDS = /^[a-z]+(?:[-_.:,][a-z]+)+$/;

/** The command that makes a secret, for error messages. */
const MAKE_A_SECRET: string =
  "node -p \"require('node:crypto').randomBytes(32).toString('base64url')\"";

const PLACEHOLDERS =
  /secret|password|passwort|changeme|change[-_ ]me|keyboard|example|default|placeholder|0123456789|123456789|abcdefghij/i;

/** Checks a secret or a list of them. Throws `ERR_SESSION_SECRET`, never quoting a secret. */
export function checkSecrets(owner: string, secret: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(secret) ? secret : [secret];
  if (list.length === 0 || secret === undefined || secret === null) {
    throw weak(owner, "there is no secret. Sessions cannot be protected without one.");
  }
  const secrets = list.map((each, index) => {
    const which = list.length === 1 ? "the secret" : `secret ${index + 1} of ${list.length}`;
    if (typeof each !== "string") throw weak(owner, `${which} is not text.`);
    const weakness = findWeakness(each);
    if (weakness !== undefined) throw weak(owner, `${which} ${weakness}. It could be guessed.`);
    return each;
  });
  if (new Set(secrets).size < secrets.length) {
    throw new SessionError(
      "ERR_SESSION_SECRET",
      `${owner}: a secret is listed twice. List each once, the newest first.`,
    );
  }
  return secrets;
}

function weak(owner: string, what: string): SessionError {
  return new SessionError(
    "ERR_SESSION_SECRET",
    `${owner}: ${what} Make one with: ${MAKE_A_SECRET}`,
  );
}

function findWeakness(secret: string): string | undefined {
  const bytes = utf8Length(secret);
  if (bytes < SHORTEST_BYTES) return `is ${bytes} bytes long, which is less than ${SHORTEST_BYTES}`;
  if (secret.trim() !== secret)
    return "begins or ends with white space, as text read from a file does";
  if (!secret.isWellFormed()) return "is not well-formed text";
  if (new Set(secret).size < FEWEST_CHARACTERS) return "repeats a few characters";
  if (isPeriodic(secret)) return "repeats itself";
  if (isStaircase(secret)) return "is a sequence";
  if (PLACEHOLDERS.test(secret)) return "looks like a placeholder";
  if (/\s\S+\s/.test(secret) || LOWER_CASE_WORDS.test(secret)) {
    return "is made of words";
  }
  return undefined;
}

/** Whether the text is a shorter one over and over, the last time perhaps cut off. */
function isPeriodic(text: string): boolean {
  for (let period = 1; period <= text.length / 2; period += 1) {
    if (text.startsWith(text.slice(period))) return true;
  }
  return false;
}

/** Whether most characters are neighbours of the one before them. */
function isStaircase(text: string): boolean {
  let steps = 0;
  for (let at = 1; at < text.length; at += 1) {
    if (Math.abs(text.charCodeAt(at) - text.charCodeAt(at - 1)) <= 1) steps += 1;
  }
  return steps > text.length / 2;
}

/** Where `secretsFromEnv` looks, and how it warns. */
export interface SecretsFromEnvOptions {
  /** The variables. Default: those of the process. On a worker, pass the handler's `env`. */
  readonly env?: Readonly<Record<string, unknown>>;
  /** Whether a missing secret is an error. Default: whether `NODE_ENV` is `production`. */
  readonly production?: boolean;
  /** Default: `console.warn`. */
  readonly warn?: (message: string) => void;
}

/**
 * The secrets in `NAME_1`, `NAME_2` … and `NAME`, the one with the highest number first, because that is the newest.
 * To rotate, add the next number; remove the lowest once the sessions it sealed have ended.
 *
 * Where there is none, it throws `ERR_SESSION_SECRET` in production, and elsewhere warns and makes one up: then every
 * restart ends all sessions. `ERR_SESSION_CONFIG` is thrown for options that do not exist.
 *
 * @example
 * ```ts
 * sessions(secretsFromEnv("APP_SECRET"));
 * ```
 */
export function secretsFromEnv(
  name: string,
  options: SecretsFromEnvOptions = {},
): readonly string[] {
  const owner = "secretsFromEnv";
  checkOptions(owner, options, ["env", "production", "warn"]);
  checkBoolean(owner, "production", options.production);
  checkFunction(owner, "warn", options.warn);
  const { env = processEnv(), warn = console.warn } = options;
  const production = options.production ?? env.NODE_ENV === "production";
  const found = Object.keys(env)
    .map((key) => ({ key, number: numberOf(key, name) }))
    .filter(
      ({ key, number }) => number !== undefined && typeof env[key] === "string" && env[key] !== "",
    )
    .sort((a, b) => Number(b.number) - Number(a.number));
  if (found.length > 0) {
    return checkSecrets(
      `${owner}(${found.map(({ key }) => key).join(", ")})`,
      found.map(({ key }) => env[key]),
    );
  }
  const missing = `There is no secret in ${name}_1 or ${name}. Put one into the environment, as ${name}_1=…: make it with ${MAKE_A_SECRET}`;
  if (production) throw new SessionError("ERR_SESSION_SECRET", missing);
  warn(
    `keepsake: ${missing}\nUntil then a throw-away one is used: every restart ends all sessions.`,
  );
  return [toBase64url(systemRandom(SHORTEST_BYTES))];
}

/** `NAME_3` is 3, `NAME` is 0, anything else is none. */
function numberOf(key: string, name: string): number | undefined {
  if (key === name) return 0;
  const suffix = key.startsWith(`${name}_`) ? key.slice(name.length + 1) : "";
  return /^\d{1,9}$/.test(suffix) ? Number(suffix) : undefined;
}

function processEnv(): Readonly<Record<string, unknown>> {
  const { process } = globalThis as { process?: { env?: Record<string, unknown> } };
  return process?.env ?? {};
}
