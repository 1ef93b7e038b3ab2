import type { ServerResponse } from "node:http";
import { isHttp2 } from "./_node.ts";

/**
 * What Node keeps of a response as plain properties. To put accessors in their place would make every later use of the
 * response slow, so they are set, and set back.
 */
export class PlainState {
  readonly #response: ServerResponse;
  readonly status: number;
  readonly #message: string;
  readonly #hasFinished: boolean;

  constructor(response: ServerResponse) {
    this.#response = response;
    this.status = response.statusCode;
    // HTTP/2 has no such words, and warns.
    this.#message = isHttp2(response) ? "" : response.statusMessage;
    const finished = Object.getOwnPropertyDescriptor(response, "finished");
    this.#hasFinished = finished !== undefined && finished.get === undefined;
  }

  /** The application has ended its answer. */
  end(): void {
    if (this.#hasFinished) Reflect.set(this.#response, "finished", true);
  }

  /** From here on they are Node's own. What the application assigned meanwhile counts for nothing. */
  restore(): void {
    const response = this.#response;
    if (this.#hasFinished) Reflect.set(response, "finished", false);
    if (response.statusCode !== this.status) response.statusCode = this.status;
    if (!isHttp2(response) && response.statusMessage !== this.#message) {
      response.statusMessage = this.#message;
    }
  }
}
