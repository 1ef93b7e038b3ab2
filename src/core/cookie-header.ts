import { MOST_CANDIDATES } from "./transport.ts";

/** Servers accept about as much; a longer header carries no session. */
const LONGEST_HEADER = 16_384;

/**
 * The values of all cookies of exactly this name, in order, each spelling once, `most` at most (RFC 6265bis 4.2).
 * Only spaces and tabs around a name or value are dropped; nothing is decoded, unquoted or compared loosely, so
 * that a look-alike is never taken for the cookie, nor hides it.
 */
export function readCookies(
  header: string | null,
  name: string,
  most: number = MOST_CANDIDATES,
): readonly string[] {
  if (header === null || header.length > LONGEST_HEADER || !header.includes(name)) return [];
  const values: string[] = [];
  for (const pair of header.split(";")) {
    const equals = pair.indexOf("=");
    if (equals < 0 || trim(pair.slice(0, equals)) !== name) continue;
    const value = trim(pair.slice(equals + 1));
    if (!values.includes(value)) values.push(value);
    if (values.length === most) break;
  }
  return values;
}

/** In linear time, which a regular expression that is anchored at the end alone does not promise. */
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text, start)) start += 1;
  while (end > start && isBlank(text, end - 1)) end -= 1;
  return text.slice(start, end);
}

function isBlank(text: string, at: number): boolean {
  return text[at] === " " || text[at] === "\t";
}
