import type { ServerResponse } from "node:http";
import {
  addRefusal,
  type IncomingRequest,
  REFUSAL_TYPE,
  type Refusal,
} from "../anti-forgery/guard.ts";
import { ownOrigins } from "../core/origins.ts";
import { pathOf } from "./_anti-forgery.ts";
import { hostOf, isEncrypted, type NodeRequest, nodeRequest, nodeResponse } from "./_node.ts";

const SAFE = ["GET", "HEAD", "OPTIONS", "QUERY"];

/** A request of Node's as it is judged. */
export function incomingNode(request: NodeRequest): IncomingRequest {
  const read = nodeRequest(request);
  return {
    method: wireMethod(request, read.method),
    path: pathOf(request.originalUrl ?? request.url ?? "/"),
    request: read,
    ownOrigins: () =>
      ownOrigins(hostOf(request), isEncrypted(request), read.headers.get("x-forwarded-proto")),
  };
}

/**
 * The method on the wire. Middleware that lets a form say which method it means puts that in its place, and may come
 * before this one: so an unsafe method counts wherever it is still to be seen.
 */
function wireMethod(request: NodeRequest, whenLoaded: string): string {
  const { method = "GET", originalMethod, headers } = request;
  const seen = [headers[":method"], originalMethod, whenLoaded, method];
  return seen.find((each): each is string => isText(each) && !SAFE.includes(each)) ?? method;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** The whole answer to a request that is refused; or its head, for an application that writes the rest. */
export function refuseNode(
  response: ServerResponse,
  refusal: Refusal,
  onRefused: (() => unknown) | undefined,
): unknown {
  response.statusCode = refusal.status;
  addRefusal(nodeResponse(response), refusal);
  if (onRefused !== undefined) return onRefused();
  response.setHeader("content-type", REFUSAL_TYPE);
  response.end(refusal.text);
  return undefined;
}
