import assert from "node:assert/strict";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { serve } from "./_node-hold-kit.test.ts";
import { get } from "./express-kit.test.ts";
import { sendRaw } from "./node-kit.test.ts";

for (const sync of [true, false]) {
  const how = sync ? "at once" : "later";

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
    const answer = await get(url);
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
    assert.equal(await (await get(url)).text(), "refused");
    await after.promise;
  });
}

test("a stream that is piped stops where the save failed", async (t) => {
  const source = Readable.from(Array.from({ length: 1000 }, () => "x".repeat(1000)));
  const url = await serve(t, async ({ response, asked, finish }) => {
    source.pipe(response);
    await asked;
    finish(new Error("down"));
  });
  assert.equal(await (await get(url)).text(), "refused");
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
    const answer = await get(url);
    assert.deepEqual([answer.status, await answer.text()], [503, "refused"], which);
    await done.promise;
    assert.equal(body.destroyed, true, which);
  }
});

const down = new Error("down");
const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

test("what the application goes on with is told from the other answer, which takes its time", async (t) => {
  const done = Promise.withResolvers<void>();
  const url = await serve(
    t,
    async ({ response, finish }) => {
      response.write("SECRET 1");
      finish(down);
      for (let times = 0; times < 10; times += 1) {
        await tick();
        response.statusCode = 200;
        response.setHeader("x-success", "1");
        response.appendHeader("x-success", "2");
        response.writeHead(200, { "x-success": "3" });
        response.flushHeaders();
        response.write("SECRET 2");
      }
      response.end("SUCCESS");
      done.resolve();
    },
    {
      async fail(response) {
        response.statusCode = 502;
        response.setHeader("x-error", "1");
        await tick();
        response.write("sor");
        await done.promise;
        await tick();
        response.end("ry");
      },
    },
  );
  const answer = await get(url);
  assert.deepEqual([answer.status, await answer.text()], [502, "sorry"]);
  assert.equal(answer.headers.get("x-error"), "1");
  assert.equal(answer.headers.get("x-success"), null);
});

test("an answer that is not begun at once is told from the application's, too", async (t) => {
  const url = await serve(
    t,
    async ({ response, finish }) => {
      response.write("SECRET");
      finish(down);
      await tick();
      await tick();
      response.end("SUCCESS");
    },
    {
      async fail(response) {
        for (let times = 0; times < 5; times += 1) await tick();
        response.statusCode = 503;
        response.end("sorry");
      },
    },
  );
  assert.equal(await (await get(url)).text(), "sorry");
});

test("a long page of the other answer is piped whole, and what waits for drain adds nothing to it", async (t) => {
  const chunk = "x".repeat(64 * 1024);
  const url = await serve(
    t,
    async ({ response, asked, finish }) => {
      response.on("drain", () => response.write("SECRET"));
      response.write("SECRET");
      await asked;
      finish(down);
    },
    {
      fail(response) {
        response.statusCode = 503;
        Readable.from(Array.from({ length: 64 }, () => chunk)).pipe(response);
      },
    },
  );
  const text = await (await get(url)).text();
  assert.equal(text.length, 64 * chunk.length);
  assert.doesNotMatch(text, /SECRET/);
});

test("the other answer waits for an event wherever that comes from, and takes its listeners off", async (t) => {
  const called: string[] = [];
  const { ask } = newQueue();
  const url = await serve(
    t,
    ({ response, finish }) => {
      response.end("SECRET");
      finish(down);
    },
    {
      fail(response) {
        const taken = () => void called.push("taken off");
        response.statusCode = 503;
        response.on("drain", taken).off("drain", taken);
        response.once("drain", () => response.end("sorry"));
        ask(() => response.emit("drain"));
      },
    },
  );
  const answer = await get(url);
  assert.deepEqual([answer.status, await answer.text(), called], [503, "sorry", []]);
});

test("whoever waits for drain goes on, and comes to an end", async (t) => {
  for (const sync of [true, false]) {
    const ended = Promise.withResolvers<boolean>();
    const url = await serve(
      t,
      async ({ response, finish }) => {
        finish(down);
        try {
          if (!response.write("a")) await once(response, "drain");
          response.end("b");
        } finally {
          ended.resolve(true);
        }
      },
      { sync, error: down },
    );
    assert.equal(await (await get(url)).text(), "refused");
    assert.equal(await ended.promise, true);
  }
});

test("the other answer may have trailers, be flushed, and be cut off", async (t) => {
  for (const cuts of [false, true]) {
    const flushed = Promise.withResolvers<boolean>();
    const url = await serve(
      t,
      ({ response, finish }) => {
        response.end("SECRET");
        finish(down);
      },
      {
        async fail(response) {
          response.statusCode = 503;
          response.setHeader("trailer", "x-trailer");
          response.flushHeaders();
          flushed.resolve(response.headersSent);
          response.write("sorry");
          response.addTrailers({ "x-trailer": "1" });
          await tick();
          if (cuts) response.destroy();
          else response.end();
        },
      },
    );
    const text = await sendRaw(t, url, "GET /");
    assert.equal(await flushed.promise, true);
    assert.match(text, cuts ? /\r\nsorry\r\n$/ : /\r\nsorry\r\n0\r\nx-trailer: 1\r\n\r\n$/);
  }
});

test("the trailers of what is dropped do not follow the other answer", async (t) => {
  const url = await serve(
    t,
    async ({ response, finish }) => {
      response.setHeader("trailer", "x-trailer");
      response.addTrailers({ "x-trailer": "SECRET" });
      response.write("a");
      finish(down);
      await tick();
      response.addTrailers({ "x-trailer": "SECRET" });
    },
    {
      async fail(response) {
        await tick();
        response.statusCode = 503;
        response.write("sor");
        response.end("ry");
      },
    },
  );
  const text = await sendRaw(t, url, "GET /");
  assert.match(text, /^HTTP\/1\.1 503 /);
  assert.match(text, /0\r\n\r\n$/);
  assert.doesNotMatch(text, /trailer/i);
});

/** Calls back where nobody knows any more who asked, as clients do that keep a queue of their own. */
function newQueue() {
  const asked = Promise.withResolvers<() => void>();
  void asked.promise.then(async (call) => {
    await tick();
    call();
  });
  return { ask: asked.resolve };
}

for (const [when, head, expected] of [
  ["before it began", false, "503 "],
  ["in its midst", true, "TypeError"],
] as const) {
  test(`an answer that loses its context ${when} is ended without what cannot be told from the application's`, async (t) => {
    const { ask } = newQueue();
    const url = await serve(
      t,
      ({ response, finish }) => {
        response.end("SECRET");
        finish(down);
      },
      {
        fail(response) {
          response.statusCode = 503;
          if (head) response.write("sor");
          ask(() => {
            response.statusCode = 200;
            response.end("sorry");
          });
        },
      },
    );
    const told = await get(url)
      .then(async (answer) => `${answer.status} ${await answer.text()}`)
      .catch((error: Error) => error.name);
    assert.equal(told, expected);
  });
}
