import type { ServerResponse } from "node:http";
import { SessionError } from "../core/errors.ts";
import { isHttp2, nodeResponse } from "./_node.ts";
import type { HeadersBefore } from "./_node-headers.ts";
import { addHeaders, PLAIN_TEXT, refusalText, statusOf } from "./_refusal.ts";

export function textOf(error: unknown): string {
  return error instanceof SessionError ? refusalText(error) : "Internal Server Error";
}

/** What nobody else is told of. A client's bad request is not worth a line, because any client can cause it. */
export function report(error: unknown): void {
  // biome-ignore lint/suspicious/noConsole: as the error handlers of frameworks do, where nobody set another
  if (statusOf(error) >= 500) console.error(error);
}

/** What described the content that is not sent. */
const OF_CONTENT = ["content-length", "content-encoding", "transfer-encoding", "etag", "trailer"];

/** Takes back what a handler has set on its response, which is not sent, for another answer that is no success. */
export function beginAgain(response: ServerResponse, before: HeadersBefore, error: unknown): void {
  // Something else has answered already: it is too late for another answer.
  if (response.headersSent) return;
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  for (const [name, value] of before) {
    if (!OF_CONTENT.includes(name)) response.setHeader(name, value);
  }
  addHeaders(nodeResponse(response), error);
  response.statusCode = statusOf(error);
  // HTTP/2 has no such words, and warns.
  if (!isHttp2(response)) response.statusMessage = "";
}

/** Ends half an answer so that nobody takes it for a whole one. */
export function cutOff(response: ServerResponse): void {
  // Without an error HTTP/2 would close the stream as it does after the last byte. Nobody else is told of it.
  if (isHttp2(response)) response.destroy(new Error("The answer is cut off."));
  else response.destroy();
}

/** The answer to an error where the application has none; half an answer is cut off, so that it is not taken for whole. */
export function answerPlainly(response: ServerResponse, error: unknown): void {
  report(error);
  if (response.headersSent) {
    if (!response.writableEnded) cutOff(response);
    return;
  }
  answerInOneLine(response, error);
}

/** The status that fits, and nothing about how the server is built. */
export function answerInOneLine(response: ServerResponse, error: unknown): void {
  response.statusCode = statusOf(error);
  response.setHeader("content-type", PLAIN_TEXT);
  response.end(textOf(error));
}
