import { connect, type Socket } from "node:net";
import { connect as connectSecurely } from "node:tls";

/** What Valkey and Redis answer with, in RESP 2. */
export type Reply = string | number | null | readonly Reply[];

const PATIENCE = 2000;

/**
 * Sends one command over a connection of its own, and gives the reply. An error that the server answers with, no server
 * and no answer within two seconds are exceptions.
 *
 * @param url `redis://[user][:password@]host[:port]`, or `rediss:` for TLS.
 */
export async function ask(url: string, ...command: readonly string[]): Promise<Reply> {
  const { protocol, hostname, port, username, password } = new URL(url);
  const commands = [command];
  if (password !== "") {
    const user = username === "" ? [] : [decodeURIComponent(username)];
    commands.unshift(["AUTH", ...user, decodeURIComponent(password)]);
  }
  const target = { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 6379) };
  const socket = protocol === "rediss:" ? connectSecurely(target) : connect(target);
  try {
    const replies = await exchange(socket, commands);
    return replies.at(-1) ?? null;
  } finally {
    socket.destroy();
  }
}

/** What `INFO` answers with: its fields by name. */
export async function info(url: string): Promise<ReadonlyMap<string, string>> {
  const text = String(await ask(url, "INFO"));
  const fields = text.matchAll(/^(\w+):(.*?)\r?$/gm);
  return new Map(Array.from(fields, ([, name = "", value = ""]) => [name, value]));
}

/** The items of a reply that is a list; none of any other. */
export function listOf(reply: Reply | undefined): readonly Reply[] {
  return Array.isArray(reply) ? reply : [];
}

function exchange(socket: Socket, commands: readonly (readonly string[])[]): Promise<Reply[]> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    socket.setTimeout(PATIENCE, () => reject(new Error(`no answer within ${PATIENCE} ms`)));
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the connection was closed")));
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      try {
        const replies = parseAll(received, commands.length);
        if (replies !== undefined) resolve(replies);
      } catch (error) {
        reject(error);
      }
    });
    socket.write(commands.map(encode).join(""));
  });
}

function encode(command: readonly string[]): string {
  const parts = command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
  return `*${command.length}\r\n${parts.join("")}`;
}

interface Parsed {
  readonly reply: Reply;
  readonly end: number;
}

/** As many replies as asked for, or undefined as long as some are missing. */
function parseAll(bytes: Buffer, count: number): Reply[] | undefined {
  return parseSome(bytes, 0, count)?.replies;
}

function parseSome(bytes: Buffer, start: number, count: number) {
  const replies: Reply[] = [];
  let end = start;
  while (replies.length < count) {
    const parsed = parse(bytes, end);
    if (parsed === undefined) return undefined;
    replies.push(parsed.reply);
    end = parsed.end;
  }
  return { replies, end };
}

function parse(bytes: Buffer, start: number): Parsed | undefined {
  const lineEnd = bytes.indexOf("\r\n", start);
  if (lineEnd === -1) return undefined;
  const line = bytes.toString("utf8", start + 1, lineEnd);
  const end = lineEnd + 2;
  switch (bytes.toString("latin1", start, start + 1)) {
    case "+":
      return { reply: line, end };
    case ":":
      return { reply: Number(line), end };
    case "-":
      throw new Error(line);
    case "$": {
      const length = Number(line);
      if (length === -1) return { reply: null, end };
      if (bytes.length < end + length + 2) return undefined;
      return { reply: bytes.toString("utf8", end, end + length), end: end + length + 2 };
    }
    case "*": {
      const length = Number(line);
      if (length === -1) return { reply: null, end };
      const items = parseSome(bytes, end, length);
      return items && { reply: items.replies, end: items.end };
    }
    default:
      throw new Error("this is no Valkey or Redis");
  }
}
