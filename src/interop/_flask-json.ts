import { base64 } from "@scure/base";
import { SessionError } from "../core/errors.ts";
import { assign, isValues, type Values } from "../core/json.ts";
import { parseJson } from "../core/json-parse.ts";
import type { Serializer } from "../core/serializer.ts";
import { FLASK_TAGS, TAGGED, tagOf } from "./_flask-tags.ts";

/**
 * A Python tuple, as Flask keeps it in a session.
 *
 * @example
 * ```ts
 * session.set("position", new Tuple(52.5, 13.4));
 * const [latitude, longitude] = session.get("position") ?? [];
 * ```
 */
export class Tuple implements Iterable<unknown> {
  readonly items: readonly unknown[];

  constructor(...items: readonly unknown[]) {
    this.items = items;
  }

  [Symbol.iterator](): Iterator<unknown> {
    return this.items[Symbol.iterator]();
  }

  /** A list, for `Response.json` and its like. */
  toJSON(): readonly unknown[] {
    return this.items;
  }
}

/** Text that is HTML already, as `markupsafe.Markup` in Python: Flask's templates do not escape it. */
export class Markup {
  readonly html: string;

  constructor(html: string) {
    this.html = html;
  }

  toString(): string {
    return this.html;
  }

  toJSON(): string {
    return this.html;
  }
}

/**
 * A UUID, as `uuid.UUID` in Python. `String(id)` is the usual form, in lower case and with hyphens.
 *
 * @throws `ERR_SESSION_VALUE` for text that is not 32 hexadecimal digits, with or without the hyphens.
 */
export class Uuid {
  /** 32 hexadecimal digits in lower case. */
  readonly hex: string;

  constructor(text: string) {
    if (!/^[\da-f]{8}(-?)[\da-f]{4}\1[\da-f]{4}\1[\da-f]{4}\1[\da-f]{12}$/i.test(text)) {
      throw unfit("", "no UUID: write its 32 hexadecimal digits, with or without the hyphens");
    }
    this.hex = text.replaceAll("-", "").toLowerCase();
  }

  toString(): string {
    return this.hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }

  toJSON(): string {
    return this.toString();
  }
}

/** What Flask knows beside JSON, by the key that marks it. */
const READERS: Readonly<Record<string, (value: unknown) => unknown>> = {
  " t": (value) => new Tuple(...must(Array.isArray(value) ? value : undefined)),
  " b": (value) => base64.decode(must(textOf(value))),
  " m": (value) => new Markup(must(textOf(value))),
  " u": (value) => new Uuid(must(/^[\da-f]{32}$/.exec(textOf(value) ?? "")?.[0])),
  " d": (value) => must(dateOf(must(textOf(value)))),
  " di": (value) => escaped(value),
};

const DEEPEST = 200;

/**
 * Flask's JSON, in which a tag stands for what JSON has no form for. Give it to the store as `serializer`, beside
 * {@link flaskSealer} as `sealer`:
 *
 * | Python | here |
 * |---|---|
 * | `tuple` | {@link Tuple} |
 * | `bytes` | `Uint8Array` |
 * | `datetime` | `Date`, in whole seconds, because Flask keeps no more: one with milliseconds is refused |
 * | `uuid.UUID` | {@link Uuid} |
 * | `markupsafe.Markup` | {@link Markup} |
 *
 * What Flask could not read is refused where it is set, with `ERR_SESSION_VALUE`. A plain object that looks like a tag
 * stays a plain object on both sides. The text of a session begins with a tab, by which `flaskSealer` knows it.
 *
 * Without this serializer the tagged values are what they are on the wire, such as `{ " t": [1, 2] }`: they go back
 * unchanged, and no others are taken.
 */
export const taggedJson: Serializer = {
  parse: (text) => untag(parseJson(text)),
  stringify(value) {
    const tagged = tag(value, "", 0);
    return (isValues(tagged) ? TAGGED : "") + JSON.stringify(tagged);
  },
};

/** From the inside out, as Flask does. */
function untag(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(untag);
  const values: Values = {};
  for (const [key, each] of Object.entries(value)) assign(values, key, untag(each));
  const key = tagOf(values, FLASK_TAGS);
  return key === undefined ? values : READERS[key]?.(values[key]);
}

/** An object whose only key looks like a tag has two underscores behind it, and ` di` around it. */
function escaped(value: unknown): Values {
  const [[key, inner] = ["", undefined], ...more] = Object.entries(
    must(isValues(value) ? value : undefined),
  );
  const name = key.slice(0, -2);
  must(key === `${name}__` && Object.hasOwn(READERS, name) && more.length === 0 ? key : undefined);
  return { [name]: inner };
}

function tag(value: unknown, path: string, depth: number): unknown {
  if (depth > DEEPEST) throw unfit(path, "nested too deep, or in itself");
  const inside = (each: unknown, name: string | number) =>
    tag(each, `${path}[${JSON.stringify(name)}]`, depth + 1);
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (Number.isFinite(value)) return value;
      throw unfit(path, String(value));
    case "object":
      break;
    default:
      throw unfit(path, typeof value);
  }
  if (value === null) return value;
  if (Array.isArray(value)) return Array.from(value, inside);
  if (value instanceof Tuple) return { " t": value.items.map(inside) };
  if (value instanceof Uint8Array) return { " b": base64.encode(value) };
  if (value instanceof Markup) return { " m": value.html };
  if (value instanceof Uuid) return { " u": value.hex };
  if (value instanceof Date) return { " d": textOfDate(value, path) };
  return tagObject(value, path, inside);
}

function tagObject(
  value: object,
  path: string,
  inside: (each: unknown, name: string) => unknown,
): Values {
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype !== null && !Object.hasOwn(prototype, "hasOwnProperty")) {
    throw unfit(path, "an instance of a class that Flask does not know");
  }
  const values: Values = {};
  for (const [key, each] of Object.entries(value)) assign(values, key, inside(each, key));
  const key = tagOf(values, FLASK_TAGS);
  return key === undefined ? values : { " di": { [`${key}__`]: values[key] } };
}

/** Such as `Wed, 01 Jan 2025 00:00:00 GMT`. Python reads years of two or three digits as others. */
function textOfDate(date: Date, path: string): string {
  const text = Number.isNaN(date.getTime()) ? "" : date.toUTCString();
  if (dateOf(text)?.getTime() === date.getTime()) return text;
  throw unfit(
    path,
    "a date that Flask cannot keep: it keeps whole seconds, of the years 1000 to 9999",
  );
}

function dateOf(text: string): Date | undefined {
  const date = new Date(text);
  const isIt = /^\w{3}, \d\d \w{3} [1-9]\d{3} \d\d:\d\d:\d\d GMT$/.test(text);
  return isIt && !Number.isNaN(date.getTime()) && date.toUTCString() === text ? date : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function must<Value>(value: Value | undefined): Value {
  if (value === undefined) throw unfit("", "marked as something that it is not");
  return value;
}

function unfit(path: string, what: string): SessionError {
  return new SessionError(
    "ERR_SESSION_VALUE",
    `taggedJson: ${path === "" ? "the value" : path} is ${what}.`,
  );
}
