import type { SessionRequest } from "./exchange.ts";
import type { Line } from "./lines.ts";

// Where an application has two kinds of session, one may have ended and been saved before the other cannot be saved. Then
// the answer is dropped, and what takes the token of the first away with it: so the error is given it to carry.

/** Where a request keeps what the ends of its sessions have put on its answer. */
const ENDED: unique symbol = Symbol("keepsake.ended");

interface EndedRequest extends SessionRequest {
  [ENDED]?: readonly Line[];
}

/** Keeps it in mind, but for a request that takes no properties, as a frozen one. */
export function keepEnd(request: SessionRequest, lines: readonly Line[]): void {
  const value = [...endsOf(request), ...lines];
  Reflect.defineProperty(request, ENDED, { configurable: true, value });
}

export function endsOf(request: EndedRequest): readonly Line[] {
  return request[ENDED] ?? [];
}
