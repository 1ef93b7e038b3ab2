import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import type { TestContext } from "node:test";
import type { SessionEvent, SessionStore } from "keepsake";
import {
  type NodeOptions,
  sessions,
  type UpgradeHandler,
  type UpgradeOptions,
  type WithSession,
} from "keepsake/adapters/node";
import { get } from "./express-kit.test.ts";
import { cookiesOf, listenOn } from "./node-kit.test.ts";

// Shared by tests of upgrades; it has none of its own.

/** Accepts, says whose session it is, and keeps the socket open. */
export const welcome: UpgradeHandler = (request, socket) => {
  socket.write(`${ACCEPTED}\r\nuser: ${request.session.subject ?? "nobody"}\n`);
  // Whoever does not read does not notice that the client has gone.
  socket.on("end", () => socket.end()).resume();
};

export const ACCEPTED: string =
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n";

/** Ordinary requests that change the session. */
function change(request: IncomingMessage & WithSession, response: ServerResponse): void {
  const { session } = request;
  if (request.url?.startsWith("/login")) session.login(request.url.split("/")[2] ?? "ada");
  else if (request.url === "/logout") session.logout();
  else if (request.url === "/regenerate") session.regenerate();
  else if (request.url === "/set") session.set("a", 1);
  response.end(session.subject ?? "nobody");
}

export class UpgradeServer {
  readonly events: SessionEvent[] = [];
  /** The requests that the handler was given. */
  readonly accepted: Parameters<UpgradeHandler>[0][] = [];
  /** What `onError` was told. */
  readonly errors: unknown[] = [];
  readonly #t: TestContext;
  readonly #due: (() => void)[] = [];
  url = "";

  private constructor(t: TestContext) {
    this.#t = t;
  }

  static async start(
    t: TestContext,
    store: SessionStore,
    { handler = welcome, ...options }: UpgradeOptions & { readonly handler?: UpgradeHandler } = {},
    adapterOptions: NodeOptions<"session"> = {},
  ): Promise<UpgradeServer> {
    const started = new UpgradeServer(t);
    const withSession = sessions(store, {
      onEvent: (event) => started.events.push(event),
      ...adapterOptions,
    });
    const server = createServer(withSession(change));
    const remember: UpgradeHandler = (request, socket, head) => {
      started.accepted.push(request);
      return handler(request, socket, head);
    };
    server.on(
      "upgrade",
      withSession.upgrade(remember, {
        schedule: (check) => started.#due.push(check),
        onError: (error) => started.errors.push(error),
        ...options,
      }),
    );
    started.url = await listenOn(t, server);
    return started;
  }

  /** The cookies after a visit. */
  async visit(path: string, cookie = ""): Promise<string> {
    const response = await get(this.url + path, { cookie });
    assert.equal(response.status, 200);
    return cookiesOf(response);
  }

  /** Asks for an upgrade. */
  open(headers: Readonly<Record<string, string>> = {}): Client {
    const { hostname, port, host } = new URL(this.url);
    const socket = connect(Number(port), hostname);
    this.#t.after(() => socket.destroy());
    const fields = { host, connection: "Upgrade", upgrade: "test", ...headers };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`GET /socket HTTP/1.1\r\n${lines.join("")}\r\n`);
    return new Client(socket);
  }

  /** Opens a socket that is accepted. */
  async accept(headers: Readonly<Record<string, string>> = {}): Promise<Accepted> {
    const client = this.open(headers);
    const answer = await client.first();
    assert.match(answer, /^HTTP\/1\.1 101 /);
    const request = this.accepted.at(-1);
    assert.ok(request);
    return { client, request, signal: request.sessionEnded };
  }

  /** How many checks are waiting for their time. */
  get due(): number {
    return this.#due.length;
  }

  /** Lets the time come for a check, and waits until everything that is in memory has answered. */
  async check(): Promise<void> {
    assert.equal(this.#due.length, 1, "there must be one timer");
    this.#due.shift()?.();
    await turn();
  }
}

export interface Accepted {
  readonly client: Client;
  readonly request: Parameters<UpgradeHandler>[0];
  readonly signal: AbortSignal;
}

export class Client {
  readonly socket: Socket;
  #text = "";

  constructor(socket: Socket) {
    this.socket = socket.setEncoding("latin1");
    socket.on("data", (chunk) => {
      this.#text += chunk;
    });
    // A server that destroys a socket may reset it.
    socket.on("error", () => undefined);
  }

  /** What the server has sent first. */
  async first(): Promise<string> {
    if (this.#text === "") await once(this.socket, "data");
    return this.#text;
  }

  /** All that the server sends until it closes. */
  async all(): Promise<string> {
    if (!this.socket.closed) await once(this.socket, "close");
    return this.#text;
  }
}

/** Lets everything happen that waits for nothing but its turn. */
export async function turn(): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
