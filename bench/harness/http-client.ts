import { connect, type Socket } from "node:net";

const END_OF_HEAD = Buffer.from("\r\n\r\n");
const LENGTH = /\r\ncontent-length: (\d+)/i;

/** A connection that is kept, and has one request under way at a time. It reads no more of an answer than it must. */
export class Connection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #settle: ((error?: Error) => void) | undefined;

  constructor(port: number) {
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.on("data", (chunk: Buffer) => this.#take(chunk));
    this.#socket.on("error", (error) => this.#done(error));
    this.#socket.on("close", () => this.#done(new Error("The server has closed a connection.")));
  }

  /** Sends a request as it stands, and waits for the end of an answer that is 200. */
  send(request: string | Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = (error) => (error === undefined ? resolve() : reject(error));
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    const received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    this.#received = received;
    const end = received.indexOf(END_OF_HEAD);
    if (end === -1) return;
    const head = received.toString("latin1", 0, end);
    const [, length] = LENGTH.exec(head) ?? [];
    if (length === undefined) {
      this.#done(new Error(`An answer without a length:\n${head}`));
      return;
    }
    if (received.length < end + END_OF_HEAD.length + Number(length)) return;
    this.#received = Buffer.alloc(0);
    const isGood = head.startsWith("HTTP/1.1 200");
    this.#done(isGood ? undefined : new Error(`An answer that is not 200:\n${head}`));
  }

  #done(error?: Error): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(error);
  }
}
