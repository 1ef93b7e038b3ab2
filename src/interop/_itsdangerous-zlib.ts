import { concatBytes } from "@noble/hashes/utils.js";
import { deflate, Inflate } from "pako";

/** The bytes of Python's `zlib.compress`. Node's own zlib makes others, which Python would read as well. */
export function compress(bytes: Uint8Array): Uint8Array {
  return deflate(bytes, { legacyHash: true });
}

const CHUNK = 4096;

/**
 * `undefined` for what is no zlib stream, or would be more than `limit` bytes: it stops there, and has made no more
 * than one chunk above the limit by then.
 */
export function decompress(bytes: Uint8Array, limit: number): Uint8Array | undefined {
  // With the width given, a gzip stream is not taken for a zlib one.
  const stream = new Inflate({ windowBits: 15, chunkSize: Math.min(CHUNK, limit + 1) });
  const chunks: Uint8Array[] = [];
  let size = 0;
  stream.onData = (chunk) => {
    size += chunk.length;
    if (size > limit) throw new RangeError("over the limit");
    chunks.push(chunk);
  };
  try {
    if (!stream.push(bytes, true)) return undefined;
  } catch {
    return undefined;
  }
  return concatBytes(...chunks);
}
