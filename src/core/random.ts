/** Returns `length` fresh bytes from a cryptographically secure source. */
export type Random = (length: number) => Uint8Array;

const POOL_SIZE = 4096;
let pool = new Uint8Array(0);
let used = 0;

/** The platform's CSPRNG, asked for 4096 bytes at a time: one call costs more than the bytes do. */
export const systemRandom: Random = (length) => {
  if (length > POOL_SIZE) return crypto.getRandomValues(new Uint8Array(length));
  if (used + length > pool.length) {
    pool = crypto.getRandomValues(new Uint8Array(POOL_SIZE));
    used = 0;
  }
  const bytes = pool.slice(used, used + length);
  // What was handed out must not stay behind in memory.
  pool.fill(0, used, used + length);
  used += length;
  return bytes;
};
