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
  let values: string[] = [];
  for (let start = 0; start < header.length && values.length < most; ) {
    const semicolon = header.indexOf(";", start);
    const end = semicolon < 0 ? header.length : semicolon;
    const from = startOfValue(header, name, start, end);
    if (from !== undefined) {
      const value = header.slice(from, endOfValue(header, from, end));
      // A list that grows has room for many at once, and nearly every request has one.
      if (values.length === 0) values = [value];
      else if (!values.includes(value)) values.push(value);
    }
    start = end + 1;
  }
  return values;
}

/** `undefined` where the pair has another name. A name has no `=` and no `;` in it. */
function startOfValue(
  header: string,
  name: string,
  start: number,
  end: number,
): number | undefined {
  const nameAt = skipBlanks(header, start, end);
  if (!header.startsWith(name, nameAt)) return undefined;
  const equals = skipBlanks(header, nameAt + name.length, end);
  return header[equals] === "=" ? skipBlanks(header, equals + 1, end) : undefined;
}

// In linear time, which a regular expression that is anchored at the end alone does not promise.

function endOfValue(header: string, from: number, end: number): number {
  let last = end;
  while (last > from && isBlank(header, last - 1)) last -= 1;
  return last;
}

function skipBlanks(header: string, from: number, end: number): number {
  let at = from;
  while (at < end && isBlank(header, at)) at += 1;
  return at;
}

function isBlank(text: string, at: number): boolean {
  return text[at] === " " || text[at] === "\t";
}
