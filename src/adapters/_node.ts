import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { SessionRequest, SessionResponse } from "../core/exchange.ts";

/** What a request of HTTP/1.1 and one of HTTP/2's compatibility API have in common. */
export interface NodeRequest {
  readonly headers: IncomingHttpHeaders;
  readonly socket: object;
  readonly url?: string | undefined;
  readonly originalUrl?: string;
}

const known = new WeakMap<NodeRequest, SessionRequest>();

/** A Node request as the core reads it: for one request always the same object. */
export function nodeRequest(request: NodeRequest): SessionRequest {
  const before = known.get(request);
  if (before !== undefined) return before;
  const read: SessionRequest & { readonly url: string } = {
    headers: {
      get(name) {
        const value = request.headers[name.toLowerCase()];
        return Array.isArray(value) ? value.join(", ") : (value ?? null);
      },
    },
    get url(): string {
      const scheme = isEncrypted(request) ? "https" : "http";
      const path = request.originalUrl ?? request.url ?? "/";
      return `${scheme}://${hostOf(request) ?? "localhost"}${path}`;
    },
  };
  known.set(request, read);
  return read;
}

export function isEncrypted({ socket }: NodeRequest): boolean {
  return "encrypted" in socket && socket.encrypted === true;
}

/** HTTP/2 has a pseudo-header instead. */
export function hostOf({ headers }: NodeRequest): string | undefined {
  const host = headers.host ?? headers[":authority"];
  return typeof host === "string" ? host : undefined;
}

/** A Node response as the core changes it. */
export function nodeResponse(response: ServerResponse): SessionResponse {
  const values = (name: string): string[] => {
    const value = response.getHeader(name);
    return value === undefined ? [] : [value].flat().map(String);
  };
  return {
    get status() {
      return response.statusCode;
    },
    headers: {
      get: (name) => values(name).join(", ") || null,
      set: (name, value) => void response.setHeader(name, value),
      append(name, value) {
        const before = values(name);
        const list = name.toLowerCase() === "set-cookie";
        if (before.length === 0 && !list) response.setHeader(name, value);
        else response.setHeader(name, list ? [...before, value] : [...before, value].join(", "));
      },
      delete: (name) => response.removeHeader(name),
      getSetCookie: () => values("set-cookie"),
    },
  };
}
