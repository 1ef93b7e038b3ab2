import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";

/** Where a response keeps the streams that are piped into it. */
const SOURCES: unique symbol = Symbol("keepsake.sources");

interface Piped extends ServerResponse {
  [SOURCES]?: Set<Readable>;
}

/** Keeps the streams in mind that are piped into a response, for `releaseSources`. */
export function watchSources(response: ServerResponse): void {
  response.on("pipe", addSource);
}

function addSource(this: Piped, source: Readable): void {
  if (this[SOURCES] === undefined) {
    this[SOURCES] = new Set();
    this.on("unpipe", deleteSource);
  }
  this[SOURCES].add(source);
}

function deleteSource(this: Piped, source: Readable): void {
  this[SOURCES]?.delete(source);
}

/**
 * Takes the streams that are piped into a response off it, and ends those that nobody else reads: a file would stay open
 * for ever.
 *
 * @returns Whether there were any.
 */
export function releaseSources(response: Piped): boolean {
  const sources = [...(response[SOURCES] ?? [])];
  for (const source of sources) {
    source.unpipe(response);
    if (source.listenerCount("data") === 0) source.destroy();
  }
  return sources.length > 0;
}
