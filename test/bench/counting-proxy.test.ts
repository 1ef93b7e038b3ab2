import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { startCountingProxy } from "../../bench/harness/counting-proxy.ts";

/** A server that gives back what it is sent: what has come back has been counted. */
const echo = createServer((socket) => socket.pipe(socket));

before(async () => {
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
});
after(() => echo.close());

/** Sends pieces through a proxy, one after the other, and gives the count after each. */
async function counts(protocol: string, pieces: readonly Buffer[]): Promise<number[]> {
  const address = echo.address();
  assert.ok(typeof address === "object" && address !== null);
  const proxy = await startCountingProxy(`${protocol}://127.0.0.1:${address.port}`);
  const client = connect({ port: Number(new URL(proxy.url).port), host: "127.0.0.1" });
  try {
    const found: number[] = [];
    for (const piece of pieces) {
      client.write(piece);
      await received(client, piece.length);
      found.push(proxy.count());
    }
    return found;
  } finally {
    client.destroy();
    proxy.close();
  }
}

async function received(client: Socket, length: number): Promise<void> {
  for (let left = length; left > 0; ) {
    const [chunk] = await once(client, "data");
    left -= chunk.length;
  }
}

function command(...words: readonly string[]): Buffer {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return Buffer.from(`*${words.length}\r\n${parts.join("")}`);
}

/** A message of PostgreSQL's; the first one has no type. */
function message(type: string, body: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(4 + Buffer.byteLength(body));
  return Buffer.concat([Buffer.from(type), length, Buffer.from(body)]);
}

/** One piece for each byte. */
function bytesOf(whole: Buffer): Buffer[] {
  return Array.from(whole, (byte) => Buffer.from([byte]));
}

describe("the proxy that counts commands of Valkey", () => {
  test("counts each, however many come at once", async () => {
    const get = command("GET", "session:a");
    assert.deepEqual(await counts("redis", [get, Buffer.concat([get, get, get])]), [1, 4]);
  });

  test("counts one that comes byte by byte when it is whole", async () => {
    const bytes = bytesOf(command("SET", "é", "a\r\n*1\r\n$4\r\nPING\r\n"));
    const found = await counts("redis", bytes);
    assert.deepEqual([found.at(-2), found.at(-1)], [0, 1]);
  });
});

describe("the proxy that counts statements of PostgreSQL", () => {
  const startup = message("", "user\0bench\0\0");
  const prepared = Buffer.concat([
    message("P", "floor\0SELECT 1\0\0\0"),
    message("B", "\0floor\0QE"),
    message("E", "\0\0\0\0\0"),
    message("S", ""),
  ]);

  test("counts what is executed and what is asked simply, and nothing else", async () => {
    const pieces = [startup, prepared, message("Q", "BEGIN\0"), message("S", "")];
    assert.deepEqual(await counts("postgres", pieces), [0, 1, 2, 2]);
  });

  test("counts one that comes byte by byte once", async () => {
    const found = await counts("postgres", bytesOf(Buffer.concat([startup, prepared, prepared])));
    assert.equal(found.at(-1), 2);
  });
});
