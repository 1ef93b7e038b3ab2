import assert from "node:assert/strict";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { pipeline, Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { holdResponse } from "./_node-hold.ts";

/** A save that is done when the test says so. */
interface Held {
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
}

/** Serves one handler whose response is held, and gives the URL. */
async function serve(
  t: TestContext,
  handler: (held: Held) => void | Promise<void>,
  { sync = false, error }: Options = {},
): Promise<string> {
  const server = createServer((_, response) => {
    const asked = Promise.withResolvers<void>();
    const saved = Promise.withResolvers<void>();
    const failures: unknown[] = [];
    holdResponse(response, {
      save() {
        asked.resolve();
        if (sync && error !== undefined) throw error;
        if (sync) {
          response.setHeader("x-saved", "1");
          return undefined;
        }
        return saved.promise.then(() => void response.setHeader("x-saved", "1"));
      },
      fail(reason) {
        failures.push(reason);
        response.statusCode = 503;
        response.end("refused");
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

for (const sync of [true, false]) {
  const how = sync ? "at once" : "later";

  test(`nothing leaves before a save that is done ${how}, and the order is kept`, async (t) => {
    const seen: string[] = [];
    const url = await serve(
      t,
      async ({ response, finish }) => {
        response.writeHead(201, "Made", { "x-own": "1" });
        response.write("one ", () => seen.push("one"));
        response.write(Buffer.from("two "), () => seen.push("two"));
        response.end("three", () => seen.push("three"));
        finish();
      },
      { sync },
    );
    const answer = await fetch(url);
    assert.equal(answer.status, 201);
    // Deno's server sends the usual words whatever it is told.
    assert.equal(answer.statusText, "Deno" in globalThis ? "Created" : "Made");
    assert.equal(answer.headers.get("x-own"), "1");
    assert.equal(answer.headers.get("x-saved"), "1");
    assert.equal(await answer.text(), "one two three");
    assert.deepEqual(seen, ["one", "two", "three"]);
  });

  test(`headers as arrays, in every form that Node takes, saved ${how}`, async (t) => {
    const forms: unknown[] = [
      { "Set-Cookie": ["a=1", "b=2"], "X-One": "1" },
      ["Set-Cookie", "a=1", "Set-Cookie", "b=2", "X-One", "1"],
      [
        ["Set-Cookie", "a=1"],
        ["Set-Cookie", "b=2"],
        ["X-One", "1"],
      ],
    ];
    for (const headers of forms) {
      const url = await serve(
        t,
        ({ response, finish }) => {
          response.setHeader("Set-Cookie", "replaced=1");
          Reflect.apply(response.writeHead, response, [200, headers]);
          response.end();
          finish();
        },
        { sync },
      );
      const answer = await fetch(url);
      assert.deepEqual(answer.headers.getSetCookie(), ["a=1", "b=2"]);
      assert.equal(answer.headers.get("x-one"), "1");
    }
  });

  test(`a save that fails ${how} drops the application's answer, headers included`, async (t) => {
    const error = new Error("down");
    const called: string[] = [];
    const url = await serve(
      t,
      ({ response, finish, failures }) => {
        response.setHeader("content-type", "application/json");
        response.setHeader("location", "/away");
        response.write("{", () => called.push("write"));
        response.end("}", () => {
          called.push("end");
          assert.equal(failures.length <= 1, true);
        });
        finish(error);
      },
      { sync, error },
    );
    const answer = await fetch(url);
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get("location"), null);
    assert.equal(await answer.text(), "refused");
  });

  test(`what is still written after a save that failed ${how} harms nobody`, async (t) => {
    const error = new Error("down");
    const after = Promise.withResolvers<void>();
    const url = await serve(
      t,
      async ({ response, finish }) => {
        response.write("a");
        finish(error);
        await once(response, "finish");
        assert.equal(response.write("late"), true);
        response.writeHead(200);
        await new Promise<void>((resolve) => response.end("late", () => resolve()));
        after.resolve();
      },
      { sync, error },
    );
    assert.equal(await (await fetch(url)).text(), "refused");
    await after.promise;
  });
}

test("while it is held a response behaves as one that was sent", async (t) => {
  const url = await serve(t, async ({ response, asked, finish }) => {
    assert.equal(response.headersSent, false);
    assert.equal(response.write("a"), false, "write asks for patience");
    await asked;
    assert.equal(response.headersSent, true);
    assert.equal(response.writableEnded, false);
    assert.throws(() => response.writeHead(500, { a: "b" }), { code: "ERR_HTTP_HEADERS_SENT" });
    response.end("b");
    assert.equal(response.writableEnded, true);
    assert.equal(response.finished, true);
    finish();
  });
  assert.equal(await (await fetch(url)).text(), "ab");
});

test("a source that waits for drain gets it once the save is done", async (t) => {
  const url = await serve(t, async ({ response, finish }) => {
    assert.equal(response.write("a"), false);
    const drained = once(response, "drain");
    finish();
    await drained;
    response.end("b");
  });
  assert.equal(await (await fetch(url)).text(), "ab");
});

test("a large stream is piped whole, with back-pressure", async (t) => {
  const chunk = "x".repeat(64 * 1024);
  const url = await serve(t, async ({ response, asked, finish }) => {
    Readable.from(Array.from({ length: 64 }, () => chunk)).pipe(response);
    await asked;
    finish();
  });
  assert.equal((await (await fetch(url)).text()).length, 64 * chunk.length);
});

test("a stream that is piped stops where the save failed", async (t) => {
  const source = Readable.from(Array.from({ length: 1000 }, () => "x".repeat(1000)));
  const url = await serve(t, async ({ response, asked, finish }) => {
    source.pipe(response);
    await asked;
    finish(new Error("down"));
  });
  assert.equal(await (await fetch(url)).text(), "refused");
  assert.equal(source.readableEnded, false);
});

test("stream.pipeline, which gives up the response with its source, leaves it to the other answer", async (t) => {
  const sources = {
    long: () => Readable.from(Array.from({ length: 1000 }, () => "x".repeat(1000))),
    short: () => Readable.from(["x"]),
    file: () => createReadStream(fileURLToPath(import.meta.url), { highWaterMark: 64 }),
  };
  for (const [which, source] of Object.entries(sources)) {
    const done = Promise.withResolvers<void>();
    const body = source();
    const url = await serve(t, async ({ response, asked, finish }) => {
      pipeline(body, response, () => done.resolve());
      await asked;
      finish(new Error("down"));
    });
    const answer = await fetch(url);
    assert.deepEqual([answer.status, await answer.text()], [503, "refused"], which);
    await done.promise;
    assert.equal(body.destroyed, true, which);
  }
});

test("flushHeaders waits for the save, and early hints do not", async (t) => {
  const url = await serve(t, async ({ response, asked, finish }) => {
    response.writeEarlyHints({ link: "</style.css>; rel=preload" });
    response.flushHeaders();
    await asked;
    assert.equal(response.headersSent, true);
    finish();
    response.end("done");
  });
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const text = (await socket.setEncoding("latin1").toArray()).join("");
  assert.match(text, /^HTTP\/1\.1 103 Early Hints\r\n/);
  assert.match(text, /\r\n\r\nHTTP\/1\.1 200 OK\r\n[\s\S]*x-saved: 1\r\n/);
});

test("a client that goes while the save is under way leaves nothing behind", async (t) => {
  const closed = Promise.withResolvers<void>();
  const url = await serve(t, async ({ response, asked, finish }) => {
    response.end("nobody reads this");
    await asked;
    await once(response, "close");
    finish();
    closed.resolve();
  });
  const gone = new AbortController();
  const request = fetch(url, { signal: gone.signal }).catch((error: Error) => error.name);
  setTimeout(() => gone.abort(), 20);
  assert.equal(await request, "AbortError");
  await closed.promise;
});

test("requests in a row on one connection are answered in their order", async (t) => {
  let count = 0;
  const url = await serve(t, ({ response, finish }) => {
    count += 1;
    const number = count;
    response.end(`answer ${number};`);
    setTimeout(() => finish(), 20 / number);
  });
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  const request = "GET / HTTP/1.1\r\nHost: localhost\r\n";
  socket.write(`${request}\r\n${request}\r\n${request}Connection: close\r\n\r\n`);
  const text = (await socket.setEncoding("latin1").toArray()).join("");
  assert.deepEqual(text.match(/answer \d/g), ["answer 1", "answer 2", "answer 3"]);
});
