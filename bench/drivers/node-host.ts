import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { type Answer, HEADERS, type Host, type Listener, type Path } from "./host.ts";

/** A connection that leads nowhere. What is written to it is kept where somebody wants to see it. */
class Sink extends Socket {
  kept: Buffer[] | undefined;

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: () => void): void {
    this.kept?.push(typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk);
    done();
  }

  override _writev(
    chunks: { chunk: Buffer | string; encoding: BufferEncoding }[],
    done: () => void,
  ): void {
    for (const { chunk, encoding } of chunks) {
      this.kept?.push(typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk);
    }
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    done(error);
  }
}

/** Connections that are free: making one is no part of what a session costs. */
const free: Sink[] = [];

/** Asks a listener with the request and response classes of `node:http`, on a connection that leads nowhere. */
export function nodeHost(listener: Listener, close?: () => Promise<void>): Host {
  return {
    listener,
    ...(close && { close }),
    async send(path, cookie) {
      const sink = free.pop() ?? new Sink();
      await exchange(listener, sink, path, cookie);
      free.push(sink);
    },
    async ask(path, cookie) {
      const sink = new Sink();
      sink.kept = [];
      await exchange(listener, sink, path, cookie);
      return parse(Buffer.concat(sink.kept).toString("latin1"));
    },
  };
}

function exchange(
  listener: Listener,
  sink: Sink,
  path: Path,
  cookie: string | undefined,
): Promise<void> {
  const request = new IncomingMessage(sink);
  request.method = "GET";
  request.url = path;
  request.httpVersion = "1.1";
  request.httpVersionMajor = 1;
  request.httpVersionMinor = 1;
  request.headers = cookie === undefined ? { ...HEADERS } : { ...HEADERS, cookie };
  request.rawHeaders = Object.entries(request.headers).flatMap(([name, value]) => [
    name,
    String(value),
  ]);
  request.complete = true;
  request.push(null);
  const response = new ServerResponse(request);
  response.assignSocket(sink);
  return new Promise((resolve) => {
    response.once("finish", () => {
      response.detachSocket(sink);
      resolve();
    });
    listener(request, response);
  });
}

function parse(text: string): Answer {
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const [first = "", ...lines] = head.split("\r\n");
  const setCookies = lines.flatMap((line) => {
    const [, value] = /^set-cookie: (.*)$/i.exec(line) ?? [];
    return value === undefined ? [] : [value];
  });
  const isChunked = lines.some((line) => /^transfer-encoding: chunked$/i.test(line));
  const body = rest.join("\r\n\r\n");
  return {
    status: Number(first.split(" ")[1]),
    setCookies,
    body: isChunked ? (body.split("\r\n")[1] ?? "") : body,
  };
}
