import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { test } from "node:test";
import { serve } from "./_node-hold-kit.test.ts";
import { get } from "./express-kit.test.ts";

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
    const answer = await get(url);
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
      const answer = await get(url);
      assert.deepEqual(answer.headers.getSetCookie(), ["a=1", "b=2"]);
      assert.equal(answer.headers.get("x-one"), "1");
    }
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
  assert.equal(await (await get(url)).text(), "ab");
});

const changesHead: Record<string, (response: ServerResponse) => unknown> = {
  setHeader: (response) => response.setHeader("x-late", "1"),
  setHeaders: (response) => response.setHeaders(new Headers({ "x-late": "1" })),
  appendHeader: (response) => response.appendHeader("x-late", "1"),
  removeHeader: (response) => response.removeHeader("x-own"),
  writeHead: (response) => response.writeHead(500),
  "writeHead with headers": (response) => response.writeHead(200, { "x-late": "1" }),
  writeEarlyHints: (response) => response.writeEarlyHints({ link: "</a.css>; rel=preload" }),
};

const beginsHead: Record<string, (response: ServerResponse) => unknown> = {
  write: (response) => response.write("a"),
  end: (response) => response.end(),
  flushHeaders: (response) => response.flushHeaders(),
  writeHead: (response) => response.writeHead(200),
};

for (const [what, change] of Object.entries(changesHead)) {
  for (const [how, begin] of Object.entries(beginsHead)) {
    test(`while it is held the head is as good as sent: ${what} after ${how}`, async (t) => {
      const url = await serve(t, async ({ response, finish }) => {
        response.setHeader("x-own", "1");
        begin(response);
        assert.throws(() => change(response), { code: "ERR_HTTP_HEADERS_SENT" });
        finish();
        response.end();
      });
      const answer = await get(url);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get("x-own"), "1");
      assert.equal(answer.headers.get("x-late"), null);
      assert.equal(answer.headers.get("x-saved"), "1", "the save has still to change it");
    });
  }
}

test("while it is held a status counts for nothing", async (t) => {
  const url = await serve(t, ({ response, finish }) => {
    response.write("a");
    response.statusCode = 500;
    response.statusMessage = "Late";
    response.end();
    finish();
  });
  const answer = await get(url);
  assert.deepEqual([answer.status, answer.statusText], [200, "OK"]);
});

test("what is written after the end is the error that it is in Node", async (t) => {
  const codes: unknown[] = [];
  const url = await serve(t, ({ response, finish }) => {
    response.on("error", (error: NodeJS.ErrnoException) => codes.push(error.code));
    response.end("one");
    response.end("two");
    response.write("three");
    finish();
  });
  assert.equal(await (await get(url)).text(), "one");
  assert.deepEqual(codes, ["ERR_STREAM_WRITE_AFTER_END", "ERR_STREAM_WRITE_AFTER_END"]);
});

test("what is written before the answer is cut off arrives, and nothing after", async (t) => {
  const url = await serve(t, ({ response, asked, finish }) => {
    response.write("half ");
    response.destroy();
    response.write("more");
    response.end("whole");
    void asked.then(() => finish());
  });
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  // By hand, because a client may throw away what it has of an answer that breaks off.
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk) => {
    text += chunk;
  });
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("close", resolve));
  assert.match(text, /\r\nx-saved: 1\r\n/i);
  assert.match(text, /\r\n\r\n5\r\nhalf \r\n$/);
});

for (const sync of [true, false]) {
  test(`who waits for a write goes on, also where the save fails ${sync ? "at once" : "later"}`, async (t) => {
    const written = Promise.withResolvers<void>();
    const url = await serve(
      t,
      async ({ response, finish }) => {
        const first = new Promise<void>((resolve) => response.write("a", () => resolve()));
        finish(new Error("down"));
        await first;
        response.end("b", () => written.resolve());
      },
      { sync, error: new Error("down") },
    );
    const answer = await get(url);
    assert.deepEqual([answer.status, await answer.text()], [503, "refused"]);
    await written.promise;
  });
}

test("trailers follow the answer", async (t) => {
  const url = await serve(t, ({ response, finish }) => {
    response.setHeader("trailer", "x-before, x-after");
    response.write("a");
    response.addTrailers({ "x-after": "2" });
    response.end();
    finish();
  });
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const text = (await socket.setEncoding("latin1").toArray()).join("");
  assert.match(text, /\r\n1\r\na\r\n0\r\nx-after: 2\r\n\r\n$/);
});

test("a listener for drain that was taken off is not called", async (t) => {
  const called: string[] = [];
  const url = await serve(t, async ({ response, finish }) => {
    const [off, offOnce, once1, on] = ["off", "offOnce", "once", "on"].map(
      (name) => () => void called.push(name),
    ) as [() => void, () => void, () => void, () => void];
    response.write("a");
    response.on("drain", off).off("drain", off);
    response.once("drain", offOnce).removeListener("drain", offOnce);
    response.once("drain", once1);
    response.on("drain", on);
    finish();
    await once(response, "drain");
    response.emit("drain");
    response.end();
  });
  await (await get(url)).text();
  assert.deepEqual(called, ["once", "on", "on"]);
});

test("a source that waits for drain gets it once the save is done", async (t) => {
  const url = await serve(t, async ({ response, finish }) => {
    assert.equal(response.write("a"), false);
    const drained = once(response, "drain");
    finish();
    await drained;
    response.end("b");
  });
  assert.equal(await (await get(url)).text(), "ab");
});

test("a large stream is piped whole, with back-pressure", async (t) => {
  const chunk = "x".repeat(64 * 1024);
  const url = await serve(t, async ({ response, asked, finish }) => {
    Readable.from(Array.from({ length: 64 }, () => chunk)).pipe(response);
    await asked;
    finish();
  });
  assert.equal((await (await get(url)).text()).length, 64 * chunk.length);
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
  const saving = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const url = await serve(t, async ({ response, asked, finish }) => {
    const closing = once(response, "close");
    response.end("nobody reads this");
    await asked;
    saving.resolve();
    await closing;
    finish();
    closed.resolve();
  });
  const gone = new AbortController();
  const request = fetch(url, { signal: gone.signal }).catch((error: Error) => error.name);
  await saving.promise;
  gone.abort();
  assert.equal(await request, "AbortError");
  await closed.promise;
});

test("requests in a row on one connection are answered in their order", async (t) => {
  const waiting: (() => void)[] = [];
  const url = await serve(t, ({ response, finish }) => {
    response.end(`answer ${waiting.length + 1};`);
    waiting.unshift(finish);
    // The last one first.
    if (waiting.length === 3) for (const each of waiting) each();
  });
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  const request = "GET / HTTP/1.1\r\nHost: localhost\r\n";
  socket.write(`${request}\r\n${request}\r\n${request}Connection: close\r\n\r\n`);
  const text = (await socket.setEncoding("latin1").toArray()).join("");
  assert.deepEqual(text.match(/answer \d/g), ["answer 1", "answer 2", "answer 3"]);
});
