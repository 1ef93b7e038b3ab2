import type { ServerResponse } from "node:http";
import { type HeadersBefore, headersOf } from "./_node-headers.ts";
import { type BeforeHeaders, HeldAnswer } from "./_node-held-answer.ts";
import { wrap } from "./_node-methods.ts";
import { watchSources } from "./_node-sources.ts";

export type { BeforeHeaders } from "./_node-held-answer.ts";

/** Where a response keeps what is held back of it. */
const HELD: unique symbol = Symbol("keepsake.held");

interface HeldResponse extends ServerResponse {
  [HELD]?: HeldAnswer;
}

/** A response, seen from the methods that are put on it. */
interface Methods {
  readonly [HELD]: HeldAnswer;
}

/**
 * Holds back what an application writes until the session is saved, in the order in which it was written. The
 * application sees a response that behaves as if nothing were held: from the moment it has begun, its head counts as
 * sent; `write` asks for patience by `false` and `drain`; callbacks are called when their write is done.
 *
 * @param headers Those that another answer begins with, if the session cannot be saved.
 */
export function holdResponse(
  response: HeldResponse,
  before: BeforeHeaders,
  headers: HeadersBefore = headersOf(response),
): void {
  const held = new HeldAnswer(response, before, headers);
  if (response[HELD] !== undefined) {
    putOn(response, held);
    return;
  }
  watchSources(response);
  response[HELD] = held;
  response.writeHead = writeHead as ServerResponse["writeHead"];
  response.flushHeaders = flushHeaders;
  response.write = write as ServerResponse["write"];
  response.end = end as ServerResponse["end"];
  response.destroy = destroy as ServerResponse["destroy"];
  response.addTrailers = addTrailers;
  if ("setTrailer" in response) holdTrailer(response, held);
}

// The same functions for all responses: functions of its own would be most of what a response costs.

function writeHead(this: Methods, ...args: unknown[]): ServerResponse {
  return this[HELD].writeHead(args);
}

function flushHeaders(this: Methods): void {
  this[HELD].flushHeaders();
}

function write(this: Methods, ...args: unknown[]): boolean {
  return this[HELD].write(args);
}

function end(this: Methods, ...args: unknown[]): ServerResponse {
  return this[HELD].end(args);
}

function destroy(this: Methods, reason?: Error): ServerResponse {
  return this[HELD].destroy(reason);
}

function addTrailers(this: Methods, ...args: unknown[]): void {
  this[HELD].addTrailers(args);
}

/** For a second kind of session on one response, whose methods must not find what is held for the first. */
function putOn(response: ServerResponse, held: HeldAnswer): void {
  for (const name of ["writeHead", "flushHeaders", "write", "end", "addTrailers"] as const) {
    Reflect.set(response, name, (...args: unknown[]) => held[name](args));
  }
  response.destroy = (reason) => held.destroy(reason);
  holdTrailer(response, held);
}

/** HTTP/2 has a method for one trailer, too. */
function holdTrailer(response: ServerResponse, held: HeldAnswer): void {
  wrap(response, "setTrailer", (call, args) => held.setTrailers((...each) => call(each), args));
}
