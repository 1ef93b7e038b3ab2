import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** Stands before a server, and counts what its clients ask of it, as it goes by on the wire. */
export interface CountingProxy {
  readonly url: string;
  /** How many commands there were so far. */
  readonly count: () => number;
  close(): void;
}

/** Reads what one client sends, piece by piece, and gives how many commands began with each piece. */
type Counter = (chunk: Buffer) => number;

/** @param url `redis://…` or `postgres://…`. */
export async function startCountingProxy(url: string): Promise<CountingProxy> {
  const target = new URL(url);
  const makeCounter = target.protocol.startsWith("postgres") ? countStatements : countCommands;
  const defaultPort = target.protocol.startsWith("postgres") ? 5432 : 6379;
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({
      host: target.hostname,
      port: Number(target.port || defaultPort),
      noDelay: true,
    });
    const counter = makeCounter();
    client.on("data", (chunk: Buffer) => {
      count += counter(chunk);
      upstream.write(chunk);
    });
    upstream.on("data", (chunk: Buffer) => client.write(chunk));
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const proxied = new URL(url);
  proxied.host = `127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  return {
    url: proxied.href,
    count: () => count,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Of PostgreSQL: executions of prepared statements, and simple queries. */
function countStatements(): Counter {
  let rest: Buffer = Buffer.alloc(0);
  // The first message has no type.
  let isFirst = true;
  return (chunk) => {
    let bytes: Buffer = Buffer.concat([rest, chunk]);
    let count = 0;
    for (;;) {
      const head = isFirst ? 0 : 1;
      if (bytes.length < head + 4) break;
      const end = head + bytes.readUInt32BE(head);
      if (bytes.length < end) break;
      const type = String.fromCharCode(bytes[0] ?? 0);
      if (!isFirst && (type === "E" || type === "Q")) count += 1;
      isFirst = false;
      bytes = bytes.subarray(end);
    }
    rest = bytes;
    return count;
  };
}

/** Of Valkey: arrays of texts. Those that a script runs are no commands of the client's. */
function countCommands(): Counter {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    let count = 0;
    for (let end = endOfCommand(rest); end !== undefined; end = endOfCommand(rest)) {
      count += 1;
      rest = rest.subarray(end);
    }
    return count;
  };
}

function endOfCommand(bytes: Buffer): number | undefined {
  let at = 0;
  const readLine = (): number | undefined => {
    const end = bytes.indexOf("\r\n", at);
    if (end === -1) return undefined;
    const number = Number(bytes.toString("latin1", at + 1, end));
    at = end + 2;
    return number;
  };
  const parts = readLine();
  if (parts === undefined) return undefined;
  for (let part = 0; part < parts; part += 1) {
    const length = readLine();
    if (length === undefined || bytes.length < at + length + 2) return undefined;
    at += length + 2;
  }
  return at;
}
