import { utf8Length } from "./bytes.ts";
import { SessionError } from "./errors.ts";
import {
  assign,
  copyJson,
  equalJson,
  findMisfit,
  isFitScalar,
  isValues,
  type Values,
} from "./json.ts";
import { parseJson } from "./json-parse.ts";
import type { Limits } from "./limits.ts";
import type { Serializer } from "./serializer.ts";

/** What a session and its store do with values: check, copy, compare, and write as text. */
export interface Codec {
  /** Throws `ERR_SESSION_VALUE` with the path of what cannot be kept. `key` names the session's key. */
  check(key: string, value: unknown): void;
  /** The same, but for the limits: they are for what is to be written, and this is not. */
  checkKind(key: string, value: unknown): void;
  copy(value: unknown): unknown;
  /** Copies after checking, whatever the limits. */
  copyAll(values: object): Values;
  /** Copies what is within the limits; throws as `stringify` does. */
  copyWithin(values: Values): Values;
  equal(a: unknown, b: unknown): boolean;
  /** The text of one value, for seeing whether it was changed in place. */
  print(value: unknown): string;
  /** The text of all data, within the limits, or `ERR_SESSION_VALUE` or `ERR_SESSION_TOO_LARGE`. */
  stringify(values: Values): string;
  /** `undefined` where the text is not a session's data. */
  parse(text: string): Values | undefined;
}

const UNLIMITED = { depth: Number.POSITIVE_INFINITY, keys: Number.POSITIVE_INFINITY };

export function createCodec(serializer: Serializer, limits: Required<Limits>): Codec {
  const strict = serializer === JSON;

  const print = (key: string | undefined, value: unknown): string => {
    try {
      const text = serializer.stringify(value);
      if (typeof text === "string" && text.isWellFormed() && !text.includes("\0")) return text;
    } catch (cause) {
      throw unfit(key ?? "the data", "something that the serializer refuses", cause);
    }
    throw unfit(
      key ?? "the data",
      "something that the serializer makes no well-formed text of, or text with NUL",
    );
  };

  /** A value may have been made unprintable in place; that is told at the save, with its path. */
  const printAnyway = (value: unknown): string => {
    try {
      return serializer.stringify(value);
    } catch {
      return "";
    }
  };

  const checkAll = (values: Values, within: typeof UNLIMITED = limits): void => {
    const misfit = findMisfit(values, within);
    if (misfit === undefined) return;
    if (!misfit.isExcess) throw unfit(misfit.path, misfit.what);
    throw tooLarge(values, "has too many keys", `limits.keys (${limits.keys})`);
  };

  const check = (key: string, value: unknown): void => {
    if (strict) {
      if (!isFitScalar(value)) checkAll({ [key]: value });
    } else if (value === undefined) throw unfit(key, "undefined");
    else print(key, value);
  };

  const checkKind = (key: string, value: unknown): void => {
    if (strict) checkAll({ [key]: value }, UNLIMITED);
    else check(key, value);
  };

  const copy = (value: unknown): unknown =>
    strict ? copyJson(value) : serializer.parse(print(undefined, value));

  const tooLarge = (values: Values, what: string, limit: string): SessionError =>
    new SessionError(
      "ERR_SESSION_TOO_LARGE",
      `The session ${what}, over ${limit}. ${largestKeys(values, printAnyway)} Store less, or raise the limit.`,
    );

  const stringify = (values: Values): string => {
    if (strict) checkAll(values);
    const text = print(undefined, values);
    // No unit takes more than three bytes, so most texts need not be counted.
    if (text.length * 3 <= limits.bytes) return text;
    const bytes = utf8Length(text);
    if (bytes > limits.bytes) {
      throw tooLarge(values, `takes ${bytes} bytes`, `limits.bytes (${limits.bytes})`);
    }
    return text;
  };

  const parse = (text: string): Values | undefined => {
    let values: unknown;
    try {
      values = strict ? parseJson(text) : serializer.parse(text);
    } catch {
      return undefined;
    }
    return isValues(values) ? values : undefined;
  };

  return {
    check,
    checkKind,
    copyAll(values) {
      const copies: Values = {};
      for (const [key, value] of Object.entries(values)) {
        checkKind(key, value);
        assign(copies, key, copy(value));
      }
      return copies;
    },
    copy,
    equal: (a, b) => equalJson(a, b) && (strict || print(undefined, a) === print(undefined, b)),
    print: printAnyway,
    copyWithin: (values) => parse(stringify(values)) ?? {},
    stringify,
    parse,
  };
}

function unfit(path: string, what: string, cause?: unknown): SessionError {
  return new SessionError(
    "ERR_SESSION_VALUE",
    `${path} is ${what}, which the session's serializer cannot keep as it is. ` +
      "Store text, numbers, true, false, null, arrays and plain objects, or choose another serializer.",
    cause === undefined ? undefined : { cause },
  );
}

/** A sentence that names the three keys that take the most room. */
export function largestKeys(values: Values, print: (value: unknown) => string): string {
  const sizes = Object.keys(values)
    .map((key) => ({ key, size: print(values[key]).length }))
    .sort((a, b) => b.size - a.size)
    .slice(0, 3)
    .map(({ key, size }) => `${JSON.stringify(key)} (${size} characters)`);
  return sizes.length === 0 ? "It has no keys." : `Its largest keys: ${sizes.join(", ")}.`;
}
