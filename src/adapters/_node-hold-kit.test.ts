import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { holdResponse } from "./_node-hold.ts";

// Shared by tests of responses that are held back; it has none of its own.

/** A save that is done when the test says so. */
export interface Held {
  readonly response: ServerResponse;
  /** Resolves when the response asked for the save. */
  readonly asked: Promise<void>;
  /** Ends the save, with an error if there is one. */
  finish(error?: Error): void;
  readonly failures: unknown[];
}

interface Options {
  /** Whether the save needs no waiting; `finish` is then without effect. */
  readonly sync?: boolean;
  readonly error?: Error;
  /** Whether the request has not used its session. */
  readonly unused?: boolean;
  /** Answers a save that failed. Default: at once, with 503 and "refused". */
  readonly fail?: (response: ServerResponse) => unknown;
}

/** Serves one handler whose response is held, and gives the URL. */
export async function serve(
  t: TestContext,
  handler: (held: Held) => void | Promise<void>,
  { sync = false, error, unused = false, fail = refuse }: Options = {},
): Promise<string> {
  const server = createServer((_, response) => {
    const asked = Promise.withResolvers<void>();
    const saved = Promise.withResolvers<void>();
    const failures: unknown[] = [];
    holdResponse(response, {
      closeUnused: () => unused,
      save(leaving) {
        asked.resolve();
        if (sync && error !== undefined) throw error;
        if (sync) {
          leaving.headers.set("x-saved", "1");
          return undefined;
        }
        return saved.promise.then(() => leaving.headers.set("x-saved", "1"));
      },
      saveUnanswered: () => undefined,
      fail(reason) {
        failures.push(reason);
        fail(response);
      },
    });
    void handler({
      response,
      asked: asked.promise,
      finish: (reason) => (reason === undefined || sync ? saved.resolve() : saved.reject(reason)),
      failures,
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function refuse(response: ServerResponse): void {
  response.statusCode = 503;
  response.end("refused");
}
