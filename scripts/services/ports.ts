import { once } from "node:events";
import { createServer } from "node:net";

// Below the range that systems take the ports of outgoing connections from: one that is free stays free for a restart.
const FIRST = 20_000;
const COUNT = 12_000;

const taken = new Set<number>();

/** A TCP port of 127.0.0.1 that nothing listens on, and that this process has not been given before. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (taken.has(port)) continue;
    taken.add(port);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
