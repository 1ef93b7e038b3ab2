import type { ServerResponse } from "node:http";

type Listener = (...args: unknown[]) => void;

/**
 * Those who wait for `drain`, because a write that is held back has told them to, on a response whose `on` somebody has
 * replaced: compression keeps the event to itself until its own stream has begun, and with it whoever listens.
 */
export class Drains {
  readonly #response: ServerResponse;
  /** Those whom the event does not reach. */
  readonly #unreached: Listener[] = [];
  #isOver = false;

  constructor(response: ServerResponse) {
    this.#response = response;
    const { on } = response;
    response.on = ((event: string, listener: Listener): ServerResponse => {
      on.call(response, event, listener);
      if (event === "drain" && !this.#isOver && !response.rawListeners(event).includes(listener)) {
        this.#unreached.push(listener);
      }
      return response;
    }) as ServerResponse["on"];
  }

  /** From here on the event is Node's own. */
  end(): void {
    this.#isOver = true;
  }

  /** Has those go on whom the event does not reach. */
  call(): void {
    for (const listener of this.#unreached) Reflect.apply(listener, this.#response, []);
  }
}
