import type { IncomingMessage, ServerResponse } from "node:http";
import {
  addRefusal,
  type IncomingRequest,
  REFUSAL_TYPE,
  type Refusal,
} from "../anti-forgery/guard.ts";
import { SAFE_METHODS } from "../anti-forgery/verdict.ts";
import { ownOrigins } from "../core/origins.ts";
import { pathOf } from "./_anti-forgery.ts";
import {
  hostOf,
  isEncrypted,
  type NodeRequest,
  nodeRequest,
  nodeResponse,
  type ReadRequest,
} from "./_node.ts";

/** A request of Node's as it is judged. */
export class IncomingNode implements IncomingRequest {
  readonly method: string;
  readonly path: string;
  readonly request: ReadRequest;
  readonly #incoming: NodeRequest;

  /** @param url As it was sent. */
  constructor(incoming: NodeRequest, url: string = incoming.originalUrl ?? incoming.url ?? "/") {
    this.request = nodeRequest(incoming);
    this.method = wireMethod(incoming, this.request.method);
    this.path = pathOf(url);
    this.#incoming = incoming;
  }

  get ownOrigins(): readonly string[] {
    const proto = this.request.headers.get("x-forwarded-proto");
    return ownOrigins(hostOf(this.#incoming), isEncrypted(this.#incoming), proto);
  }
}

/** What a body parser leaves. */
export function bodyOf(request: object): unknown {
  return Reflect.get(request, "body");
}

/**
 * The method on the wire. Middleware that lets a form say which method it means puts that in its place, and may come
 * before this one: so an unsafe method counts wherever it is still to be seen.
 */
function wireMethod(request: NodeRequest, whenLoaded: string): string {
  const { method = "GET", originalMethod, headers } = request;
  const seen = [headers[":method"], originalMethod, whenLoaded, method];
  return (
    seen.find((each): each is string => isText(each) && !SAFE_METHODS.includes(each)) ?? method
  );
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** How an application answers a request that is refused. */
type OnRefused = (request: IncomingMessage, response: ServerResponse, refusal: Refusal) => unknown;

/** The whole answer to a request that is refused; or its head, for an application that writes the rest. */
export function refuseNode(
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
  onRefused: OnRefused | undefined,
): unknown {
  response.statusCode = refusal.status;
  addRefusal(nodeResponse(response), refusal);
  if (onRefused !== undefined) return onRefused(request, response, refusal);
  response.setHeader("content-type", REFUSAL_TYPE);
  response.end(refusal.text);
  return undefined;
}
