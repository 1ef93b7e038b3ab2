import { once } from "node:events";
import type { Server } from "node:http";
import { connect as connectHttp2, type Http2Server } from "node:http2";
import { type AddressInfo, connect } from "node:net";
import type { TestContext } from "node:test";
import { SessionError, type SessionStore } from "keepsake";
import { slow } from "./express-kit.test.ts";

// Shared by tests of adapters for frameworks on Node's own responses; it has none of its own.

/** Listens on loopback until the test ends. @returns The URL. */
export async function listenOn(t: TestContext, server: Server | Http2Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    if ("closeAllConnections" in server) server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Sends requests in one go over one connection, the last of which closes it. @returns What came back. */
export async function sendRaw(t: TestContext, url: string, ...requests: string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  const last = requests.length - 1;
  const text = requests.map(
    (line, at) =>
      `${line} HTTP/1.1\r\nHost: localhost\r\n${at === last ? "Connection: close\r\n" : ""}\r\n`,
  );
  socket.write(text.join(""));
  return (await socket.setEncoding("latin1").toArray()).join("");
}

export interface Http2Answer {
  readonly status: number;
  readonly cookies: readonly string[];
  readonly body: string;
}

export async function getByHttp2(
  t: TestContext,
  url: string,
  path: string,
  sent: Readonly<Record<string, string>> = {},
): Promise<Http2Answer> {
  const client = connectHttp2(url);
  t.after(() => client.destroy());
  const stream = client.request({ ...sent, ":path": path });
  const [headers] = await once(stream, "response");
  const body = (await stream.setEncoding("utf8").toArray()).join("");
  // A server that closes waits for its clients, and Node 22 for more than a minute.
  client.destroy();
  return { status: Number(headers[":status"]), cookies: headers["set-cookie"] ?? [], body };
}

/** The names of the cookies that a response sets. */
export const cookieNames = (response: Response): string[] =>
  response.headers.getSetCookie().map((line) => line.split("=")[0] ?? "");

/** What a response sets, as a client sends it back. */
export const cookiesOf = (response: Response): string =>
  response.headers
    .getSetCookie()
    .map((line) => line.split(";")[0])
    .join("; ");

/** A store whose saves fail, later. */
export const failing = (error: unknown): SessionStore => {
  const store = slow();
  return { load: (request) => store.load(request), save: () => Promise.reject(error) };
};

/** What a store throws that wants to be asked again, after it has ended a session. */
export function busy(): SessionError {
  const error = new SessionError("ERR_SESSION_STORE", "down for a moment");
  error.headers = { "retry-after": "2", "set-cookie": ["__Host-session=; Max-Age=0"] };
  return error;
}
