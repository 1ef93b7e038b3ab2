import { type AddressInfo, connect, createServer, type Socket } from "node:net";

// Shared by tests of the PostgreSQL repository; it has none of its own.

/** The messages after which a client waits for the server: Sync, Flush, and a simple Query. */
const AWAITED = new Set(["S", "H", "Q"]);

/** Stands between clients and the server, and counts how often they wait for an answer. */
export class Wire {
  waits = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((client) => this.#serve(client));
  #upstream: URL | undefined;

  /** @returns The address to connect to instead. */
  async listen(databaseUrl: string): Promise<string> {
    this.#upstream = new URL(databaseUrl);
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const url = new URL(databaseUrl);
    url.hostname = "127.0.0.1";
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(client: Socket): void {
    const { hostname = "127.0.0.1", port } = this.#upstream ?? {};
    const server = connect(Number(port || 5432), hostname);
    const count = counter(() => {
      this.waits += 1;
    });
    client.on("data", count);
    client.pipe(server).pipe(client);
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
    }
  }
}

/** Reads the messages of a client. The first has no type, every other a letter and the length of the rest. */
function counter(onAwaited: () => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  let head = 0;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= head + 4) {
      const end = head + rest.readUInt32BE(head);
      if (rest.length < end) return;
      if (head === 1 && AWAITED.has(rest.toString("latin1", 0, 1))) onAwaited();
      rest = rest.subarray(end);
      head = 1;
    }
  };
}
