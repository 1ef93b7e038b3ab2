import { assign, type Values } from "./json.ts";

/** A string, and the colon behind it if it is a key. */
const STRING = /"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:)?/g;

/**
 * `JSON.parse`, but right about keys with escapes. The one of V8 12.8 and newer may take such a key for another that it
 * has parsed before, whoever's it was: after `{"\\":1}` it reads `{"\n":1}` as `{"\\":1}`.
 *
 * @see https://github.com/nodejs/node/issues/63785
 */
export function parseJson(text: string): unknown {
  if (!text.includes("\\")) return JSON.parse(text);
  let hasEscapedKey = false;
  const plain = text.replace(STRING, (string, content: string, colon: string | undefined) => {
    if (colon === undefined) return string;
    hasEscapedKey ||= content.includes("\\");
    return `"${encodeURIComponent(content)}"${colon}`;
  });
  return hasEscapedKey ? decodeKeys(JSON.parse(plain)) : JSON.parse(text);
}

function decodeKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(decodeKeys);
  const decoded: Values = {};
  for (const [key, each] of Object.entries(value)) {
    // The bug is in keys alone: a string by itself is read right.
    assign(decoded, JSON.parse(`"${decodeURIComponent(key)}"`), decodeKeys(each));
  }
  return decoded;
}
