import type { Values } from "../core/json.ts";

/** The keys by which Flask marks what JSON has no form for: an object with one of them, and nothing else, is no object. */
export const FLASK_TAGS: readonly string[] = [" di", " t", " b", " m", " u", " d"];

/**
 * What the text of a session begins with that `taggedJson` wrote, in which what looks like a tag is one. JSON allows
 * white space there, and `JSON.stringify` never writes any. Without it, what looks like a tag may be what a visitor sent:
 * as a tag it would be markup that Flask does not escape.
 */
export const TAGGED = "\t";

interface TaggedValue {
  readonly path: string;
  readonly text: string;
}

/** The key that marks an object as something else. */
export function tagOf(values: object, tags: readonly string[]): string | undefined {
  const [first = "", ...more] = Object.keys(values);
  return more.length === 0 && tags.includes(first) ? first : undefined;
}

/** Everything below the session itself that is tagged, with all that is in it. */
export function* taggedValues(values: Values, tags: readonly string[]): Generator<TaggedValue> {
  for (const [key, value] of Object.entries(values)) yield* taggedIn(value, key, tags);
}

function* taggedIn(value: unknown, path: string, tags: readonly string[]): Generator<TaggedValue> {
  if (typeof value !== "object" || value === null) return;
  const isList = Array.isArray(value);
  if (!isList && tagOf(value, tags) !== undefined) {
    yield { path, text: JSON.stringify(value) };
    return;
  }
  for (const [key, each] of Object.entries(value)) {
    yield* taggedIn(each, `${path}[${isList ? key : JSON.stringify(key)}]`, tags);
  }
}
