import { readCookies } from "./cookie-header.ts";
import { MOST_CANDIDATES } from "./transport.ts";

/** In how many cookies a token may travel that is too long for one. */
export type ChunkCount = 1 | 2 | 3;

/** Name and value together, in octets: browsers ignore a longer cookie (RFC 6265bis 5.6). */
const LONGEST_COOKIE = 4096;

/**
 * Names and values of all chunks. nginx and Apache refuse a request with a header line of more than 8 KiB, unless they
 * are told otherwise. What is left of that is for what stands between the cookies, for the note of use, and for a small
 * cookie of the application.
 */
const LONGEST_IN_ALL = 8000;

/** Counted as if there were three, so that a session outlives a change from two to three. */
const MOST_CHUNKS = 3;

/** So many cookies of one chunk's name are looked at. Those of a length that the first does not go with hide nothing. */
const MOST_PARTS = 100;

/** Behind a digit: how a first chunk tells that others follow, and how many there are in all. No token begins like that. */
const MARK = "~";

/** What a chunk has beside the cookie's name and its part of the token: the first a mark, the others a number. */
const CHUNK_OVERHEAD = 2;

/** The longest token that so many cookies of this name carry, in characters. */
export function longestToken(name: string, chunks: ChunkCount): number {
  return chunks === 1
    ? LONGEST_COOKIE - name.length
    : LONGEST_IN_ALL - MOST_CHUNKS * (name.length + CHUNK_OVERHEAD);
}

/** The names of the cookies that may stand beside the first. */
export function chunkNames(name: string): readonly string[] {
  return Array.from({ length: MOST_CHUNKS - 1 }, (_, index) => `${name}.${index + 1}`);
}

/** The values of the cookies that carry a token: the first goes under the name, the others under `chunkNames`. */
export function toChunks(token: string, name: string, chunks: ChunkCount): readonly string[] {
  if (chunks === 1 || token.length <= longestToken(name, 1)) return [token];
  const [first, ...others] = split(token, chunks);
  return [`${chunks}${MARK}${first}`, ...others];
}

/** The tokens that a Cookie header carries under the name: four at most, each once, and none that was not put together. */
export function readTokens(
  header: string | null,
  name: string,
  chunks: ChunkCount,
): readonly string[] {
  const values = readCookies(header, name);
  if (values.every(isWhole)) return values;
  // Whole tokens come first: planted chunks must not hide one.
  const tokens = new Set(values.filter(isWhole));
  const others = chunkNames(name)
    .slice(0, chunks - 1)
    .map((each) => readCookies(header, each, MOST_PARTS));
  for (const value of values) {
    const count = countOf(value);
    if (count === 1 || count > chunks) continue;
    const first = value.slice(CHUNK_OVERHEAD);
    const choices = others.slice(0, count - 1).map((parts, index) => {
      // Even parts: only the last may be shorter, by less than there are parts.
      const shortest = first.length - (index === count - 2 ? count - 1 : 0);
      return parts.filter(({ length }) => length >= shortest && length <= first.length);
    });
    // Counted before they are made: a flood of parts must not cost anything.
    const ways = choices.reduce((product, { length }) => product * length, 1);
    if (tokens.size + ways > MOST_CANDIDATES) continue;
    for (const parts of combinations([[first], ...choices])) {
      const token = join(parts, name, chunks);
      if (token !== undefined) tokens.add(token);
    }
  }
  return [...tokens];
}

function isWhole(value: string): boolean {
  return countOf(value) === 1;
}

function countOf(value: string): number {
  if (value[1] !== MARK) return 1;
  return value[0] === "2" ? 2 : value[0] === "3" ? 3 : 1;
}

function combinations(choices: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return choices.reduce<readonly (readonly string[])[]>(
    (starts, next) => starts.flatMap((start) => next.map((part) => [...start, part])),
    [[]],
  );
}

/** Only what `toChunks` makes: a token has one spelling, also in chunks. */
function join(parts: readonly string[], name: string, chunks: ChunkCount): string | undefined {
  const token = parts.join("");
  if (token.length <= longestToken(name, 1) || token.length > longestToken(name, chunks)) {
    return undefined;
  }
  return split(token, parts.length).every((part, index) => part === parts[index])
    ? token
    : undefined;
}

/** Even parts, so that none is as long as a cookie can be. */
function split(token: string, count: number): readonly string[] {
  const length = Math.ceil(token.length / count);
  return Array.from({ length: count }, (_, index) =>
    token.slice(index * length, (index + 1) * length),
  );
}
