import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import { SessionError } from "../core/errors.ts";
import { nodeResponse } from "./_node.ts";
import {
  appear,
  callbackOf,
  callDropped,
  type Originals,
  type PipedSources,
  watch,
} from "./_node-response.ts";
import { addHeaders } from "./_refusal.ts";

/** An answer that must not be sent, and the one that takes its place. */
export interface Failure {
  readonly original: Originals;
  /** The headers that the other answer begins with. */
  readonly headers: OutgoingHttpHeaders;
  readonly sources: PipedSources;
  readonly error: unknown;
  /** Answers, at once or later. */
  fail(error: unknown): void;
}

/** What described the content that is not sent. */
const OF_CONTENT = ["content-length", "content-encoding", "transfer-encoding", "etag", "trailer"];

/**
 * Drops what the application has written and still writes, and lets another answer take its place, which is never a
 * success. The two are told apart by this: only the other one sets headers or the status, because the application's
 * have, for all it knows, been sent.
 */
export function giveWay(response: ServerResponse, failure: Failure): void {
  const { original, headers, sources, error, fail } = failure;
  const status = error instanceof SessionError ? error.status : 500;
  /** Whether the application may still be in the middle of its answer. */
  let dropping = true;
  /** Whether the other answer has begun: a header or the status was set. */
  let begun = false;
  /** Whether it is being given at this moment. */
  let failing = false;
  sources.release();

  // Set on the response itself, because wrappers around it believe that it has ended.
  response.write = function write(...args: unknown[]): boolean {
    if (!(begun || failing) || response.writableEnded) return callDropped(args, true);
    return Reflect.apply(original.write, response, args) as boolean;
  } as ServerResponse["write"];

  response.end = function end(...args: unknown[]): ServerResponse {
    if (dropping || response.writableEnded) return callDropped(args, response);
    // Without a header before it, it may be the application's: an empty answer is better than that one, and than none.
    const given = begun || failing ? args : [callbackOf(args)];
    return Reflect.apply(original.end, response, given) as ServerResponse;
  } as ServerResponse["end"];

  response.writeHead = function writeHead(code: number, ...rest: unknown[]): ServerResponse {
    if (dropping || response.headersSent) return response;
    begun = true;
    const final = code < 300 ? status : code;
    return Reflect.apply(original.writeHead, response, [final, ...rest]) as ServerResponse;
  } as ServerResponse["writeHead"];

  response.flushHeaders = function flushHeaders(): void {
    if (begun || failing) original.flushHeaders.call(response);
  };

  response.setHeader = function setHeader(...args: Parameters<Originals["setHeader"]>) {
    if (dropping) return response;
    begun = true;
    return original.setHeader.apply(response, args);
  } as ServerResponse["setHeader"];

  response.destroy = function destroy(reason?: Error): ServerResponse {
    // stream.pipeline, which has lost the source that was taken from it, gives up the response, too.
    if (reason !== undefined && "code" in reason && reason.code === "ERR_STREAM_PREMATURE_CLOSE") {
      return response;
    }
    return original.destroy.call(response, reason) as ServerResponse;
  } as ServerResponse["destroy"];

  appear(response, "headersSent", () => dropping);
  appear(response, "writableEnded", () => dropping);
  appear(response, "finished", () => dropping);

  // Once the application is done with its own answer, as far as it does not wait for anything.
  setImmediate(() => {
    dropping = false;
    prepare(response, headers, status, error);
    watch(response, "statusCode", {
      assigned: () => {
        begun = true;
      },
    });
    begun = false;
    failing = true;
    fail(error);
    failing = false;
  });
}

function prepare(
  response: ServerResponse,
  headers: OutgoingHttpHeaders,
  status: number,
  error: unknown,
): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !OF_CONTENT.includes(name)) response.setHeader(name, value);
  }
  if (error instanceof SessionError) addHeaders(nodeResponse(response), error);
  response.statusCode = status;
  // The words of the answer that is dropped; HTTP/2 has none, and warns.
  if (response.req.httpVersionMajor < 2) response.statusMessage = "";
}
