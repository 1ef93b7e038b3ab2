import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "../scripts/services/ports.ts";
import { TIME_LIMIT } from "./failing-client.ts";

/**
 * How a proxy fails:
 *
 * - `refuses`: nobody listens any more, and what was connected is closed.
 * - `is silent`: it accepts, takes whatever it is told and never answers. Such a connection stays dead, as one whose
 *   other end has gone without a word.
 * - `is slow`: whatever it is told reaches the server later.
 * - `cuts answers off`: the server is told everything, and in the middle of its first answer the connection ends.
 * - `cuts one answer off`: it does so once, and from then on all is well.
 * - `garbles answers`: whatever it is told, it answers in another protocol.
 * - `answers OK`: whatever it is told, it answers what is well-formed for Valkey, and no answer to the question.
 */
export const PROXY_FAILURES = [
  "refuses",
  "is silent",
  "is slow",
  "cuts answers off",
  "cuts one answer off",
  "garbles answers",
  "answers OK",
] as const;

export type ProxyFailure = (typeof PROXY_FAILURES)[number];
/** What goes on until it is healed. */
export type LastingFailure = Exclude<ProxyFailure, "cuts one answer off">;

/**
 * Not random bytes: among those are some, such as `*9999999999`, that the parser of `iovalkey` and `ioredis` throws on
 * where nobody can catch it.
 */
const GARBAGE = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";

/** Milliseconds: longer than clients and stores wait. */
export const SLOWNESS: number = 1700 * TIME_LIMIT;

/** Stands between a client and a server of its choice, on a port of its own. */
export class FailingProxy {
  /** That of the server, with the port of the proxy. */
  readonly url: string;
  readonly #port: number;
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  readonly #links = new Set<Link>();
  #server: Server | undefined;
  #failure: ProxyFailure | undefined;
  #isClosed = false;

  private constructor(target: URL, port: number) {
    this.#target = target;
    this.#port = port;
    const url = new URL(target);
    url.hostname = "127.0.0.1";
    url.port = String(port);
    this.url = url.href;
  }

  /** @param target The server's URL. */
  static async before(target: string): Promise<FailingProxy> {
    const proxy = new FailingProxy(new URL(target), await freePort());
    await proxy.heal();
    return proxy;
  }

  /** From this moment on it fails, also what is under way. */
  fail(failure: ProxyFailure): void {
    this.#failure = failure;
    if (failure === "refuses") this.#end();
  }

  /**
   * From here on it passes everything on. A connection that was dead is not revived by that. What was slow has arrived
   * when this is done.
   */
  async heal(): Promise<void> {
    this.#failure = undefined;
    await Promise.all([...this.#links].map((link) => link.held));
    if (this.#server !== undefined || this.#isClosed) return;
    this.#server = createServer((client) => this.#accept(client));
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  close(): void {
    this.#isClosed = true;
    this.#end();
  }

  #end(): void {
    this.#server?.close();
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(client: Socket): void {
    const { port, hostname, protocol } = this.#target;
    const usual = protocol.startsWith("postgres") ? 5432 : 6379;
    const server = connect(Number(port || usual), hostname);
    const link = new Link(client, server);
    this.#links.add(link);
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.setNoDelay();
      // How a connection ends is of no interest: the other one ends with it.
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        link.end(socket);
        void link.held.then(() => this.#links.delete(link));
      });
    }
    client.on("data", (bytes: Buffer) => link.ask(bytes, this.#failure));
    server.on("data", (bytes: Buffer) => {
      link.answer(bytes, this.#failure);
      if (this.#failure === "cuts one answer off") this.#failure = undefined;
    });
  }
}

/** One connection through the proxy. */
class Link {
  readonly #client: Socket;
  readonly #server: Socket;
  #isDead = false;
  /** Done when everything that was held back has been passed on. */
  held: Promise<void> = Promise.resolve();
  #isHolding = false;

  constructor(client: Socket, server: Socket) {
    this.#client = client;
    this.#server = server;
  }

  ask(bytes: Buffer, failure: ProxyFailure | undefined): void {
    this.#isDead ||= failure === "is silent";
    if (this.#isDead) return;
    if (failure === "garbles answers") this.#client.write(GARBAGE);
    else if (failure === "answers OK") this.#client.write("+OK\r\n".repeat(commandsIn(bytes)));
    else if (failure === "is slow" || this.#isHolding) this.#hold(bytes);
    else this.#server.write(bytes);
  }

  #hold(bytes: Buffer): void {
    const due = performance.now() + SLOWNESS;
    this.#isHolding = true;
    const held = this.held.then(async () => {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
      if (!this.#server.destroyed) this.#server.write(bytes);
    });
    this.held = held;
    void held.then(() => {
      this.#isHolding = this.held !== held;
    });
  }

  answer(bytes: Buffer, failure: ProxyFailure | undefined): void {
    if (this.#isDead || this.#client.destroyed) return;
    if (failure !== "cuts answers off" && failure !== "cuts one answer off") {
      this.#client.write(bytes);
      return;
    }
    // Too little for any answer, however many are in it.
    this.#client.end(bytes.subarray(0, 3));
    this.#server.destroy();
  }

  /** What was sent before one end went away is still on its way to the other. */
  end(socket: Socket): void {
    if (socket === this.#server) this.#client.destroy();
    else void this.held.then(() => this.#server.end());
  }
}

/** How many commands of Valkey begin in these bytes. */
function commandsIn(bytes: Buffer): number {
  return bytes.toString("latin1").match(/\*\d+\r\n\$/g)?.length ?? 1;
}
